// What stands behind the instruction port: the device of a guest.

import type { ApConfigInfo } from '../bus/config-info.ts';
import type { ApMask } from '../bus/mask.ts';
import type { ApCardInfo, ApQueueHardware } from '../hardware/card.ts';
import type { ApStatus } from '../hardware/status.ts';
import type { Awaitable } from './instruction.ts';

/** The masks that the guest's instructions reach. */
export interface ApPortMasks {
  readonly adapters: ApMask;
  readonly domains: ApMask;
  readonly controlDomains: ApMask;
}

/** The device, as its instruction port needs it. Asked anew for each instruction. */
export interface ApPortHost {
  /** What the guest has at the moment; empty masks where it has lost its queues. */
  shadow(): ApPortMasks;
  /** A queue that the device has and that is in the shadow. */
  queue(apqn: number): ApQueueHardware | undefined;
  /** The card of such a queue. */
  info(apqn: number): ApCardInfo | undefined;
  /** The machine. */
  config(): ApConfigInfo;
  /**
   * PQAP(AQIC) through the driver.
   *
   * @param nib - guest address of the indicator byte; `undefined` disables
   * @param isc - interruption subclass, 0 to 7
   * @returns what the guest sees
   */
  setInterrupt(apqn: number, nib: number | undefined, isc: number): Awaitable<ApStatus>;
  /** Reads guest memory. Throws or rejects where it cannot be read, and reads nothing then. */
  dmaRead(iova: number, into: Uint8Array): Awaitable<void>;
  /** Opposite of {@link ApPortHost.dmaRead}. */
  dmaWrite(iova: number, from: Uint8Array): Awaitable<void>;
  /** Raises a subindex of the port's interrupt. */
  signal(subindex: number): void;
}
