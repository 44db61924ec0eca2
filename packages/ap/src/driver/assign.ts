// What writing the files of a mediated device does; each is one piece of work of the bus. Everything is checked
// before anything changes.

import { VfioError } from '@vfio-ts/core';
import { parseNumber } from '../bus/number.ts';
import { linkQueues, refilter, setShadow, unplug } from './hot-plug.ts';
import { ApMask } from '../bus/mask.ts';
import type { ApMatrixDev } from './matrix-dev.ts';
import { parseConfig } from './matrix-text.ts';
import { difference, type ApMatrix, type MatrixPart, type QueuePart } from './matrix.ts';
import type { ApMatrixMdev } from './mdev.ts';
import { checkAssignable } from './sharing.ts';

/**
 * Assigns an adapter or a usage domain: all queues that it makes with those of the other kind. Counterpart of
 * `assign_adapter_store()` and `assign_domain_store()`.
 *
 * @throws `EINVAL`, `ERANGE` no number; `ENODEV` above what the machine can have; `EADDRNOTAVAIL` a queue is left to
 * the host's own drivers; `EADDRINUSE` another device has one
 */
export async function assign(
  op: string,
  dev: ApMatrixDev,
  mdev: ApMatrixMdev,
  part: QueuePart,
  text: string,
): Promise<void> {
  const n = numberOf(op, mdev, part, text);
  if (mdev.matrix[part].has(n)) return;
  const matrix: ApMatrix = { ...mdev.matrix, [part]: mdev.matrix[part].with(n) };
  checkAssignable(op, dev.bus, dev.mdevs, mdev, matrix);
  mdev.matrix = matrix;
  linkQueues(mdev, dev.queues.values());
  await refilter(mdev, { queues: true });
}

/**
 * Opposite of {@link assign}. Counterpart of `unassign_adapter_store()` and `unassign_domain_store()`.
 *
 * @throws `EINVAL`, `ERANGE`, `ENODEV` as assign
 */
export async function unassign(
  op: string,
  mdev: ApMatrixMdev,
  part: QueuePart,
  text: string,
): Promise<void> {
  const n = numberOf(op, mdev, part, text);
  if (!mdev.matrix[part].has(n)) return;
  mdev.matrix = { ...mdev.matrix, [part]: mdev.matrix[part].without(n) };
  await unplug(mdev, part, ApMask.of(n));
}

/**
 * Assigns a control domain; several devices can have it. Counterpart of `assign_control_domain_store()`.
 *
 * @throws `EINVAL`, `ERANGE`, `ENODEV` as assign
 */
export async function assignControlDomain(mdev: ApMatrixMdev, text: string): Promise<void> {
  const n = numberOf('assign_control_domain', mdev, 'controlDomains', text);
  const { matrix } = mdev;
  if (matrix.controlDomains.has(n)) return;
  mdev.matrix = { ...matrix, controlDomains: matrix.controlDomains.with(n) };
  await refilter(mdev, { controlDomains: true });
}

/** Opposite of {@link assignControlDomain}. @throws as it */
export function unassignControlDomain(mdev: ApMatrixMdev, text: string): void {
  const n = numberOf('unassign_control_domain', mdev, 'controlDomains', text);
  const { matrix, shadow } = mdev;
  mdev.matrix = { ...matrix, controlDomains: matrix.controlDomains.without(n) };
  setShadow(mdev, { ...shadow, controlDomains: shadow.controlDomains.without(n) });
}

/**
 * Assigns all three masks at once. Counterpart of `ap_config_store()`.
 *
 * @throws `EINVAL` not three masks; `EADDRNOTAVAIL`, `EADDRINUSE` as assign; `ENODEV` above what the machine can have
 */
export async function configure(dev: ApMatrixDev, mdev: ApMatrixMdev, text: string): Promise<void> {
  const matrix = parseConfig(text);
  checkAssignable('ap_config', dev.bus, dev.mdevs, mdev, matrix);
  checkLimits(mdev, matrix);
  const removed = difference(mdev.matrix, matrix);
  mdev.matrix = matrix;
  await unplug(mdev, 'adapters', removed.adapters);
  await unplug(mdev, 'domains', removed.domains);
  linkQueues(mdev, dev.queues.values());
  await refilter(mdev, { queues: true, controlDomains: true });
}

function numberOf(op: string, { limits }: ApMatrixMdev, part: MatrixPart, text: string): number {
  const n = parseNumber(op, text);
  if (n > limits[part]) {
    throw new VfioError(
      'ENODEV',
      op,
      `0x${n.toString(16)} is above 0x${limits[part].toString(16)}`,
    );
  }
  return n;
}

function checkLimits({ limits }: ApMatrixMdev, matrix: ApMatrix): void {
  for (const part of ['adapters', 'domains', 'controlDomains'] as const) {
    for (const n of matrix[part]) {
      if (n > limits[part]) throw new VfioError('ENODEV', 'ap_config', `no 0x${n.toString(16)}`);
    }
  }
}
