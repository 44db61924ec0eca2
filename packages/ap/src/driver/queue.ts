// A queue that is bound to the vfio_ap driver. Counterpart of struct vfio_ap_queue
// (drivers/s390/crypto/vfio_ap_private.h).

import type { ApQueueDevice } from '../bus/queue-device.ts';
import { AP_RESPONSE, statusOf, type ApStatus } from '../hardware/status.ts';

/** Where a guest is told of replies: a byte in its memory, and an interruption subclass. */
export interface QueueInterrupt {
  /** Guest address of the notification indicator byte. */
  readonly iova: number;
  /** Interruption subclass, 0 to 7. */
  readonly isc: number;
  /** Gives the page of the byte back. */
  unpin(): void;
}

/** What the driver keeps of a queue. */
export class VfioApQueue {
  readonly device: ApQueueDevice;
  /** Answer to the last ZAPQ; all zero before there was one. */
  resetStatus: ApStatus = statusOf(AP_RESPONSE.NORMAL);
  /** Where the guest is told; absent while it asked for nothing. */
  interrupt: QueueInterrupt | undefined = undefined;

  constructor(device: ApQueueDevice) {
    this.device = device;
  }

  /** Whether a guest can get it: the last reset worked, or there was nothing left to reset. */
  get isPassable(): boolean {
    return isResetDone(this.resetStatus);
  }

  /** Counterpart of `vfio_ap_free_aqic_resources()`. */
  freeInterrupt(): void {
    const { interrupt } = this;
    this.interrupt = undefined;
    interrupt?.unpin();
  }
}

/** Whether a queue of that status holds nothing: it was emptied, or its card is gone. */
export function isResetDone({ responseCode }: ApStatus): boolean {
  return (
    responseCode === AP_RESPONSE.NORMAL ||
    responseCode === AP_RESPONSE.DECONFIGURED ||
    responseCode === AP_RESPONSE.CHECKSTOPPED
  );
}
