// A client of a hostile server, and what has to hold whatever it is answered: each operation settles, fails with an
// error of VFIO if it fails, the end of the connection is told, and nothing is kept.

import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import { VfioError, type MemoryMapping, type SharedMemory } from '@vfio-ts/core';
import { ManualClock, RecordingLogger } from '@vfio-ts/conformance/fakes';
import { VfioUserClient } from '../../src/client.ts';
import type { RegionWrite } from '../../src/messages/write-multi.ts';
import { turn } from '../native/support.ts';
import type { Target } from './campaign.ts';
import type { ClientCase, Operation } from './client-case.ts';
import { HostileServer } from './hostile-server.ts';
import type { Medium } from './medium.ts';

const TURNS = 2000;
/** Turns without an answer after which the client's time is up. */
const PATIENCE = 20;
const TIMEOUT = 5000;
const PAGE = 0x1000;
/** More than a message may carry; a descriptor may be sent many times. */
const SIGNALS = 32;

/** A client that does what it is told, for one case after the other. */
export class ClientTarget implements Target<ClientCase> {
  readonly #medium: Medium;
  readonly #clock = new ManualClock();
  readonly #logger = new RecordingLogger();
  readonly #memory: SharedMemory;
  readonly #rejections: unknown[] = [];
  readonly #onRejection = (error: unknown): void => void this.#rejections.push(error);
  #census: string | undefined;

  constructor(medium: Medium) {
    this.#medium = medium;
    this.#memory = medium.memory.alloc('guest', 4 * PAGE);
    process.on('unhandledRejection', this.#onRejection);
  }

  async run(sample: ClientCase): Promise<number> {
    // What is made for the first connection only must not count as kept.
    if (this.#census === undefined) await this.#use({ operations: [], answers: [] });
    return this.#use(sample);
  }

  async #use({ version = {}, operations, answers }: ClientCase): Promise<number> {
    const [near, far] = this.#medium.connect();
    const server = new HostileServer(near, this.#medium, [version, ...answers]);
    const { takeTwin } = this.#medium;
    const host = this.#medium.clientHost(this.#clock, this.#logger);
    const attaching = VfioUserClient.attach(far, {
      host,
      timeout: TIMEOUT,
      ...(takeTwin && { twinSocket: takeTwin }),
    });
    const client = await this.#settled(attaching, server);
    if (client !== undefined) {
      // oxlint-disable-next-line no-await-in-loop -- operations follow one another
      for (const operation of operations)
        await this.#settled(this.#begin(client, operation), server);
      server.sendLate();
      await client.close();
      await this.#settled(client.over, server);
    }
    server.close();
    for (let turns = 0; turns < 3; turns++) {
      this.#medium.pump();
      // oxlint-disable-next-line no-await-in-loop -- a turn is what is waited for
      await turn();
    }
    this.#checkKept();
    return server.sent;
  }

  async #begin(client: VfioUserClient, { op, a, b }: Operation): Promise<unknown> {
    switch (op) {
      case 'info':
        return client.getInfo();
      case 'region':
        return client.getRegionInfo(a);
      case 'irq':
        return client.getIrqInfo(a);
      case 'set-irqs':
        return this.#setIrqs(client, a, b);
      case 'read':
        return client.read(a, 0, new Uint8Array(b));
      case 'write':
        return client.write(a, 0, new Uint8Array(b));
      case 'post':
        return client.postWrite(a, 0, new Uint8Array(b));
      case 'mmap':
        return touch(await client.mmap(a, (b >> 4) * PAGE, (b & 15) * PAGE), b);
      case 'reset':
        return client.reset();
      case 'feature':
        return client.feature({ argsz: 8 + b, flags: a, data: new Uint8Array(b) });
      case 'migration-read':
        return client.readMigrationData(new Uint8Array(b));
      case 'migration-write':
        return client.writeMigrationData(new Uint8Array(b));
      case 'map':
        return client.mapDma({ iova: a * PAGE, size: PAGE, flags: 3, memory: this.#memory });
      case 'unmap':
        return client.unmapDma({ iova: a * PAGE, size: b * PAGE });
      case 'io-fds':
        return useIoFds(client, a);
      case 'write-multi': {
        const writes = manyWrites(a, b);
        const done = await client.writeMulti(writes);
        assert(done >= 0 && done <= writes.length, `${done} of ${writes.length} writes`);
        return undefined;
      }
      case 'post-multi':
        return client.postWrites(manyWrites(a, b));
      case 'raw': {
        const { fds } = await client.request(a, new Uint8Array(b));
        for (const fd of fds) fd.close();
        return undefined;
      }
    }
  }

  async #setIrqs(client: VfioUserClient, index: number, count: number): Promise<void> {
    const made = Array.from({ length: Math.min(count, SIGNALS) }, () => this.#medium.signal());
    const signals = Array.from({ length: count }, (_, at) => made[at % SIGNALS]).filter(
      (signal) => signal !== undefined,
    );
    try {
      await client.setIrqs({ flags: 0x24, index, start: 0, count, signals });
    } finally {
      // A second close does nothing.
      for (const signal of made) signal.close();
    }
  }

  /** The result, or nothing when it failed as it may. @throws it neither succeeds nor fails, or fails otherwise */
  async #settled<T>(promise: Promise<T>, server: HostileServer): Promise<T | undefined> {
    const state: { isOver: boolean; value?: T; error?: unknown } = { isOver: false };
    promise.then(
      (value) => Object.assign(state, { isOver: true, value }),
      (error: unknown) => Object.assign(state, { isOver: true, error }),
    );
    for (let turns = 1; turns < TURNS && !state.isOver; turns++) {
      this.#medium.pump();
      // oxlint-disable-next-line no-await-in-loop -- a turn is what is waited for
      await turn();
      if (turns % PATIENCE === 0) {
        this.#clock.advance(TIMEOUT);
        server.sendLate();
      }
    }
    assert(state.isOver, 'an operation never ends');
    if (state.error !== undefined) {
      assert(state.error instanceof VfioError, `failed with ${inspect(state.error)}`);
    }
    return state.value;
  }

  #checkKept(): void {
    const census = this.#medium.census();
    this.#census ??= census;
    assert.equal(census, this.#census);
    assert.deepEqual(this.#rejections, []);
    assert.deepEqual(this.#medium.errors, []);
    assert.deepEqual(this.#logger.at('error'), []);
    this.#logger.lines.length = 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    process.off('unhandledRejection', this.#onRejection);
    this.#memory.close();
    this.#medium[Symbol.dispose]();
  }
}

/** What can be signalled has a descriptor that came with it. */
async function useIoFds(client: VfioUserClient, index: number): Promise<void> {
  using ioFds = await client.getRegionIoFds(index);
  const { entries, fds } = ioFds;
  for (const { fdIndex, shadow } of entries) {
    for (const at of [fdIndex, shadow?.fdIndex]) {
      assert(at === undefined || fds[at] !== undefined, `descriptor ${at} of ${fds.length}`);
    }
  }
}

/** Some are refused: more than 8 bytes, and none at all. */
function manyWrites(count: number, size: number): RegionWrite[] {
  const data = new Uint8Array(size % 11).fill(0xa5);
  return Array.from({ length: count % 64 }, (_, at) => ({ region: at % 3, offset: at * 8, data }));
}

/** Uses a mapping as if the server told the truth about it. */
function touch(mapping: MemoryMapping, choice: number): void {
  const { bytes } = mapping;
  for (const at of [0, bytes.length - 1]) {
    const byte = bytes[at] ?? 0;
    bytes[at] = byte;
  }
  // What is left mapped goes with the connection.
  if (choice % 2 === 0) mapping.unmap();
}
