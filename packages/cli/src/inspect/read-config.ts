// Reads configuration space, whatever accesses a server takes.

import { VFIO_PCI_CONFIG_REGION_INDEX, VfioError } from '@vfio-ts/core';
import type { VfioUserClient } from '@vfio-ts/vfio-user';
import { orRefused } from './refused.ts';

/** The largest there is. */
const MOST = 4096;
/** The smallest that holds a header. */
const LEAST = 64;

/**
 * Reads all of it in one message, or where that is refused in four bytes at a time, of which those that are refused
 * too read as ones, as on a bus.
 *
 * @param size - of the region, bytes
 * @returns `undefined` there is none, or nothing of it can be read
 */
export async function readConfig(
  client: Pick<VfioUserClient, 'read'>,
  size: number,
): Promise<Uint8Array | undefined> {
  if (size < LEAST) return undefined;
  const bytes = new Uint8Array(Math.min(size, MOST));
  const read = (offset: number, into: Uint8Array): Promise<number | VfioError> =>
    orRefused(client.read(VFIO_PCI_CONFIG_REGION_INDEX, offset, into));
  if (!((await read(0, bytes)) instanceof VfioError)) return bytes;
  let words = 0;
  for (let at = 0; at < bytes.length; at += 4) {
    const word = bytes.subarray(at, at + 4);
    // oxlint-disable-next-line no-await-in-loop -- in their order, as a machine reads
    if ((await read(at, word)) instanceof VfioError) word.fill(0xff);
    else words++;
  }
  return words === 0 ? undefined : bytes;
}
