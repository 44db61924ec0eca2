// CRC-32 as in ISO 3309 and zlib: polynomial 0x04c11db7, bits reflected, start and end inverted.

const POLYNOMIAL = 0xedb8_8320;
/** Bytes looked up at a time. */
const SLICES = 8;

const TABLE: Uint32Array = makeTable();

/**
 * The CRC-32 of some bytes.
 *
 * @param before - CRC-32 of what comes before them
 * @returns unsigned; that of both together
 */
export function crc32(bytes: Uint8Array, before = 0): number {
  const whole = bytes.length - (bytes.length % SLICES);
  let crc = ~before;
  let at = 0;
  for (; at < whole; at += SLICES) {
    crc ^= word(bytes, at);
    const low = slice(7, crc) ^ slice(6, crc >>> 8) ^ slice(5, crc >>> 16) ^ slice(4, crc >>> 24);
    const next = word(bytes, at + 4);
    crc =
      low ^ slice(3, next) ^ slice(2, next >>> 8) ^ slice(1, next >>> 16) ^ slice(0, next >>> 24);
  }
  for (; at < bytes.length; at++) crc = slice(0, crc ^ (bytes[at] ?? 0)) ^ (crc >>> 8);
  return ~crc >>> 0;
}

function word(bytes: Uint8Array, at: number): number {
  const low = (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8);
  return low | ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 24);
}

function slice(index: number, value: number): number {
  return TABLE[index * 256 + (value & 0xff)] ?? 0;
}

function makeTable(): Uint32Array {
  const table = new Uint32Array(SLICES * 256);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1;
    table[byte] = crc;
  }
  for (let i = 256; i < table.length; i++) {
    const crc = table[i - 256] ?? 0;
    table[i] = (crc >>> 8) ^ (table[crc & 0xff] ?? 0);
  }
  return table;
}
