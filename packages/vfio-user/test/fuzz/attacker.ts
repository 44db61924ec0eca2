// A hostile client: sends what a case says and judges the replies.

import assert from 'node:assert/strict';
import { VfioError } from '@vfio-ts/core';
import { closeAll, type Fd } from '../../src/fd.ts';
import type { FrameBuffer, FrameHandler, Transport } from '../../src/transport.ts';
import { ExpectedReplies } from './expected-replies.ts';
import type { Medium } from './medium.ts';
import { cut, encodeMessage, type DmaAnswer, type MessageSpec } from './server-case.ts';

/** The kernel sends no more at once. */
const MAX_FDS = 253;
const RIGHT: DmaAnswer = {
  times: 1,
  flags: 1,
  errno: 0,
  more: 0,
  id: 0,
  command: 0,
  count: 0,
};

/** What a reply said. */
export interface Reply {
  readonly flags: number;
  readonly payload: string;
}

/** The hostile end. */
export class Attacker implements FrameHandler {
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
