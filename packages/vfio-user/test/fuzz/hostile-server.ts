// The server's end of a connection whose answers are what a case says.

import { closeAll, type Fd } from '../../src/fd.ts';
import type { FrameBuffer, FrameHandler, Transport } from '../../src/transport.ts';
import { bytesOf, u16, u64, version } from '../wire/support/payloads.ts';
import type { Answer } from './client-case.ts';
import { FILE_SIZE, type Medium } from './medium.ts';
import { cut, encodeMessage, type FdKind } from './server-case.ts';

interface Right {
  readonly payload: Uint8Array;
  readonly fds?: readonly FdKind[];
}

const NOTHING: Right = { payload: new Uint8Array(0) };
const JSON_TEXT =
  '{"capabilities":{"max_msg_fds":8,"max_data_xfer_size":4096,"write_multiple":true}}';

/** Answers rightly unless it is told otherwise. */
export class HostileServer implements FrameHandler {
  isClosed = false;
  readonly #transport: Transport;
  readonly #medium: Medium;
  readonly #answers: Answer[];
  readonly #late: (() => void)[] = [];
  #sent = 0;

  constructor(transport: Transport, medium: Medium, answers: readonly Answer[]) {
    this.#transport = transport;
    this.#medium = medium;
    this.#answers = [...answers];
    transport.start(this);
  }

  /** Messages sent, right and wrong. */
  get sent(): number {
    return this.#sent;
  }

  frame({ bytes, view }: FrameBuffer, length: number, fds: readonly Fd[]): void {
    closeAll(fds);
    const flags = view.getUint32(8, true);
    if ((flags & 0xf) !== 0 || (flags & 0x10) !== 0) return;
    const request = bytes.slice(0, length);
    const answer = this.#answers.shift() ?? {};
    if (answer.times === -1) this.#late.push(() => this.#answer(request, { ...answer, times: 1 }));
    else this.#answer(request, answer);
  }

  malformed(): void {
    throw new Error('the client sent a malformed header');
  }

  closed(): void {
    this.isClosed = true;
  }

  /** Sends what was kept until the client would have given up. */
  sendLate(): void {
    for (const send of this.#late.splice(0)) send();
  }

  close(): void {
    this.#transport.close();
  }

  #answer(request: Uint8Array, answer: Answer): void {
    const asked = new DataView(request.buffer);
    const [id, command] = [asked.getUint16(0, true), asked.getUint16(2, true)];
    const right = rightReply(command, asked, request, answer.json);
    const length = Math.max(0, right.payload.length + (answer.more ?? 0));
    const payload = new Uint8Array(length);
    payload.set(right.payload.subarray(0, length));
    const words = new DataView(payload.buffer);
    for (const [at, value] of answer.words ?? []) {
      if (at * 4 + 4 <= length) words.setUint32(at * 4, value, true);
    }
    const flags = answer.flags ?? 1;
    const header = bytesOf(
      u16((id + (answer.id ?? 0)) & 0xffff),
      u16((command + (answer.command ?? 0)) & 0xffff),
      answer.size ?? 16 + length,
      flags,
      answer.errno ?? 0,
    );
    const before = (answer.before ?? []).map((spec, index) => encodeMessage(spec, index));
    const message = {
      bytes: bytesOf(header, payload),
      fds: answer.fds ?? right.fds ?? [],
      late: false,
    };
    const copies = Array.from({ length: answer.times ?? 1 }, () => message);
    if (before.length + copies.length > 0) this.#send([...before, ...copies], answer.cuts ?? []);
  }

  #send(messages: Parameters<typeof cut>[0], cuts: readonly number[]): void {
    this.#sent += messages.length;
    for (const { bytes, fds } of cut(messages, cuts)) {
      if (this.isClosed) return;
      const carried = fds.map((kind) => this.#medium.fds[kind]);
      try {
        this.#transport.send(bytes, bytes.length, carried);
      } catch {
        // The client has hung up, and closed() comes.
        return;
      }
    }
  }
}

/** What a good server answers. */
function rightReply(
  command: number,
  asked: DataView,
  request: Uint8Array,
  json: string = JSON_TEXT,
): Right {
  const word = (at: number): number => (at + 4 <= asked.byteLength ? asked.getUint32(at, true) : 0);
  switch (command) {
    case 1:
      return { payload: version(0, 0, json) };
    case 3:
      return { payload: request.slice(16) };
    case 4:
      return { payload: bytesOf(16, 3, 9, 5) };
    case 5:
      return regionInfo(word(24), word(16));
    case 6:
      return ioFds(word(24), word(16));
    case 7:
      return { payload: bytesOf(16, 1, word(24), 4) };
    case 9:
      return { payload: bytesOf(request.slice(16, 32), new Uint8Array(word(28)).fill(0x5a)) };
    case 10:
      return { payload: request.slice(16, 32) };
    case 15:
      return { payload: bytesOf(u64(word(16))) };
    case 16:
      return { payload: bytesOf(16, word(20), u64(3)) };
    case 17:
      return { payload: bytesOf(word(16), word(20), new Uint8Array(word(20)).fill(0x5a)) };
    default:
      return NOTHING;
  }
}

/** Region 1 can be mapped in two areas, all others as a whole. */
function regionInfo(index: number, argsz: number): Right {
  const sparse = index === 1;
  const fits = sparse && argsz >= 80;
  const flags = sparse && fits ? 0xf : 7;
  const needed = sparse ? 80 : 32;
  const head = bytesOf(needed, flags, index, fits ? 32 : 0, u64(FILE_SIZE), u64(0));
  if (sparse && !fits) return { payload: head };
  const areas = [u64(0x2000), u64(0x1000), u64(0x4000), u64(0x2000)];
  const caps = fits ? bytesOf(u16(1), u16(1), 0, 2, 0, ...areas) : new Uint8Array(0);
  return { payload: bytesOf(head, caps), fds: ['memory'] };
}

/** Each region has a place that is signalled, and one whose value is in shared memory before. */
function ioFds(index: number, argsz: number): Right {
  const signalled = bytesOf(u64(0x10), u64(4), 0, 0, 0, 0, u64(0), u64(0));
  const shadowed = bytesOf(u64(0x20), u64(8), 1, 2, 0, 2, u64(0x100), u64(0));
  const needed = 16 + signalled.length + shadowed.length;
  if (argsz < needed) return { payload: bytesOf(needed, 0, index, 0) };
  const payload = bytesOf(needed, 0, index, 2, signalled, shadowed);
  return { payload, fds: ['event', 'event', 'memory'] };
}
