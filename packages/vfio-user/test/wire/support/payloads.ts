// Payloads spelled byte by byte, without the code under test.

/** A field: a plain number is a u32. */
export type Field =
  | number
  | { readonly u16: number }
  | { readonly u64: number | bigint }
  | Uint8Array;

export function bytesOf(...fields: readonly Field[]): Uint8Array {
  return new Uint8Array(Buffer.concat(fields.map(encode)));
}

function encode(field: Field): Uint8Array {
  if (field instanceof Uint8Array) return field;
  if (typeof field === 'number') return littleEndian(BigInt(field), 4);
  return 'u16' in field ? littleEndian(BigInt(field.u16), 2) : littleEndian(BigInt(field.u64), 8);
}

export const u16 = (value: number): Field => ({ u16: value });
export const u64 = (value: number | bigint): Field => ({ u64: value });

function littleEndian(value: bigint, bytes: number): Uint8Array {
  return Uint8Array.from({ length: bytes }, (_, i) => Number((value >> BigInt(8 * i)) & 0xffn));
}

/** A VERSION payload; without `json` it has none. */
export function version(major: number, minor: number, json?: string): Uint8Array {
  const text = json === undefined ? new Uint8Array(0) : new TextEncoder().encode(`${json}\0`);
  return bytesOf(u16(major), u16(minor), text);
}

export const regionAccess = (
  region: number,
  offset: number | bigint,
  count: number,
  data: Uint8Array = new Uint8Array(0),
): Uint8Array => bytesOf(u64(offset), region, count, data);

export const irqSet = (
  flags: number,
  index: number,
  start: number,
  count: number,
  bools: Uint8Array = new Uint8Array(0),
  argsz: number = 20 + bools.length,
): Uint8Array => bytesOf(argsz, flags, index, start, count, bools);

export const dmaMap = (
  iova: number | bigint,
  size: number | bigint,
  flags = 3,
  offset: number | bigint = 0,
  argsz = 32,
): Uint8Array => bytesOf(argsz, flags, u64(offset), u64(iova), u64(size));

export const dmaUnmap = (
  iova: number | bigint,
  size: number | bigint,
  flags = 0,
  argsz = 24,
): Uint8Array => bytesOf(argsz, flags, u64(iova), u64(size));
