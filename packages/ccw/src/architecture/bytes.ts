// What all layouts share: architected data is big-endian, and has to be there whole.

import { VfioError } from '@vfio-ts/core';

/**
 * A view of a structure.
 *
 * @throws `EINVAL` fewer than `size` bytes
 */
export function structureView(what: string, bytes: Uint8Array, size: number): DataView {
  if (bytes.length < size) {
    throw new VfioError('EINVAL', `decode${what}`, `${bytes.length} bytes of ${size}`);
  }
  return new DataView(bytes.buffer, bytes.byteOffset, size);
}

/** A view of all bytes of a new structure. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}
