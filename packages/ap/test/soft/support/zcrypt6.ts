// The host's driver for CCA coprocessors, from its own side: how it builds requests and what it takes for a reply.

import { bytesOf, fromBytes, type CrtNumbers } from './numbers.ts';
import { receiveError } from './zcrypt50.ts';

const HEADER = 88;
const CPRBX = 220;

class Writer {
  readonly #parts: Uint8Array[] = [];

  u8(value: number): this {
    return this.bytes(Uint8Array.of(value));
  }

  u16(value: number): this {
    return this.bytes(Uint8Array.of(value >> 8, value & 0xff));
  }

  zeros(count: number): this {
    return this.bytes(new Uint8Array(count));
  }

  text(text: string): this {
    return this.bytes(Buffer.from(text, 'latin1'));
  }

  bytes(bytes: Uint8Array): this {
    this.#parts.push(bytes);
    return this;
  }

  end(): Uint8Array {
    return Uint8Array.from(Buffer.concat(this.#parts));
  }
}

/** What a frame says that is not the same in each. */
export interface Frame {
  readonly domain?: number;
  readonly agent?: string;
  /** Space for reply data. */
  readonly dataSpace?: number;
}

/** Puts a parameter block into a request. */
export function ccaRequest(block: Uint8Array, frame: Frame = {}): Uint8Array {
  const { domain = 0, agent = 'CA', dataSpace = 0 } = frame;
  const request = new Uint8Array(HEADER + CPRBX + block.length);
  const view = new DataView(request.buffer);
  request[1] = 6;
  view.setUint32(16, HEADER);
  request.set(Buffer.from(agent), 32);
  request.set(block.subarray(0, 2), 52);
  view.setUint32(56, CPRBX + block.length);
  view.setUint32(72, 0x77c);
  view.setUint32(76, dataSpace);
  const control = new DataView(request.buffer, HEADER);
  control.setUint16(0, CPRBX);
  control.setUint8(2, 2);
  request.set(Buffer.from('T2'), HEADER + 6);
  control.setUint32(12, block.length);
  control.setUint32(28, dataSpace);
  control.setUint16(170, domain);
  request.set(block, HEADER + CPRBX);
  return request;
}

function verb(functionCode: string, rule: string): Writer {
  return new Writer()
    .text(functionCode)
    .u16(2 + rule.length)
    .text(rule);
}

/** PK with a clear public key, for an input of `length` bytes. */
export function pkRequest(
  input: bigint,
  exponent: bigint,
  modulus: bigint,
  length: number,
  frame: Frame = {},
): Uint8Array {
  const token = 20 + 2 * length;
  const block = verb('PK', 'MRP     ')
    .u16(length + 2)
    .bytes(bytesOf(input, length))
    .u16(token + 6)
    .u16(token + 4)
    .u16(0)
    .u8(0x1e)
    .u8(0)
    .u16(token)
    .zeros(4)
    .u8(4)
    .u8(0)
    .u16(12 + 2 * length)
    .zeros(2)
    .u16(length)
    .u16(8 * length)
    .u16(length)
    .bytes(bytesOf(exponent, length))
    .bytes(bytesOf(modulus, length));
  return ccaRequest(block.end(), frame);
}

/** PD with a clear private key by parts, for an input of `length` bytes. */
export function pdRequest(
  input: bigint,
  key: CrtNumbers,
  length: number,
  frame: Frame = {},
): Uint8Array {
  const short = Math.ceil(length / 2);
  const long = short + 8;
  const padding = -(3 * long + 2 * short) & 7;
  const keySize = 3 * long + 2 * short + padding + length;
  const size = 146 + keySize + 12 + 3;
  const block = verb('PD', 'ZERO-PAD')
    .u16(length + 2)
    .bytes(bytesOf(input, length))
    .u16(size)
    .u16(size - 2)
    .u16(0)
    .u8(0x1e)
    .u8(0)
    .u16(size - 6)
    .zeros(4)
    .u8(8)
    .u8(0)
    .u16(132 + keySize)
    .zeros(24)
    .u8(0x40)
    .u8(0)
    .zeros(20)
    .u8(0x80)
    .zeros(3);
  for (const partSize of [long, short, long, short, long, length]) block.u16(partSize);
  block.zeros(4).u16(padding).zeros(60);
  block
    .bytes(bytesOf(key.p, long))
    .bytes(bytesOf(key.q, short))
    .bytes(bytesOf(key.dp, long))
    .bytes(bytesOf(key.dq, short))
    .bytes(bytesOf(key.u, long))
    .zeros(padding)
    .bytes(new Uint8Array(length).fill(0xff))
    .bytes(
      Uint8Array.of(4, 0, 0, 15, 0, 0, 0, 3, (8 * length) >> 8, (8 * length) & 0xff, 0, 0, 1, 0, 1),
    );
  return ccaRequest(block.end(), frame);
}

/** RL for `size` random bytes. */
export function randomRequest(size: number, frame: Frame = {}): Uint8Array {
  const block = verb('RL', 'RANDOM  ').u16(2).u16(2).end();
  return ccaRequest(block, { ...frame, dataSpace: size });
}

/** FQ. */
export function facilityRequest(rule: string, frame: Frame = {}): Uint8Array {
  return ccaRequest(verb('FQ', rule).u16(2).u16(2).end(), frame);
}

/** What the driver makes of a reply. */
export type Received6 =
  | { readonly result: Uint8Array }
  | { readonly rtcode: number; readonly rscode: number }
  | { readonly errno: string; readonly type: number; readonly code: number }
  | { readonly offline: string };

function receive(reply: Uint8Array, isComplete: (view: DataView) => boolean): Received6 | DataView {
  const type = reply[1] ?? 0;
  if (type === 0x82 || type === 0x88) return receiveError(reply);
  if (type !== 0x86) return { offline: `reply type ${type.toString(16)}` };
  const view = new DataView(reply.buffer, reply.byteOffset, reply.length);
  const code = view.getUint8(4);
  const isCprbx = view.getUint8(48 + 2) === 2;
  if (isCprbx && !isComplete(view)) return { errno: 'EMSGSIZE', type, code };
  if (code !== 0) return { errno: 'EINVAL', type, code };
  if (!isCprbx) return { offline: 'CPRB version' };
  const rtcode = view.getUint16(48 + 144);
  return rtcode === 0 ? view : { rtcode, rscode: view.getUint16(48 + 146) };
}

/** Reads the reply to PK and PD as the driver does, for a caller with `length` bytes for the result. */
export function receiveRsa(reply: Uint8Array, length: number): Received6 {
  const received = receive(reply, (view) => 274 + view.getUint16(272) === reply.length);
  if (!(received instanceof DataView)) return received;
  const dataLength = received.getUint16(272) - 2;
  if (dataLength > length) return { errno: 'EMSGSIZE', type: 0x86, code: 0 };
  return { result: reply.subarray(274, 274 + dataLength) };
}

function isWhole(view: DataView): boolean {
  const [count1, offset1] = [view.getUint32(16), view.getUint32(20)];
  const [count2, offset2] = [view.getUint32(24), view.getUint32(28)];
  return view.byteLength === (count2 > 0 ? offset2 + count2 : offset1 + count1);
}

/** Reads the reply to RL. */
export function receiveRandom(reply: Uint8Array): Received6 {
  const received = receive(reply, isWhole);
  if (!(received instanceof DataView)) return received;
  const offset = received.getUint32(28);
  return { result: reply.subarray(offset, offset + received.getUint32(24)) };
}

/** Reads the reply to FQ: its rule array and its other array. */
export function receiveFacility(
  reply: Uint8Array,
): Received6 | { readonly rules: string; readonly values: Uint8Array } {
  const received = receive(reply, isWhole);
  if (!(received instanceof DataView)) return received;
  const rulesAt = received.getUint32(20) + CPRBX + 2;
  const rulesSize = received.getUint16(rulesAt);
  const valuesAt = rulesAt + rulesSize;
  return {
    rules: Buffer.from(reply.subarray(rulesAt + 2, valuesAt)).toString('latin1'),
    values: reply.subarray(valuesAt + 2, valuesAt + received.getUint16(valuesAt)),
  };
}

/** The result as a number. */
export function resultOf(received: Received6): bigint | Received6 {
  return 'result' in received ? fromBytes(received.result) : received;
}
