// A mediated device as its instruction port sees it.

import { dmaRw, dmaRwAsync, isErrno, triggerIrq } from '@vfio-ts/core';
import type { ApPortHost } from '../port/host.ts';
import { AP_PORT_IRQ_INDEX } from '../port/layout.ts';
import { handleAqic } from './aqic.ts';
import type { ApMatrixMdev } from './mdev.ts';
import type { VfioApQueue } from './queue.ts';

/** What the port of a device works on: the queues the guest reaches at that moment, and its memory. */
export function portHost(mdev: ApMatrixMdev): ApPortHost {
  const { vdev } = mdev;
  const queueOf = (apqn: number): VfioApQueue | undefined => mdev.reachableQueue(apqn);
  const signal = (subindex: number): void => triggerIrq(vdev, AP_PORT_IRQ_INDEX, subindex);
  const move = (iova: number, bytes: Uint8Array, write: boolean): Promise<void> | void => {
    try {
      dmaRw(vdev, iova, bytes, write);
      return undefined;
    } catch (error) {
      // Memory that only its owner can reach takes time.
      if (!isErrno(error, 'EOPNOTSUPP')) throw error;
      return dmaRwAsync(vdev, iova, bytes, write);
    }
  };
  return {
    shadow: () => mdev.guestMasks,
    queue: (apqn) => queueOf(apqn)?.device.hardware,
    info: (apqn) => queueOf(apqn)?.device.card,
    config: () => mdev.host.config,
    setInterrupt: (apqn, nib, isc) =>
      handleAqic(mdev, apqn, nib === undefined ? undefined : { iova: nib, isc }, signal),
    dmaRead: (iova, into) => move(iova, into, false),
    dmaWrite: (iova, from) => move(iova, from, true),
    signal,
  };
}
