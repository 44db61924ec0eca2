// Whose a queue may be: the host's own drivers', or one mediated device's. Counterpart of
// vfio_ap_mdev_validate_masks() and vfio_ap_mdev_verify_no_sharing() (drivers/s390/crypto/vfio_ap_ops.c).

import { VfioError } from '@vfio-ts/core';
import type { ApBus } from '../bus/bus.ts';
import type { ApMask } from '../bus/mask.ts';
import { apqnName, apqnOf } from '../bus/names.ts';
import type { ApMatrix } from './matrix.ts';
import type { ApMatrixMdev } from './mdev.ts';

type Queues = Pick<ApMatrix, 'adapters' | 'domains'>;

/**
 * Checks that a device may have the whole of a matrix. One that has adapters but no domains, or the other way round,
 * has no queue that anybody could miss.
 *
 * @throws `EADDRNOTAVAIL` a queue is left to the host's own drivers; `EADDRINUSE` another device has one
 */
export function checkAssignable(
  op: string,
  bus: Pick<ApBus, 'apqnInMatrixOwnedByDefDrv'>,
  mdevs: Iterable<ApMatrixMdev>,
  assignee: ApMatrixMdev,
  matrix: Queues,
): void {
  if (bus.apqnInMatrixOwnedByDefDrv(matrix.adapters, matrix.domains)) {
    const fact = `${assignee.name}: a queue is reserved for the host's drivers`;
    throw new VfioError('EADDRNOTAVAIL', op, fact);
  }
  for (const mdev of mdevs) {
    if (mdev === assignee) continue;
    const names = sharedQueues(mdev.matrix, matrix);
    const [first] = names;
    if (first === undefined) continue;
    for (const name of names) {
      assignee.log(
        'warn',
        () => `Userspace may not assign queue ${name} to mdev: already assigned to ${mdev.name}`,
      );
    }
    throw new VfioError('EADDRINUSE', op, `${first} is assigned to ${mdev.name}`);
  }
}

/**
 * Checks that the host's own drivers may have queues. Counterpart of `vfio_ap_mdev_resource_in_use()`.
 *
 * @throws `EADDRINUSE` a device has one
 */
export function checkUnassigned(
  mdevs: Iterable<ApMatrixMdev>,
  adapters: ApMask,
  domains: ApMask,
): void {
  for (const mdev of mdevs) {
    const names = sharedQueues(mdev.matrix, { adapters, domains });
    const [first] = names;
    if (first === undefined) continue;
    for (const name of names) {
      mdev.log('warn', () => `Can not reserve queue ${name} for host driver: in use by mdev`);
    }
    throw new VfioError('EADDRINUSE', 'inUse', `${first} is assigned to ${mdev.name}`);
  }
}

function sharedQueues(a: Queues, b: Queues): readonly string[] {
  const domains = [...a.domains.and(b.domains)];
  return Array.from(a.adapters.and(b.adapters)).flatMap((adapter) =>
    domains.map((domain) => apqnName(apqnOf(adapter, domain))),
  );
}
