// What a driver and a parent must be, checked before anything is registered.

import { VfioError } from '../errno.ts';
import type { DeviceApi } from '../ops.ts';
import type { MdevParentDevice, MdevTypeDefinition } from './definition.ts';
import type { MdevDriverOps } from './driver.ts';
import type { MdevAttribute } from './mdev.ts';
import { isPathComponent } from './registry.ts';

const DEVICE_APIS: ReadonlySet<DeviceApi> = new Set([
  'vfio-pci',
  'vfio-platform',
  'vfio-ccw',
  'vfio-ap',
]);

/** Files that the bus itself puts into an mdev's directory. */
const RESERVED: ReadonlySet<string> = new Set(['remove', 'mdev_type']);

/** Checks a driver that wants to register. @internal */
export function checkDriver<T extends MdevTypeDefinition, I, P extends MdevParentDevice>(
  driver: MdevDriverOps<T, I, P>,
): void {
  const { name, deviceApi, maxInstances } = driver;
  if (!isPathComponent(name)) throw refused('registerDriver', 'the driver has no usable name');
  if (!DEVICE_APIS.has(deviceApi)) {
    throw refused('registerDriver', `${name}: no device api`);
  }
  if (maxInstances === undefined ? driver.getAvailable === undefined : !isCount(maxInstances)) {
    throw refused('registerDriver', `${name}: neither a limit of instances nor getAvailable`);
  }
  for (const [group, attributes] of Object.entries(driver.attributes ?? {})) {
    checkGroup(name, group, attributes);
  }
}

/** Checks a parent that wants to register. @internal */
export function checkParent(name: string, types: readonly MdevTypeDefinition[]): void {
  if (!isPathComponent(name)) throw refused('registerParent', 'the parent has no usable name');
  const seen = new Set<string>();
  for (const { sysfsName } of types) {
    if (!isPathComponent(sysfsName)) {
      throw refused('registerParent', `${name}: a type has no usable name`);
    }
    if (seen.has(sysfsName)) {
      throw new VfioError('EEXIST', 'registerParent', `${name}: two types ${sysfsName}`);
    }
    seen.add(sysfsName);
  }
}

function checkGroup<T extends MdevTypeDefinition, I, P extends MdevParentDevice>(
  driver: string,
  group: string,
  attributes: Readonly<Record<string, MdevAttribute<T, I, P>>>,
): void {
  if (group !== '') checkEntry(driver, group);
  for (const [name, attribute] of Object.entries(attributes)) {
    if (group === '') checkEntry(driver, name);
    const hasWay = attribute.show !== undefined || attribute.store !== undefined;
    if (!isPathComponent(name) || !hasWay) {
      throw refused('registerDriver', `${driver}: attribute ${name} of group ${group}`);
    }
  }
}

function checkEntry(driver: string, name: string): void {
  if (!isPathComponent(name) || RESERVED.has(name)) {
    throw refused('registerDriver', `${driver}: ${name} cannot be in an mdev's directory`);
  }
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

function refused(op: string, fact: string): VfioError {
  return new VfioError('EINVAL', op, fact);
}
