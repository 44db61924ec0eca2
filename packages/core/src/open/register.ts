// Registration makes a device visible; unregistration takes it away and waits until nobody uses it. Counterpart of
// __vfio_register_dev() and vfio_unregister_group_dev().

import { isObject } from '../arguments.ts';
import { CoreTable } from '../core-table.ts';
import { ensureDeviceSet } from '../device/set-membership.ts';
import {
  liveDevice,
  UNREGISTERED,
  type CoreDevice,
  type IommuGroup,
  type VfioDevice,
} from '../device/device.ts';
import { Registration } from '../device/registration.ts';
import { VfioError } from '../errno.ts';
import type { Timer } from '../host.ts';
import { VfioGroup } from './group.ts';

/** How often an unregister asks the driver again while somebody uses the device, ms. */
export const REQUEST_INTERVAL_MS = 10_000;

const physicalGroups = new CoreTable(() => new WeakMap<IommuGroup, VfioGroup>());

/**
 * Registers a device without an IOMMU of its own in a group of its own. Counterpart of
 * `vfio_register_emulated_iommu_dev()`.
 *
 * @throws `EINVAL` not freshly allocated, or iommufd callbacks missing; what an injected fault throws. The device is
 * then as before: put it.
 */
export function registerEmulatedIommuDev(vdev: VfioDevice): void {
  const device = registrable(vdev, 'registerEmulatedIommuDev');
  device.options.fault?.('group');
  register(device, new VfioGroup(`vfio-noiommu/${device.name}`, false), true);
}

/**
 * Registers a device in the IOMMU group of its parent. Counterpart of `vfio_register_group_dev()`.
 *
 * @throws `EINVAL` not freshly allocated, iommufd callbacks missing, no group and no no-IOMMU mode, IOMMU not cache
 * coherent, or the parent is in its group already. The device is then as before: put it.
 */
export function registerGroupDev(vdev: VfioDevice): void {
  const op = 'registerGroupDev';
  const device = registrable(vdev, op);
  const { iommuGroup, name } = device.parent;
  const { core } = device;
  core.options.fault?.('group');
  if (!isObject(iommuGroup)) {
    if (core.options.noIommu !== true) {
      throw new VfioError('EINVAL', op, `${name} is in no IOMMU group`);
    }
    core.logger.log('warn', device.name, () => `${name} has no IOMMU: its DMA is not contained`);
    register(device, new VfioGroup(`noiommu-${device.index}`, true), false);
    return;
  }
  if (!iommuGroup.cacheCoherent) {
    throw new VfioError('EINVAL', op, `the IOMMU of ${name} is not cache coherent`);
  }
  const groups = physicalGroups.of(core);
  const group = groups.get(iommuGroup) ?? new VfioGroup(String(iommuGroup.id), false);
  if (group.devices.some((other) => other.parent === device.parent)) {
    core.logger.log('warn', device.name, () => `${name} is in group ${group.name} already`);
    throw new VfioError('EINVAL', op, `${name} is in group ${group.name} already`);
  }
  register(device, group, false);
  groups.set(iommuGroup, group);
}

function registrable(vdev: VfioDevice, op: string): CoreDevice {
  const device = liveDevice(vdev, op);
  if (device.state !== 'allocated') {
    throw new VfioError('EINVAL', op, `${device.name} is ${device.state}, not allocated`);
  }
  if (device.options.iommufd === true && device.ops.bindIommufd === undefined) {
    const missing = 'bindIommufd, unbindIommufd, attachIoas, detachIoas';
    const fact = `${device.ops.name} lacks ${missing}; iommufdEmulatedOps has them`;
    device.core.logger.log('warn', device.name, () => fact);
    throw new VfioError('EINVAL', op, fact);
  }
  return device;
}

function register(device: CoreDevice, group: VfioGroup, isEmulated: boolean): void {
  const { options, parent, ops } = device;
  options.fault?.('device-add');
  // The bus may refuse: nothing has changed until it has not.
  parent.deviceAdded?.(device);
  ensureDeviceSet(device);
  device.isEmulated = isEmulated;
  device.group = group;
  const offers = { migration: ops.migration !== undefined, log: ops.log !== undefined };
  device.life = { tag: 'registered', registration: new Registration(offers) };
  group.devices.push(device);
}

/** How an unregister waits. */
export interface UnregisterOptions {
  /** Resolves when somebody loses patience: that is logged once, and the wait goes on. */
  readonly interrupted?: Promise<void>;
}

const NOW: Promise<void> = Promise.resolve();

/**
 * Takes a device away: no new look-ups and opens at once, then waits until every open file and mapping is
 * closed, calling `ops.request` at once and every 10 s. Counterpart of `vfio_unregister_group_dev()`.
 *
 * @throws `EINVAL` not registered; `ENODEV` released. It cannot fail otherwise, and never gives up.
 */
export function unregisterGroupDev(vdev: VfioDevice, options?: UnregisterOptions): Promise<void> {
  try {
    return unregister(liveDevice(vdev, 'unregisterGroupDev'), options);
  } catch (error) {
    return Promise.reject(error);
  }
}

function unregister(device: CoreDevice, options: UnregisterOptions | undefined): Promise<void> {
  const { life } = device;
  if (life.tag !== 'registered') {
    throw new VfioError('EINVAL', 'unregisterGroupDev', `${device.name} is ${life.tag}`);
  }
  const { registration } = life;
  leaveGroup(device);
  device.life = { tag: 'unregistering', registration };
  tellBus(device);
  // Balances the count the registration began with.
  registration.put();
  if (registration.isOver) {
    device.life = UNREGISTERED;
    return NOW;
  }
  return waitForUsers(device, registration, options);
}

function leaveGroup(device: CoreDevice): void {
  const { group } = device;
  device.group = undefined;
  if (!(group instanceof VfioGroup)) return;
  group.devices.splice(group.devices.indexOf(device), 1);
}

/** The bus cannot keep a device. */
function tellBus(device: CoreDevice): void {
  try {
    device.parent.deviceRemoved?.(device);
  } catch (error) {
    device.core.logger.log('error', device.name, () => 'the bus failed to take it away', error);
  }
}

function waitForUsers(
  device: CoreDevice,
  registration: Registration,
  options: UnregisterOptions | undefined,
): Promise<void> {
  const { clock, logger } = device.core;
  const { promise, resolve } = Promise.withResolvers<void>();
  let timer: Timer | undefined;
  let count = 0;
  const ask = (): void => {
    try {
      device.ops.request?.(device.self, count);
    } catch (error) {
      logger.log('error', device.name, () => 'request failed', error);
    }
    count++;
    // The request may have let the device go.
    if (!registration.isOver) timer = clock.after(REQUEST_INTERVAL_MS, ask);
  };
  registration.whenOver(() => {
    timer?.cancel();
    device.life = UNREGISTERED;
    resolve();
  });
  ask();
  const blocked = (): void => {
    if (registration.isOver) return;
    logger.log('warn', device.name, () => 'the waiter is blocked until the device is released');
  };
  // However it settles: a rejection that nobody looks at would end the process.
  void options?.interrupted?.then(blocked, blocked);
  return promise;
}
