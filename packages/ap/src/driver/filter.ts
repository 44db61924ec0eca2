// What of an assigned matrix a guest can get. Counterpart of vfio_ap_mdev_filter_matrix() and
// vfio_ap_mdev_filter_cdoms() (drivers/s390/crypto/vfio_ap_ops.c).
//
// Concepts: the machine gives a guest the whole product of adapters and domains, never a single queue. So an adapter
// of which any queue cannot be passed is left out as a whole.

import { ApMask } from '../bus/mask.ts';
import { apqnOf } from '../bus/names.ts';
import type { ApMatrix, QueuePart } from './matrix.ts';

/** Result of {@link filterQueues}. */
export interface FilteredQueues extends Pick<ApMatrix, QueuePart> {
  /** Adapters that the guest had and now has not: their queues have to be reset. */
  readonly dropped: ApMask;
}

/**
 * Filters adapters and usage domains.
 *
 * @param host - what the machine has
 * @param before - what the guest had
 * @param isPassable - whether a queue can be given to the guest
 */
export function filterQueues(
  assigned: ApMatrix,
  host: ApMatrix,
  before: ApMatrix,
  isPassable: (apqn: number) => boolean,
): FilteredQueues {
  const domains = assigned.domains.and(host.domains);
  const numbers = [...domains];
  const passed: number[] = [];
  const dropped: number[] = [];
  for (const adapter of assigned.adapters.and(host.adapters)) {
    if (numbers.every((domain) => isPassable(apqnOf(adapter, domain)))) passed.push(adapter);
    else if (before.adapters.has(adapter)) dropped.push(adapter);
  }
  return { adapters: ApMask.of(...passed), domains, dropped: ApMask.of(...dropped) };
}
