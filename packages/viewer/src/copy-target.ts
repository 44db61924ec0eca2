// Memory that much is copied to.

/**
 * Bytes in front of it. What malloc gives begins 16 bytes behind a page, what is mapped with a page. A copy that lies 1
 * to 31 bytes behind its source, by addresses within a page, takes processors of AMD four to eight times as long (`rep
 * movs`, which glibc takes from some KiB on): without these bytes that is each copy of a device's memory.
 */
const APART = 64;

/** Zeros, so many bytes, that mapped memory and fresh memory are copied to fast. */
export function allocCopyTarget(length: number): Buffer<ArrayBuffer> {
  return Buffer.from(new ArrayBuffer(APART + length), APART, length);
}
