// The allocator: the only way to a VfioDevice, and so the only way to a driver's object. Counterpart of the
// vfio_alloc_device() macro and _vfio_alloc_device().

import { isObject } from '../arguments.ts';
import { runAll, type Failure } from '../cleanup.ts';
import { VfioError } from '../errno.ts';
import type { VfioDeviceOps } from '../ops.ts';
import { checkOps } from './check-ops.ts';
import { leaveDeviceSet } from './set-membership.ts';
import {
  ALLOCATED,
  coreDevice,
  CoreDevice,
  RELEASED,
  type ParentDevice,
  type VfioDevice,
} from './device.ts';
import { DeviceRef, type Ref } from './ref.ts';

/** `true` where A and B are the very same type: neither wider, optional nor nullable. */
export type Exact<A, B> =
  // The two conditional types are the comparison: each needs a parameter that nothing else binds.
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters
  (<X>() => X extends A ? 1 : 2) extends <X>() => X extends B ? 1 : 2 ? true : false;

/** `K` where `T` embeds the core device under that name, `never` otherwise. */
export type EmbedsDevice<T, K extends PropertyKey> = K extends keyof T
  ? Exact<T[K], VfioDevice> extends true
    ? K
    : never
  : never;

/**
 * Builds the driver's own object around a new core device, initialises it, and returns the first reference.
 *
 * The order is index, core device, driver's constructor, `ops.init`. Where a step throws, the earlier ones are undone
 * in reverse, `release` is not called, and the error comes out unchanged.
 *
 * @param Type - the driver's class; its constructor takes the core device first
 * @param member - the field of `Type` that holds the core device
 * @param parent - what the device is made under
 * @param ops - the driver's callbacks, typed by `Type`
 * @param args - the rest of the constructor's arguments
 * @throws `EINVAL` `member` does not hold the device, or what only plain JavaScript can pass; `ENOSPC` no index is
 * left; whatever the constructor or `init` throws
 */
export function allocDevice<
  T extends object,
  const K extends keyof T,
  A extends readonly unknown[],
>(
  Type: new (vdev: VfioDevice, ...args: A) => T,
  member: K & EmbedsDevice<T, K>,
  parent: ParentDevice,
  ops: VfioDeviceOps<NoInfer<T>>,
  ...args: NoInfer<A>
): Ref<T> {
  checkOps(ops);
  checkMaker(Type, parent);
  parent.get?.();
  let device: CoreDevice | undefined;
  try {
    device = takeDevice(parent, ops);
    const self = new Type(device, ...args);
    if (self[member] !== device) {
      const fact = `${ops.name}: ${String(member)} does not hold the device`;
      throw new VfioError('EINVAL', 'allocDevice', fact);
    }
    device.self = self;
    ops.init?.(self);
    device.life = ALLOCATED;
    device.core.tracker.add(device);
    return new DeviceRef(device, self);
  } catch (error) {
    let failure: Failure | undefined = { error };
    if (device !== undefined) failure = runAll(UNDO, device, failure);
    throw runAll([() => parent.put?.()], parent, failure)?.error;
  }
}

function checkMaker(Type: unknown, parent: ParentDevice): void {
  if (typeof Type !== 'function') {
    throw new VfioError('EINVAL', 'allocDevice', 'the type is no class');
  }
  if (!isObject(parent) || !isObject(parent.core)) {
    throw new VfioError('EINVAL', 'allocDevice', 'the parent belongs to no core');
  }
}

function takeDevice(parent: ParentDevice, ops: VfioDeviceOps<object>): CoreDevice {
  const { indexes, options } = parent.core;
  options.fault?.('alloc');
  options.fault?.('index');
  return new CoreDevice(indexes.alloc(), parent, ops);
}

/** Takes back what the allocator and the set-up calls of a failed `init` took. */
const UNDO: readonly ((device: CoreDevice) => void)[] = [
  (device) => (device.life = RELEASED),
  (device) => device.closeTables(),
  (device) => leaveDeviceSet(device),
  ({ core, index }) => core.indexes.free(index),
];

/**
 * The driver's object that embeds `vdev`. Counterpart of `container_of()`.
 *
 * @throws `EINVAL` the device belongs to another class; `ENODEV` it has been released
 */
export function containerOf<T extends object>(
  vdev: VfioDevice,
  Type: abstract new (...args: never[]) => T,
): T {
  const { life, name, self } = coreDevice(vdev, 'containerOf');
  if (life.tag === 'released')
    throw new VfioError('ENODEV', 'containerOf', `${name} has been released`);
  if (typeof Type === 'function' && self instanceof Type) return self;
  throw new VfioError('EINVAL', 'containerOf', `${name} is of another class`);
}
