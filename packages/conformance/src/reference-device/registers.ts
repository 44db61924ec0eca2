// Accesses that no memory serves.

import type { ReferenceDevice } from './device.ts';
import * as layout from './layout.ts';

/** Answers a read of a region. */
export function readRegion(
  device: ReferenceDevice,
  region: number,
  offset: number,
  into: Uint8Array,
): void {
  switch (region) {
    case layout.REGISTERS_REGION:
      into.set(device.registers.subarray(offset, offset + into.length));
      return;
    case layout.SPARSE_REGION:
      readSparse(device, offset, into);
      return;
    case layout.LATCH_REGION:
      into.set(device.latch.subarray(offset, offset + into.length));
      return;
    case layout.CONFIG_REGION:
      device.parts.config.read(offset, into);
      return;
    default:
      into.forEach((_, i) => {
        into[i] = romByte(offset + i);
      });
  }
}

/** Takes a write to a region. */
export function writeRegion(
  device: ReferenceDevice,
  region: number,
  offset: number,
  from: Uint8Array,
): void {
  switch (region) {
    case layout.REGISTERS_REGION:
      writeScratch(device, offset, from);
      return;
    case layout.SPARSE_REGION:
      writeSparse(device, offset, from);
      return;
    case layout.LATCH_REGION:
      device.latch.set(from, offset);
      return;
    case layout.CONFIG_REGION:
      device.parts.config.write(offset, from);
      return;
    default:
      device.port.push(...from);
  }
}

/** The ROM: the signature that firmware looks for, then its own offsets. */
function romByte(offset: number): number {
  if (offset === 0) return 0x55;
  return offset === 1 ? 0xaa : offset & 0xff;
}

function writeScratch({ registers }: ReferenceDevice, offset: number, from: Uint8Array): void {
  from.forEach((byte, i) => {
    const at = offset + i - layout.REG_SCRATCH;
    if (at >= 0 && at < layout.REG_SCRATCH_SIZE) registers[offset + i] = byte;
  });
}

/** Core asks for what is not wholly in the mappable part, so a range may begin in the trapped page and leave it. */
function readSparse({ doorbells, parts }: ReferenceDevice, offset: number, into: Uint8Array): void {
  into.forEach((_, i) => {
    const at = offset + i;
    into[i] = (at < doorbells.length ? doorbells[at] : parts.sparse.bytes[at]) ?? 0;
  });
}

function writeSparse(
  { doorbells, parts }: ReferenceDevice,
  offset: number,
  from: Uint8Array,
): void {
  from.forEach((byte, i) => {
    const at = offset + i;
    if (at < doorbells.length) doorbells[at] = byte;
    else parts.sparse.bytes[at] = byte;
  });
}
