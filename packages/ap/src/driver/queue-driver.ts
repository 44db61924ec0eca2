// The vfio_ap driver of the AP bus: it holds queues for mediated devices. Counterpart of vfio_ap_mdev_probe_queue(),
// vfio_ap_mdev_remove_queue(), vfio_ap_on_cfg_changed() and vfio_ap_on_scan_complete()
// (drivers/s390/crypto/vfio_ap_ops.c).
//
// Concepts: the machine's configuration changes in three steps. First the driver hears of it, takes from guests what
// is gone, and remembers for each device what has come; then the bus removes and creates queue devices, and a probe
// for a device that waits only links; in the end every device that waits is filtered once.

/* oxlint-disable no-await-in-loop -- one device after the other, as all work of the bus */

import type { ApDriver } from '../bus/ap-driver.ts';
import type { ApConfigInfo } from '../bus/config-info.ts';
import { ApMask } from '../bus/mask.ts';
import type { ApQueueDevice } from '../bus/queue-device.ts';
import { linkQueues, loseQueue, refilter, setShadow } from './hot-plug.ts';
import type { ApMatrixDev } from './matrix-dev.ts';
import {
  difference,
  EMPTY_MATRIX,
  hasAny,
  hasQueue,
  hostMatrix,
  intersection,
  type ApMatrix,
} from './matrix.ts';
import { VfioApQueue } from './queue.ts';
import { resetQueues } from './reset.ts';
import { checkUnassigned } from './sharing.ts';

/** Types of adapters that can be passed: CEX4 to CEX8. */
export const VFIO_AP_HWTYPES: readonly number[] = [10, 11, 12, 13, 14];

/** Name of the driver on the AP bus. */
export const VFIO_AP_QUEUE_DRIVER = 'vfio_ap';

/** The driver of the queues of one matrix device. */
export function vfioApQueueDriver(dev: ApMatrixDev): ApDriver {
  return {
    name: VFIO_AP_QUEUE_DRIVER,
    isDefault: false,
    hwtypes: VFIO_AP_HWTYPES,
    queueAttributes: { status: { show: (queue) => `${queueStatus(dev, queue)}\n` } },
    probe: (queue) => probe(dev, queue),
    remove: (queue) => remove(dev, queue),
    inUse: (adapters, domains) => checkUnassigned(dev.mdevs, adapters, domains),
    onConfigChanged: (now, before) => configChanged(dev, now, before),
    onScanComplete: () => scanComplete(dev),
  };
}

/** What the `status` of a queue says. Counterpart of `status_show()`. */
export function queueStatus(
  dev: ApMatrixDev,
  queue: Pick<ApQueueDevice, 'adapter' | 'domain'>,
): 'in use' | 'assigned' | 'unassigned' {
  const mdev = dev.assignee(queue);
  if (mdev === undefined) return 'unassigned';
  return mdev.isOpen && hasQueue(mdev.shadow, queue) ? 'in use' : 'assigned';
}

async function probe(dev: ApMatrixDev, device: ApQueueDevice): Promise<void> {
  const queue = new VfioApQueue(device);
  dev.queues.set(device.apqn, queue);
  const mdev = dev.assignee(device);
  if (mdev === undefined) return;
  linkQueues(mdev, [queue]);
  const { adapters, domains } = mdev.added;
  if (adapters.isEmpty && domains.isEmpty) await refilter(mdev, { queues: true });
}

async function remove(dev: ApMatrixDev, { apqn }: ApQueueDevice): Promise<void> {
  const queue = dev.queues.get(apqn);
  if (queue === undefined) return;
  const mdev = [...dev.mdevs].find((owner) => owner.queues.get(apqn) === queue);
  if (mdev !== undefined && hasQueue(mdev.shadow, queue.device)) await loseQueue(mdev, queue);
  else if (hasQueue(dev.matrix, queue.device)) await resetQueues(dev, [queue]);
  mdev?.port?.forget(apqn);
  // A card that is gone answered nothing that would free it.
  queue.freeInterrupt();
  mdev?.queues.delete(apqn);
  dev.queues.delete(apqn);
}

function configChanged(dev: ApMatrixDev, now: ApConfigInfo, before: ApConfigInfo): void {
  dev.config = now;
  const gone = difference(hostMatrix(before), hostMatrix(now));
  const come = passable(dev, difference(hostMatrix(now), hostMatrix(before)));
  for (const mdev of dev.mdevs) {
    // Linux goes on to a guest that may not be there, and takes the control domains that are not assigned; meant are
    // those that are.
    setShadow(mdev, difference(mdev.shadow, gone));
    mdev.added = intersection(mdev.matrix, come);
  }
}

/** Leaves out adapters of a type that cannot be passed. Counterpart of `vfio_ap_filter_apid_by_qtype()`. */
function passable(dev: ApMatrixDev, come: ApMatrix): ApMatrix {
  const adapters = Array.from(come.adapters).filter((adapter) => {
    const hwtype = dev.bus.adapterType(adapter);
    return hwtype !== undefined && VFIO_AP_HWTYPES.includes(hwtype);
  });
  return { ...come, adapters: ApMask.of(...adapters) };
}

async function scanComplete(dev: ApMatrixDev): Promise<void> {
  for (const mdev of dev.mdevs) {
    const { added } = mdev;
    if (!hasAny(added)) continue;
    mdev.added = EMPTY_MATRIX;
    // Linux resets adapters it has not determined where only control domains have come; here there are none then.
    await refilter(mdev, {
      queues: !(added.adapters.isEmpty && added.domains.isEmpty),
      controlDomains: !added.controlDomains.isEmpty,
    });
  }
}
