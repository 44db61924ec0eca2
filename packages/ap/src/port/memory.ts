// Guest memory as an instruction sees it: there, or not.

import { IOVA_LIMIT } from '@vfio-ts/core';
import type { ApPortHost } from './host.ts';
import type { Awaitable } from './instruction.ts';

/** Reads guest memory. Returns whether it could be read; never throws, never rejects. */
export function readGuest(host: ApPortHost, address: bigint, into: Uint8Array): Awaitable<boolean> {
  return reach(address, into.length, (iova) => host.dmaRead(iova, into));
}

/** Opposite of {@link readGuest}. */
export function writeGuest(
  host: ApPortHost,
  address: bigint,
  from: Uint8Array,
): Awaitable<boolean> {
  return reach(address, from.length, (iova) => host.dmaWrite(iova, from));
}

function reach(
  address: bigint,
  length: number,
  move: (iova: number) => Awaitable<void>,
): Awaitable<boolean> {
  // An address that no device drives is not rounded to one that some other data has.
  if (address + BigInt(length) > BigInt(IOVA_LIMIT)) return false;
  if (length === 0) return true;
  try {
    const moved = move(Number(address));
    if (!(moved instanceof Promise)) return true;
    return moved.then(
      () => true,
      () => false,
    );
  } catch {
    return false;
  }
}
