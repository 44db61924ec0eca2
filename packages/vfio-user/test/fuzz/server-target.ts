// A server of the reference device, and what has to hold whatever its client sends: each command that wants a reply
// gets one in its turn or the session ends, nothing else fails, nothing is kept, and the device works afterwards.

import assert from 'node:assert/strict';
import {
  registerEmulatedIommuDev,
  dmaRwAsync,
  triggerIrq,
  unregisterGroupDev,
  VfioCore,
  VfioError,
  type Ref,
} from '@vfio-ts/core';
import { ManualClock, RecordingLogger } from '@vfio-ts/conformance/fakes';
import {
  createReference,
  referenceOps,
  saveState,
  type ReferenceDevice,
} from '@vfio-ts/conformance/reference-device';
import { closeAll, type Fd } from '../../src/fd.ts';
import { servedDevice } from '../../src/serve.ts';
import { VfioUserServer } from '../../src/server.ts';
import type { FrameBuffer, FrameHandler, Transport } from '../../src/transport.ts';
import { turn } from '../native/support.ts';
import { bytesOf, version } from '../wire/support/payloads.ts';
import { ExpectedReplies } from './expected-replies.ts';
import type { Medium } from './medium.ts';
import {
  cut,
  encodeMessage,
  type DmaAnswer,
  type MessageSpec,
  type Poke,
  type ServerCase,
} from './server-case.ts';

/** Turns of Node's loop within which everything has to be answered. */
const TURNS = 2000;
/** The kernel sends no more at once. */
const MAX_FDS = 253;
const VERSION: MessageSpec = {
  command: 1,
  body: hex(version(0, 2, '{"capabilities":{"max_msg_fds":8}}')),
};
const RESET: MessageSpec = { command: 13, body: '' };
const STATE: MessageSpec = { command: 16, body: hex(bytesOf(16, 2 | (1 << 16))) };

const RIGHT: DmaAnswer = {
  times: 1,
  flags: 1,
  errno: 0,
  more: 0,
  id: 0,
  command: 0,
  count: 0,
};

interface Reply {
  readonly flags: number;
  readonly payload: string;
}

/** The hostile end. */
class Attacker implements FrameHandler {
  readonly replies: Reply[] = [];
  readonly #expected = new ExpectedReplies();
  #failure: string | undefined;
  isClosed = false;
  readonly transport: Transport;
  readonly #medium: Medium;
  readonly #answers: DmaAnswer[];
  #id = 0;

  constructor(transport: Transport, medium: Medium, answers: readonly DmaAnswer[] = []) {
    this.#answers = [...answers];
    this.transport = transport;
    this.#medium = medium;
    transport.start(this);
  }

  frame({ bytes, view }: FrameBuffer, length: number, fds: readonly Fd[]): void {
    closeAll(fds);
    if ((view.getUint32(8, true) & 0xf) === 0) {
      this.#answer(view, length);
      return;
    }
    const flags = view.getUint32(8, true);
    const errno = view.getUint32(12, true);
    assert(flags === 1 || flags === 0x21, `flags 0x${flags.toString(16)} of a reply`);
    if (flags === 1) assert.equal(errno, 0, 'errno of a success');
    else assert(length === 16 && errno > 0 && errno < 4096, `errno ${errno} in ${length} bytes`);
    const payload = length > 256 ? '' : Buffer.from(bytes.subarray(16, length)).toString('hex');
    this.replies.push({ flags, payload });
    try {
      this.#expected.received(view.getUint16(0, true), view.getUint16(2, true));
    } catch (error) {
      this.#failure ??= String(error);
    }
  }

  /** Answers DMA_READ or DMA_WRITE, rightly or not. */
  #answer(asked: DataView, length: number): void {
    const { times, ...wrong } = this.#answers.shift() ?? RIGHT;
    const command = asked.getUint16(2, true);
    const count = asked.getUint32(24, true);
    const size = Math.max(16, 32 + (command === 11 ? count : 0) + wrong.more);
    const bytes = new Uint8Array(size);
    const asBytes = new Uint8Array(asked.buffer, asked.byteOffset, Math.min(length, 32));
    bytes.set(asBytes.subarray(0, size));
    const view = new DataView(bytes.buffer);
    view.setUint16(0, view.getUint16(0, true) + wrong.id, true);
    view.setUint16(2, command + wrong.command, true);
    view.setUint32(4, size, true);
    view.setUint32(8, wrong.flags, true);
    view.setUint32(12, wrong.errno, true);
    if (size >= 32) view.setUint32(24, count + wrong.count, true);
    for (let sent = 0; sent < times && this.#push(bytes); sent++);
  }

  /** Sends a piece; false when the server has ended the connection, which it may before we are told. */
  #push(bytes: Uint8Array, fds: readonly Fd[] = []): boolean {
    if (this.isClosed) return false;
    try {
      this.transport.send(bytes, bytes.length, fds);
    } catch (error) {
      assert(error instanceof VfioError && error.code === 'ENOTCONN', String(error));
      return false;
    }
    this.#expected.sent(bytes);
    return true;
  }

  malformed(): void {
    throw new Error('the server sent a malformed header');
  }

  closed(): void {
    this.isClosed = true;
  }

  /** Sends messages in pieces; returns how many messages. */
  send(specs: readonly MessageSpec[], cuts: readonly number[]): number {
    const messages = specs.flatMap((spec) =>
      Array.from({ length: spec.repeat ?? 1 }, () => encodeMessage(spec, this.#id++ & 0xffff)),
    );
    for (const { bytes, fds } of cut(messages, cuts)) {
      const carried = fds.slice(0, MAX_FDS).map((kind) => this.#medium.fds[kind]);
      if (!this.#push(bytes, carried)) break;
      if (cuts.length > 0) this.#medium.pump();
    }
    return messages.length;
  }

  /** Everything that was sent has been answered, or the server has hung up. */
  get hasAll(): boolean {
    if (this.#failure !== undefined) throw new Error(this.#failure);
    return this.isClosed || (!this.#expected.isOver && this.#expected.hasAll);
  }
}

/** A device that is served, for one case after the other. */
export class ServerTarget implements AsyncDisposable {
  readonly #medium: Medium;
  readonly #core: VfioCore;
  readonly #clock = new ManualClock();
  readonly #logger = new RecordingLogger();
  readonly #ref: Ref<ReferenceDevice>;
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
  constructor(medium: Medium, isBusy: boolean) {
    this.#medium = medium;
    const { memory, host, twin } = medium;
    const clock = this.#clock;
    this.#core = new VfioCore({ clock, logger: this.#logger, memory }, { iommufd: true });
    const ops = isBusy ? { ...referenceOps, quiesce: () => turn() } : referenceOps;
    this.#ref = createReference(this.#core.parent('fuzzed'), ops);
    const { vdev } = this.#ref.device;
    registerEmulatedIommuDev(vdev);
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
    if (this.#fresh === undefined) await this.#heal();
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
    const { dma, vdev } = this.#ref.device;
    try {
      if ('truncate' in step) this.#medium.truncate(step.truncate);
      else if ('ask' in step) this.#ask(step);
      else if ('pin' in step) dma.pin(step.pin, step.pages, 3);
      else if ('trigger' in step) triggerIrq(vdev, step.trigger, step.subindex);
      else if (step.dma === 'read') dma.read(step.iova, new Uint8Array(step.length));
      else dma.write(step.iova, new Uint8Array(step.length).fill(0xa5));
    } catch (error) {
      // A driver is refused; it must not be told anything else.
      assert(error instanceof VfioError, String(error));
    }
  }

  #ask({ ask, iova, length }: Extract<Poke, { readonly ask: string }>): void {
    const over = (): number => this.#asked--;
    this.#asked++;
    dmaRwAsync(this.#ref.device.vdev, iova, new Uint8Array(length), ask === 'write').then(
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
    assert.deepEqual(
      client.replies.map(({ flags }) => flags),
      [1, 1, 1],
      'the device does not work for the next client',
    );
    const state = saveState(this.#ref.device);
    this.#fresh ??= state;
    assert(Buffer.from(state).equals(this.#fresh), 'the device is not as it was');
    assert.equal(client.replies[2]?.payload.slice(16, 24), '02000000', 'state after a reset');
    client.transport.close();
    await this.#until('the end of the session', () => this.#server.connections === 0);
    this.#medium.truncate(0x8000);
    this.#checkKept();
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
    await unregisterGroupDev(this.#ref.device.vdev);
    this.#ref.put();
    this.#medium[Symbol.dispose]();
    assert.deepEqual(this.#core.leaks(), []);
  }
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
