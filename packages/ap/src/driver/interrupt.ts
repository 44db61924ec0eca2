// Interrupts of queues: PQAP(AQIC) as the guest issues it, and the byte in guest memory that it names. Counterpart of
// vfio_ap_irq_enable(), vfio_ap_irq_disable() and handle_pqap() (drivers/s390/crypto/vfio_ap_ops.c).

/* oxlint-disable no-await-in-loop -- each try comes after the one before */

import {
  isErrno,
  PAGE_SIZE,
  pinPages,
  unpinPages,
  VFIO_DMA_MAP_FLAG_READ,
  VFIO_DMA_MAP_FLAG_WRITE,
  type VfioDevice,
} from '@vfio-ts/core';
import { AP_RESPONSE, statusOf, type ApStatus } from '../hardware/status.ts';
import type { QueueInterrupt, VfioApQueue } from './queue.ts';
import type { ResetHost } from './reset.ts';
import { sleep } from './wait.ts';

const RETRY_INTERVAL_MS = 20;
/** Tries of AQIC, and looks whether interrupts are off. */
const DISABLE_TRIES = 6;
const CLEAR_LOOKS = 5;
/** What the machine stores into the byte. */
const INDICATION = 0x80;

/** Where a guest wants to be told. */
export interface InterruptRequest {
  /** Guest address of the notification indicator byte. */
  readonly iova: number;
  /** Interruption subclass, 0 to 7. */
  readonly isc: number;
}

/**
 * Enables the interrupts of a queue; part of the work of the bus.
 *
 * @param raise - raises the interruption; the byte has been set by then
 * @returns what the guest sees
 */
export async function enableInterrupt(
  host: ResetHost,
  vdev: VfioDevice,
  queue: VfioApQueue,
  { iova, isc }: InterruptRequest,
  raise: (isc: number) => void,
): Promise<ApStatus> {
  const page = pinByte(vdev, iova);
  if (page === undefined) return statusOf(AP_RESPONSE.INVALID_ADDRESS);
  const interrupt: QueueInterrupt = { iova, isc, unpin: () => unpinPages(vdev, pageOf(iova), 1) };
  const status = queue.device.hardware.setInterrupt(() => {
    // A queue that is late tells of memory that has been given back.
    if (queue.interrupt !== interrupt) return;
    page[iova % PAGE_SIZE] = INDICATION;
    raise(isc);
  });
  switch (status.responseCode) {
    case AP_RESPONSE.NORMAL:
      queue.freeInterrupt();
      queue.interrupt = interrupt;
      break;
    case AP_RESPONSE.OTHERWISE_CHANGED:
      interrupt.unpin();
      break;
    default:
      interrupt.unpin();
      host.log('warn', () => warning('enable', queue, status));
      await disableInterrupt(host, queue);
  }
  return status;
}

/**
 * Disables the interrupts of a queue and gives its byte back; part of the work of the bus.
 *
 * @returns what the guest sees
 */
export async function disableInterrupt(host: ResetHost, queue: VfioApQueue): Promise<ApStatus> {
  let status = statusOf(AP_RESPONSE.BUSY);
  for (let tries = 0; tries < DISABLE_TRIES && isTransient(status); tries++) {
    status = queue.device.hardware.setInterrupt(undefined);
    if (isTransient(status)) await sleep(host.clock, RETRY_INTERVAL_MS);
  }
  const { responseCode } = status;
  if (responseCode === AP_RESPONSE.NORMAL || responseCode === AP_RESPONSE.OTHERWISE_CHANGED) {
    await waitForClear(host, queue);
  } else {
    host.log('warn', () => warning('disable', queue, status));
  }
  queue.freeInterrupt();
  return status;
}

/**
 * Disables the interrupts of a queue when their memory goes and nobody can wait. Whatever the queue says, it tells
 * nobody any more.
 *
 * @returns whether it took it; where it did not, it has to be told again
 */
export function dropInterrupt(queue: VfioApQueue): boolean {
  if (queue.interrupt === undefined) return true;
  const status = queue.device.hardware.setInterrupt(undefined);
  queue.freeInterrupt();
  return !isTransient(status);
}

/** Counterpart of `vfio_ap_wait_for_irqclear()`. */
async function waitForClear(host: ResetHost, queue: VfioApQueue): Promise<void> {
  let status = statusOf(AP_RESPONSE.BUSY);
  for (let looks = 0; looks < CLEAR_LOOKS; looks++) {
    status = queue.device.hardware.test();
    const isValid =
      status.responseCode === AP_RESPONSE.NORMAL ||
      status.responseCode === AP_RESPONSE.RESET_IN_PROGRESS;
    if (isValid && !status.irqEnabled) return;
    if (!isValid && status.responseCode !== AP_RESPONSE.BUSY) break;
    await sleep(host.clock, RETRY_INTERVAL_MS);
  }
  host.log('warn', () => warning('wait for the end of', queue, status));
}

function isTransient({ responseCode }: ApStatus): boolean {
  return responseCode === AP_RESPONSE.RESET_IN_PROGRESS || responseCode === AP_RESPONSE.BUSY;
}

/** The page of the byte; `undefined` where it is not in guest memory. */
function pinByte(vdev: VfioDevice, iova: number): Uint8Array | undefined {
  if (iova === 0) return undefined;
  const prot = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE;
  try {
    return pinPages(vdev, pageOf(iova), 1, prot)[0];
  } catch (error) {
    if (isErrno(error, 'ENODEV')) throw error;
    return undefined;
  }
}

function pageOf(iova: number): number {
  return iova - (iova % PAGE_SIZE);
}

function warning(what: string, queue: VfioApQueue, { responseCode }: ApStatus): string {
  const rc = `0x${responseCode.toString(16).padStart(2, '0')}`;
  return `cannot ${what} interrupts of queue ${queue.device.name} (rc ${rc})`;
}
