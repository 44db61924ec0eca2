// PQAP(AQIC) of a guest. Counterpart of handle_pqap() (drivers/s390/crypto/vfio_ap_ops.c).

import { AP_RESPONSE, statusOf, type ApStatus } from '../hardware/status.ts';
import { disableInterrupt, enableInterrupt, type InterruptRequest } from './interrupt.ts';
import type { ApMatrixMdev } from './mdev.ts';

/**
 * Enables the interrupts of a queue, or disables them where nothing is asked for.
 *
 * @param raise - raises the interruption of a subclass, once the byte in guest memory has been set
 * @returns what the guest sees
 */
export function handleAqic(
  mdev: ApMatrixMdev,
  apqn: number,
  request: InterruptRequest | undefined,
  raise: (isc: number) => void,
): Promise<ApStatus> {
  const { host, session } = mdev;
  return host.exclusive(() => {
    const queue = mdev.queues.get(apqn);
    if (!mdev.isOpen || mdev.session !== session || queue === undefined)
      return statusOf(AP_RESPONSE.Q_NOT_AVAIL);
    if (request === undefined) return disableInterrupt(host, queue);
    return enableInterrupt(host, mdev.vdev, queue, request, raise);
  });
}
