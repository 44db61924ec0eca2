// Raster operations of three operands. Kaby Lake PRM, volume 2a, "BLT Engine", Raster Operations.

/** What a pattern alone makes. */
export const ROP_PATTERN = 0xf0;
/** What a source alone makes. */
export const ROP_SOURCE = 0xcc;

/** Bit `4 * pattern + 2 * source + destination` of the code is the result, for each bit. */
export function rop3(code: number, pattern: number, source: number, destination: number): number {
  let result = 0;
  if ((code & 0x01) !== 0) result |= ~pattern & ~source & ~destination;
  if ((code & 0x02) !== 0) result |= ~pattern & ~source & destination;
  if ((code & 0x04) !== 0) result |= ~pattern & source & ~destination;
  if ((code & 0x08) !== 0) result |= ~pattern & source & destination;
  if ((code & 0x10) !== 0) result |= pattern & ~source & ~destination;
  if ((code & 0x20) !== 0) result |= pattern & ~source & destination;
  if ((code & 0x40) !== 0) result |= pattern & source & ~destination;
  if ((code & 0x80) !== 0) result |= pattern & source & destination;
  return result;
}
