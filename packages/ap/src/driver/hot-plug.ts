// Queues that come to a mediated device and leave it, while a guest may be using it. All of it is part of the work of
// the bus. Counterpart of the vfio_ap_mdev_hot_plug/hot_unplug functions (drivers/s390/crypto/vfio_ap_ops.c).

import { ApMask } from '../bus/mask.ts';
import { filterQueues } from './filter.ts';
import { hasQueue, sameMatrix, type ApMatrix, type QueuePart } from './matrix.ts';
import type { ApMatrixMdev } from './mdev.ts';
import type { VfioApQueue } from './queue.ts';

/** Which masks a change concerns. */
export interface FilterWhat {
  /** Adapters and usage domains. */
  readonly queues?: boolean;
  readonly controlDomains?: boolean;
}

/** Gives a device the queues that are in its matrix. Counterpart of `vfio_ap_mdev_link_queue()`. */
export function linkQueues(mdev: ApMatrixMdev, queues: Iterable<VfioApQueue>): void {
  for (const queue of queues) {
    if (hasQueue(mdev.matrix, queue.device)) mdev.queues.set(queue.device.apqn, queue);
  }
}

/** Filters anew; the guest is told of a change, and queues it loses by that are reset. */
export async function refilter(mdev: ApMatrixMdev, what: FilterWhat): Promise<void> {
  const { host, matrix, queues, shadow: before } = mdev;
  let dropped = ApMask.NONE;
  let shadow = before;
  if (what.queues === true) {
    const isPassable = (apqn: number): boolean => queues.get(apqn)?.isPassable === true;
    const filtered = filterQueues(matrix, host.matrix, before, isPassable);
    const { adapters, domains } = filtered;
    shadow = { ...shadow, adapters, domains };
    dropped = filtered.dropped;
  }
  if (what.controlDomains === true) {
    const controlDomains = matrix.controlDomains.and(host.matrix.controlDomains);
    shadow = { ...shadow, controlDomains };
  }
  setShadow(mdev, shadow);
  if (!dropped.isEmpty) await resetAdapters(mdev, dropped, shadow.domains);
}

/** Changes what the guest gets, and tells it if that is a change. */
export function setShadow(mdev: ApMatrixMdev, shadow: ApMatrix): void {
  const isSame = sameMatrix(mdev.shadow, shadow);
  mdev.shadow = shadow;
  if (!isSame) mdev.updateGuest();
}

/**
 * Takes adapters or domains from a device that are in its matrix no longer: their queues leave it, and those that the
 * guest had are reset. What else is filtered stays as it is, so an adapter that was left out for one of these domains
 * does not come back by this.
 *
 * @param numbers - which
 */
export async function unplug(mdev: ApMatrixMdev, part: QueuePart, numbers: ApMask): Promise<void> {
  const { queues, shadow } = mdev;
  const leaving = [...queues.values()].filter(({ device }) =>
    numbers.has(part === 'adapters' ? device.adapter : device.domain),
  );
  // Linux leaves those that the guest did not have with an owner; a queue without link has none here.
  for (const { device } of leaving) queues.delete(device.apqn);
  setShadow(mdev, { ...shadow, [part]: shadow[part].minus(numbers) });
  await mdev.resetQueues(leaving.filter(({ device }) => hasQueue(shadow, device)));
}

/**
 * Takes one queue from a device because its driver loses it. The guest loses the adapter: it cannot have it without
 * this queue.
 */
export async function loseQueue(mdev: ApMatrixMdev, queue: VfioApQueue): Promise<void> {
  const { adapter } = queue.device;
  const { shadow } = mdev;
  setShadow(mdev, { ...shadow, adapters: shadow.adapters.without(adapter) });
  await resetAdapters(mdev, ApMask.of(adapter), shadow.domains);
}

/** Resets the queues of adapters in these domains. Counterpart of `reset_queues_for_apids()`. */
async function resetAdapters(mdev: ApMatrixMdev, adapters: ApMask, domains: ApMask): Promise<void> {
  const { queues } = mdev;
  const lost = [...queues.values()].filter(({ device }) => hasQueue({ adapters, domains }, device));
  await mdev.resetQueues(lost);
}
