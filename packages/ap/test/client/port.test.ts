import { ManualClock, TrackedMemory } from '@vfio-ts/conformance/fakes';
import type { SharedMemory } from '@vfio-ts/core';
import { expect, test } from 'vitest';
import { GuestMemory } from '../../src/client/guest-memory.ts';
import { dqap, nqap, qci, rapq, type Instruction } from '../../src/client/instructions.ts';
import { PortInstructions } from '../../src/client/port.ts';
import { apConfigInfo, ApMask, type ApQueueHardware } from '../../src/index.ts';
import { ApPort } from '../../src/port/port.ts';
import { queueOf } from '../soft/support/cards.ts';
import { turn } from '../soft/support/runners.ts';

const IOVA = 0x10_0000;

/** A port whose guest memory takes time to reach, and a client's side of it. */
class Stand {
  readonly clock: ManualClock = new ManualClock();
  readonly port: ApPort;
  readonly instructions: PortInstructions;
  readonly #queue: ApQueueHardware = queueOf();
  /** Goes on with what waits for guest memory. */
  readonly moves: (() => void)[] = [];

  private constructor(memory: GuestMemory, shared: SharedMemory) {
    const masks = {
      adapters: ApMask.of(0),
      domains: ApMask.of(0),
      controlDomains: ApMask.NONE,
    };
    const config = apConfigInfo({
      adapters: masks.adapters,
      usageDomains: masks.domains,
      controlDomains: masks.controlDomains,
    });
    const later = (move: () => void): Promise<void> =>
      new Promise((resolve) => {
        this.moves.push(() => {
          move();
          resolve();
        });
      });
    const at = (iova: number): Uint8Array => shared.bytes.subarray(iova - IOVA);
    this.port = new ApPort({
      shadow: () => masks,
      queue: () => this.#queue,
      info: () => ({ hwtype: 14, mode: 'accelerator', functions: 0, depth: 8, maxMessagePages: 4 }),
      config: () => config,
      setInterrupt: () => this.#queue.test(),
      dmaRead: (iova, into) => later(() => into.set(at(iova).subarray(0, into.length))),
      dmaWrite: (iova, from) => later(() => at(iova).set(from)),
      signal: () => this.instructions.signalled(),
    });
    const access = {
      read: (_: number, offset: number, into: Uint8Array): number => {
        this.port.read(offset, into);
        return into.length;
      },
      write: (_: number, offset: number, from: Uint8Array): number => {
        this.port.write(offset, from);
        return from.length;
      },
    };
    this.instructions = new PortInstructions(access, memory, this.clock, 1);
  }

  static async create(): Promise<Stand> {
    let shared: SharedMemory | undefined;
    const access = {
      mapDma: (request: { readonly memory: SharedMemory }): void => void (shared = request.memory),
      unmapDma: () => ({ size: 0 }),
    };
    const memory = await GuestMemory.map(access, new TrackedMemory(), IOVA, 16);
    if (shared === undefined) throw new Error('nothing was mapped');
    return new Stand(memory, shared);
  }

  /** Issues instructions, and goes on with each move of memory when everything else has come to rest. */
  async codes(...instructions: readonly Instruction[]): Promise<readonly number[]> {
    const issued = this.instructions.issue(instructions);
    await turn();
    for (let move = this.moves.shift(); move !== undefined; move = this.moves.shift()) {
      move();
      // oxlint-disable-next-line no-await-in-loop -- one move leads to the next
      await turn();
    }
    return (await issued).map(({ status }) => status.responseCode);
  }
}

test('instructions that take time are waited for, until a signal says that they have ended', async () => {
  const stand = await Stand.create();
  const request = new Uint8Array(8);
  expect(await stand.codes(nqap(0, 1n, request), qci(), nqap(0, 2n, request))).toEqual([0, 0, 0]);
  expect(stand.clock.now()).toBe(0);
  const issued = stand.instructions.issue([dqap(0), dqap(0), dqap(0)]);
  await turn();
  for (const move of stand.moves.splice(0)) move();
  const results = await issued;
  expect(results.map(({ psmid, bytes }) => [psmid, bytes.length])).toEqual([
    [1n, 8],
    [2n, 8],
    [0n, 0],
  ]);
});

test('without a signal the clock says when to look', async () => {
  const stand = await Stand.create();
  const issued = stand.instructions.issue([nqap(0, 1n, new Uint8Array(8))]);
  await turn();
  stand.instructions.signalled = () => undefined;
  for (const move of stand.moves.splice(0)) move();
  await turn();
  expect(stand.clock.pending).toBe(1);
  stand.clock.advance(1);
  const [result] = await issued;
  expect(result?.status.responseCode).toBe(0);
});

test('instructions that a reset of the device has ended say so', async () => {
  const stand = await Stand.create();
  const issued = stand.instructions.issue([nqap(0, 1n, new Uint8Array(8)), rapq(0)]);
  await turn();
  stand.port.reset();
  stand.clock.advance(1);
  expect((await issued).map(({ status }) => status.responseCode)).toEqual([2, 2]);
});
