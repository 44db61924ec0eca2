// What the compiler refuses of a table of callbacks, for drivers in plain JavaScript.

import { isObject } from '../arguments.ts';
import { VfioError } from '../errno.ts';
import type { DeviceApi, VfioDeviceOps } from '../ops.ts';
import { VFIO_MIGRATION_STOP_COPY } from '../uapi.ts';

const DEVICE_APIS: Readonly<Record<DeviceApi, true>> = {
  'vfio-pci': true,
  'vfio-platform': true,
  'vfio-ccw': true,
  'vfio-ap': true,
};

/** Each is a function where it is there at all. */
const CALLBACKS = [
  'init',
  'release',
  'openDevice',
  'closeDevice',
  'bindIommufd',
  'unbindIommufd',
  'attachIoas',
  'detachIoas',
  'read',
  'write',
  'ioEvent',
  'quiesce',
  'reset',
  'request',
  'match',
  'dmaUnmap',
  'irqMask',
  'deviceFeature',
  'queryGfxPlane',
] as const;

/** Present together or absent together. */
const TOGETHER = [
  ['openDevice', 'closeDevice'],
  ['bindIommufd', 'unbindIommufd', 'attachIoas', 'detachIoas'],
] as const;

const MIGRATION = ['getState', 'setState', 'getDataSize'] as const;
const LOG = ['logStart', 'logStop', 'logReadAndClear'] as const;

/** Tables found in order: a driver allocates all its devices with the same one. */
const checked = new WeakSet<object>();

/**
 * Checks a driver's callbacks before anything is made with them.
 *
 * @throws `EINVAL` no table, no name, an unknown device api, a callback that is no function, a part of a group that
 * belongs together, migration without STOP_COPY
 */
export function checkOps(ops: VfioDeviceOps<object>): void {
  if (checked.has(ops)) return;
  if (!isObject(ops) || typeof ops.name !== 'string') throw refuse('callbacks without a name');
  const { name, deviceApi = 'vfio-pci', migration, log } = ops;
  if (!Object.hasOwn(DEVICE_APIS, deviceApi)) throw refuse(`${name}: unknown deviceApi`);
  for (const key of CALLBACKS) {
    if (ops[key] !== undefined && typeof ops[key] !== 'function') {
      throw refuse(`${name}: ${key} is no function`);
    }
  }
  for (const group of TOGETHER) {
    const present = group.filter((key) => ops[key] !== undefined).length;
    if (present !== 0 && present !== group.length) {
      throw refuse(`${name}: needs all or none of ${group.join(', ')}`);
    }
  }
  if (migration !== undefined) {
    checkWhole(name, 'migration', migration, MIGRATION);
    if (!((migration.flags & VFIO_MIGRATION_STOP_COPY) !== 0)) {
      throw refuse(`${name}: migration without STOP_COPY`);
    }
  }
  if (log !== undefined) checkWhole(name, 'log', log, LOG);
  checked.add(ops);
}

function checkWhole<K extends string>(
  name: string,
  what: string,
  table: Readonly<Record<K, unknown>>,
  keys: readonly K[],
): void {
  const absent = isObject(table) ? keys.find((key) => typeof table[key] !== 'function') : keys[0];
  if (absent !== undefined) throw refuse(`${name}: ${what} has no ${absent}`);
}

function refuse(fact: string): VfioError {
  return new VfioError('EINVAL', 'allocDevice', fact);
}
