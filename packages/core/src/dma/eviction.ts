// Concepts: mapped memory is revocable. An unmap asks the users to unpin, for a bounded number of rounds; what
// is still pinned then is a bug of its driver, is named in the log, and loses its memory like everything else.

import { hex } from '../arguments.ts';
import type { Logger } from '../host.ts';
import type { Mapping } from './mapping.ts';
import type { DmaUsers } from './users.ts';
import { type DmaUser } from './dma-user.ts';
import type { DirtySink } from '../ops.ts';

/** Rounds of notification without a pin less before an unmap goes on without the users' help. */
export const UNMAP_ROUNDS = 10;

/** Who speaks and where to. */
export interface EvictionLog {
  readonly name: string;
  readonly logger: Logger;
}

/**
 * Tells every user that `mapping` goes away, again and again while pins remain.
 *
 * @param users - the attached users, looked at anew before each call: a user may detach in its callback
 */
export function askToUnpin(mapping: Mapping, users: DmaUsers, log: EvictionLog): void {
  for (let idle = 0; mapping.pins.size > 0 && idle < UNMAP_ROUNDS; idle++) {
    const before = countPins(mapping);
    for (const user of Array.from(users)) {
      if (users.has(user)) notify(user, mapping, log);
    }
    if (countPins(mapping) < before) idle = -1;
  }
}

function notify(user: DmaUser, mapping: Mapping, { name, logger }: EvictionLog): void {
  try {
    user.dmaUnmap?.(mapping.iova, mapping.size);
  } catch (error) {
    const fact = `${user.name}: dmaUnmap of ${hex(mapping.iova)} threw`;
    logger.log('error', name, () => fact, error);
  }
}

/** Sum of all counts, so that one of two pins of a page let go is progress. */
function countPins(mapping: Mapping): number {
  let count = 0;
  for (const pins of mapping.pins.values()) {
    for (const pin of pins.values()) count += pin.count;
  }
  return count;
}

/** Drops the pins that no user let go, and says whose they were. */
export function dropPins(
  mapping: Mapping,
  written: (user: DmaUser) => DirtySink,
  { name, logger }: EvictionLog,
): void {
  for (const holder of Array.from(mapping.pins.keys())) {
    for (const { iova, length } of holder.drop(mapping, written(holder.user))) {
      const fact = `${holder.user.name} keeps ${hex(length)} bytes at ${hex(iova)} pinned; revoked`;
      logger.log('error', name, () => fact);
    }
  }
}

/** Takes the memory of a mapping that no look-up finds any more. Must run once for each mapping. */
export function revoke(mapping: Mapping, { name, logger }: EvictionLog): void {
  for (const access of Array.from(mapping.accesses)) access.cancel(mapping);
  try {
    mapping.backing.revoke();
  } catch (error) {
    logger.log('error', name, () => `revoke of ${hex(mapping.iova)} threw`, error);
  }
}
