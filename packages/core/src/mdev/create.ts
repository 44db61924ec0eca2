// Making an mdev, in the order of mdev_device_create(): each step that succeeded is undone in reverse
// when a later one fails.

import { VfioError } from '../errno.ts';
import type { MdevParentDevice, MdevTypeDefinition } from './definition.ts';
import { CoreMdevDevice } from './device.ts';
import type { MdevDevice, MdevType } from './mdev.ts';
import type { ParentState } from './registry.ts';
import { parseUuid } from './uuid.ts';

/** Creates an mdev; see `MdevType.create`. @internal */
export async function createMdev<T extends MdevTypeDefinition, I, P extends MdevParentDevice>(
  shared: ParentState<T, I, P>,
  type: MdevType<T, I, P>,
  text: string,
): Promise<MdevDevice<T, I, P>> {
  const { registry, driver, gate, children } = shared;
  const { fault } = registry.core.options;

  const uuid = parseUuid(text);
  if (registry.devices.has(uuid)) {
    throw new VfioError('EEXIST', 'create', `${uuid}: is taken`);
  }
  if (driver.getAvailable === undefined && shared.available === 0) {
    throw new VfioError('EUSERS', 'create', `${shared.parent.name}: no instance is left`);
  }
  fault?.('mdev-alloc');

  await using undo = new AsyncDisposableStack();
  const mdev = new CoreMdevDevice(shared, type, uuid);
  undo.defer(() => {
    mdev.drop();
  });
  if (!gate.tryEnter()) {
    throw new VfioError('ENODEV', 'create', `${shared.parent.name}: unregistering`);
  }
  undo.defer(() => {
    gate.leave();
  });
  fault?.('mdev-add');
  children.add(mdev);
  undo.defer(() => {
    children.delete(mdev);
  });
  mdev.bind();
  undo.defer(() => mdev.unbind());
  fault?.('mdev-links');
  mdev.activate();

  undo.move();
  gate.leave();
  return mdev;
}
