// A server of any device, and what has to hold whatever its client sends: each command that wants a reply
// gets one in its turn or the session ends, nothing else fails, nothing is kept, and the device works afterwards.

import assert from 'node:assert/strict';
import {
  registerEmulatedIommuDev,
  dmaRwAsync,
  unregisterGroupDev,
  VfioCore,
  VfioError,
  type Ref,
  type VfioDevice,
} from '@vfio-ts/core';
import type { DeviceUnderTest } from '@vfio-ts/conformance';
import { ManualClock, RecordingLogger } from '@vfio-ts/conformance/fakes';
import { servedDevice } from '../../src/serve.ts';
import { VfioUserServer } from '../../src/server.ts';
import type { Transport } from '../../src/transport.ts';
import { turn } from '../native/support.ts';
import { bytesOf, version } from '../wire/support/payloads.ts';
import { Attacker } from './attacker.ts';
import type { Medium } from './medium.ts';
import type { DmaAnswer, MessageSpec, Poke, ServerCase } from './server-case.ts';

/** Turns of Node's loop within which everything has to be answered. */
const TURNS = 2000;
const VERSION: MessageSpec = {
  command: 1,
  body: hex(version(0, 2, '{"capabilities":{"max_msg_fds":8}}')),
};
const RESET: MessageSpec = { command: 13, body: '' };
const STATE: MessageSpec = { command: 16, body: hex(bytesOf(16, 2 | (1 << 16))) };

/** A device that is served, for one case after the other. */
export class ServerTarget<T extends object> implements AsyncDisposable {
  readonly #medium: Medium;
  readonly #under: DeviceUnderTest<T>;
  readonly #core: VfioCore;
  readonly #clock = new ManualClock();
  readonly #logger = new RecordingLogger();
  readonly #ref: Ref<T>;
  readonly #vdev: VfioDevice;
  readonly #server: VfioUserServer;
  readonly #rejections: unknown[] = [];
  readonly #onRejection = (error: unknown): void => void this.#rejections.push(error);
  #accept: (transport: Transport) => void = () => undefined;
  #fresh: Uint8Array | undefined;
  #census: string | undefined;
  #leaks = 0;
  /** Accesses of the device to memory of its client that are not over. */
  #asked = 0;

  /** @param isBusy - the device takes a turn to come to rest */
  constructor(medium: Medium, under: DeviceUnderTest<T>, isBusy: boolean) {
    this.#medium = medium;
    this.#under = under;
    const { memory, host, twin } = medium;
    const clock = this.#clock;
    const core = new VfioCore({ clock, logger: this.#logger, memory }, { iommufd: true });
    this.#core = core;
    const ops = isBusy ? { ...under.ops, quiesce: () => turn() } : under.ops;
    this.#ref = under.create({ core, parent: (name) => core.parent(name) }, ops);
    const vdev = under.vdev(this.#ref.device);
    this.#vdev = vdev;
    if (under.register === undefined) registerEmulatedIommuDev(vdev);
    else under.register(vdev);
    this.#server = new VfioUserServer({
      device: servedDevice(vdev),
      source: {
        start: (accept) => (this.#accept = accept),
        close: () => undefined,
      },
      host,
      clock,
      logger: this.#logger,
      ...(twin && { twin }),
    });
    this.#server.listen();
    process.on('unhandledRejection', this.#onRejection);
  }

  /** Runs a case; resolves to the messages sent. @throws whatever does not hold */
  async run({ version: first = VERSION, steps, answers }: ServerCase): Promise<number> {
    // What is made for the first connection only must not count as kept.
    if (this.#census === undefined) await this.#heal();
    const attacker = this.#attack(answers);
    let sent = attacker.send([first], []);
    await this.#until('a reply to the first message', () => attacker.hasAll);
    for (const step of steps) {
      if (attacker.isClosed) break;
      if ('messages' in step) {
        sent += attacker.send(step.messages, step.cuts);
        // oxlint-disable-next-line no-await-in-loop -- steps follow one another
        await this.#until('replies', () => attacker.hasAll);
      } else {
        this.#poke(step);
      }
    }
    attacker.transport.close();
    await this.#until('the end of the session', () => this.#server.connections === 0);
    await this.#until('the end of its DMA', () => this.#asked === 0);
    await this.#heal();
    return sent + 3;
  }

  #attack(answers?: readonly DmaAnswer[]): Attacker {
    const [near, far] = this.#medium.connect();
    this.#accept(near);
    return new Attacker(far, this.#medium, answers);
  }

  #poke(step: Poke): void {
    const { device } = this.#ref;
    const under = this.#under;
    const { dma } = under;
    try {
      if ('truncate' in step) this.#medium.truncate(step.truncate);
      else if ('ask' in step) this.#ask(step);
      else if ('pin' in step) dma?.pin(device, step.pin, step.pages, 3);
      else if ('trigger' in step) under.triggerIrq?.(device, step.trigger, step.subindex);
      else if (step.dma === 'read') dma?.read(device, step.iova, new Uint8Array(step.length));
      else dma?.write(device, step.iova, new Uint8Array(step.length).fill(0xa5));
    } catch (error) {
      // A driver is refused; it must not be told anything else.
      assert(error instanceof VfioError, String(error));
    }
  }

  #ask({ ask, iova, length }: Extract<Poke, { readonly ask: string }>): void {
    const over = (): number => this.#asked--;
    this.#asked++;
    dmaRwAsync(this.#vdev, iova, new Uint8Array(length), ask === 'write').then(
      over,
      (error: unknown) => {
        over();
        if (!(error instanceof VfioError)) this.#rejections.push(error);
      },
    );
  }

  /** The next client finds the device as good as new, once it has reset it. */
  async #heal(): Promise<void> {
    const client = this.#attack();
    client.send([VERSION, RESET, STATE], []);
    await this.#until('replies to a good client', () => client.hasAll);
    const { reset, migration } = this.#under.supports;
    assert.deepEqual(
      client.replies.map(({ flags }) => flags),
      [1, answer(reset), answer(migration)],
      'the device does not work for the next client',
    );
    this.#checkState();
    const state = client.replies[2]?.payload.slice(16, 24);
    if (migration && reset) assert.equal(state, '02000000', 'state after a reset');
    client.transport.close();
    await this.#until('the end of the session', () => this.#server.connections === 0);
    this.#medium.truncate(0x8000);
    this.#checkKept();
  }

  /** A reset takes the device back to what it was. */
  #checkState(): void {
    if (!this.#under.supports.reset) return;
    const state = this.#under.snapshot?.(this.#ref.device);
    if (state === undefined) return;
    this.#fresh ??= state;
    assert(Buffer.from(state).equals(this.#fresh), 'the device is not as it was');
  }

  #checkKept(): void {
    const leaks = this.#core.leaks();
    const census = this.#medium.census();
    if (this.#census === undefined) {
      this.#census = census;
      this.#leaks = leaks.length;
    }
    assert.equal(leaks.length, this.#leaks, leaks.map(String).join('\n'));
    assert.equal(census, this.#census);
    assert.deepEqual(this.#rejections, []);
    assert.deepEqual(this.#medium.errors, []);
    assert.deepEqual(this.#logger.at('error'), []);
    this.#logger.lines.length = 0;
  }

  async #until(what: string, condition: () => boolean): Promise<void> {
    for (let turns = 0; turns < TURNS; turns++) {
      this.#medium.pump();
      if (condition()) return;
      // A client that does not answer holds nothing up for ever.
      if (turns === TURNS / 2) this.#clock.advance(60_000);
      // oxlint-disable-next-line no-await-in-loop -- a turn is what is waited for
      await turn();
    }
    throw new Error(`no ${what} in ${TURNS} turns`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    process.off('unhandledRejection', this.#onRejection);
    this.#server.close();
    await unregisterGroupDev(this.#vdev);
    this.#ref.put();
    this.#medium[Symbol.dispose]();
    assert.deepEqual(this.#core.leaks(), []);
  }
}

/** Flags of the reply to what a device can or cannot do. */
function answer(isSupported: boolean): number {
  return isSupported ? 1 : 0x21;
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
