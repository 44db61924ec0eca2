// Resetting queues: ZAPQ, and then looking until it has happened. Counterpart of vfio_ap_mdev_reset_queue() and
// apq_reset_check() (drivers/s390/crypto/vfio_ap_ops.c).
//
// Concepts: a queue that leaves a guest is emptied and zeroised before anybody else can get it. The machine takes its
// time for that and says only when asked. Linux asks for ever; here a queue that is not done after AP_RESET_LIMIT_MS
// is given up: it stays where it is, and no guest gets it until a later reset works.

/* oxlint-disable no-await-in-loop -- each look comes after the one before */

import type { Clock } from '@vfio-ts/core';
import { apqnName } from '../bus/names.ts';
import { AP_RESPONSE, statusOf, type ApStatus } from '../hardware/status.ts';
import { isResetDone, type VfioApQueue } from './queue.ts';
import { sleep } from './wait.ts';

/** Time between two looks, ms. Counterpart of `AP_RESET_INTERVAL`. */
export const AP_RESET_INTERVAL_MS = 20;
/** Time after which a queue is given up, ms. */
export const AP_RESET_LIMIT_MS = 10_000;
/** Time between two lines of the log about one queue, ms. */
const NOTICE_INTERVAL_MS = 1_000;

/** What a reset stands on. */
export interface ResetHost {
  readonly clock: Clock;
  /** Takes a line of the log. */
  log(level: 'info' | 'warn', message: () => string): void;
}

/**
 * Resets queues, all at once; done when the last one is. Counterpart of `vfio_ap_mdev_reset_queues()`.
 *
 * @returns whether every ZAPQ was answered with 0: a card that is gone has nothing to reset, and still is none
 */
export async function resetQueues(
  host: ResetHost,
  queues: Iterable<VfioApQueue>,
): Promise<boolean> {
  const resetting = [...queues];
  await Promise.all(resetting.map((queue) => resetQueue(host, queue)));
  return resetting.every(({ resetStatus }) => resetStatus.responseCode === AP_RESPONSE.NORMAL);
}

/** Zeroises one queue; the answer is kept in the queue. ZAPQ itself comes before the first wait. */
async function resetQueue(host: ResetHost, queue: VfioApQueue): Promise<void> {
  queue.resetStatus = queue.device.hardware.zeroize();
  switch (queue.resetStatus.responseCode) {
    case AP_RESPONSE.NORMAL:
    case AP_RESPONSE.RESET_IN_PROGRESS:
    case AP_RESPONSE.BUSY:
    case AP_RESPONSE.STATE_CHANGE_IN_PROGRESS:
      await verify(host, queue);
      return;
    case AP_RESPONSE.DECONFIGURED:
    case AP_RESPONSE.CHECKSTOPPED:
      queue.freeInterrupt();
      return;
    default:
      host.log('warn', () => `PQAP/ZAPQ for ${nameOf(queue)} failed ${said(queue.resetStatus)}`);
  }
}

async function verify(host: ResetHost, queue: VfioApQueue): Promise<void> {
  const { hardware } = queue.device;
  let elapsed = 0;
  while (elapsed < AP_RESET_LIMIT_MS) {
    await sleep(host.clock, AP_RESET_INTERVAL_MS);
    elapsed += AP_RESET_INTERVAL_MS;
    const status = hardware.test();
    switch (verdict(status)) {
      case 'failed':
        host.log('warn', () => `PQAP/TAPQ for ${nameOf(queue)} failed ${said(status)}`);
        return;
      case 'busy':
        if (elapsed % NOTICE_INTERVAL_MS === 0)
          host.log('info', () => waited(queue, elapsed, status));
        break;
      case 'again':
        queue.resetStatus = hardware.zeroize();
        break;
      case 'done':
        if (!tookNoEffect(queue.resetStatus)) {
          queue.freeInterrupt();
          return;
        }
        queue.resetStatus = hardware.zeroize();
        break;
    }
  }
  host.log('warn', () => `${waited(queue, elapsed, queue.resetStatus)}, gave up`);
  // Whatever the last ZAPQ was answered: it has not been seen to end.
  queue.resetStatus = statusOf(AP_RESPONSE.RESET_IN_PROGRESS);
}

/** Counterpart of `apq_status_check()`. */
function verdict(status: ApStatus): 'done' | 'busy' | 'again' | 'failed' {
  if (isResetDone(status)) return 'done';
  switch (status.responseCode) {
    case AP_RESPONSE.RESET_IN_PROGRESS:
    case AP_RESPONSE.BUSY:
      return 'busy';
    case AP_RESPONSE.ASSOC_SECRET_NOT_UNIQUE:
    case AP_RESPONSE.ASSOC_FAILED:
      return 'again';
    default:
      return 'failed';
  }
}

/** Whether a ZAPQ was turned away by something else that was under way. */
function tookNoEffect({ responseCode }: ApStatus): boolean {
  return (
    responseCode === AP_RESPONSE.RESET_IN_PROGRESS ||
    responseCode === AP_RESPONSE.BUSY ||
    responseCode === AP_RESPONSE.STATE_CHANGE_IN_PROGRESS
  );
}

function waited(queue: VfioApQueue, elapsed: number, status: ApStatus): string {
  const { queueEmpty, irqEnabled } = status;
  const state = `${said(status)}, queue_empty=${Number(queueEmpty)}, irq_enabled=${Number(irqEnabled)}`;
  return `Waited ${elapsed}ms for reset of queue ${nameOf(queue)} ${state}`;
}

function said({ responseCode }: ApStatus): string {
  return `(rc 0x${responseCode.toString(16).padStart(2, '0')})`;
}

function nameOf({ device }: VfioApQueue): string {
  return apqnName(device.apqn);
}
