// Which driver has which queue. Counterpart of ap_device_probe(), ap_device_remove() and ap_bus_revise_bindings()
// (drivers/s390/crypto/ap_bus.c), and of what the driver core does around them.

import { VfioError } from '@vfio-ts/core';
import type { ApDriver } from './ap-driver.ts';
import { queuePath, ROOT_DEVICE } from './paths.ts';
import type { BusQueue } from './bus-queue.ts';
import type { BusState } from './state.ts';

function takes(driver: ApDriver, queue: BusQueue): boolean {
  return driver.hwtypes.includes(queue.card.hwtype);
}

/**
 * Binds a queue that has no driver.
 *
 * @throws `ENODEV` the masks leave the queue to others; what the probe throws
 * @internal
 */
export async function probe(state: BusState, driver: ApDriver, queue: BusQueue): Promise<void> {
  if (state.ownedByDefDrv(queue.adapter, queue.domain) !== driver.isDefault) {
    throw new VfioError('ENODEV', 'probe', `${queue.name} is not for ${driver.name}`);
  }
  await driver.probe(queue);
  queue.bound = driver;
  state.uevent('bind', queuePath(queue), { DRIVER: driver.name });
}

/** Offers a queue without a driver to all drivers, the oldest first. Counterpart of `device_attach()`. @internal */
export async function attach(
  state: BusState,
  queue: BusQueue,
  drivers: Iterable<ApDriver> = state.drivers,
): Promise<void> {
  for (const driver of drivers) {
    if (queue.bound !== undefined) return;
    const isFor = state.ownedByDefDrv(queue.adapter, queue.domain) === driver.isDefault;
    if (!isFor || !takes(driver, queue)) continue;
    try {
      // The next driver is asked only when this one has refused.
      // oxlint-disable-next-line no-await-in-loop
      await probe(state, driver, queue);
    } catch (error) {
      state.log('warn', () => `${driver.name}: probe of ${queue.name} failed`, error);
    }
  }
}

/** Takes a queue away from its driver, if it has one, and zeroizes it. Counterpart of `device_driver_detach()`. @internal */
export async function detach(state: BusState, queue: BusQueue): Promise<void> {
  const driver = queue.bound;
  if (driver === undefined) return;
  try {
    await driver.remove(queue);
  } catch (error) {
    state.log('warn', () => `${driver.name}: remove of ${queue.name} threw`, error);
  }
  queue.bound = undefined;
  // After the driver, whatever it did: who gets the queue next finds nothing in it.
  queue.hardware.zeroize();
  state.uevent('unbind', queuePath(queue), { DRIVER: driver.name });
}

/** Lets queues follow the masks. Counterpart of `ap_bus_revise_bindings()`. @internal */
export async function reprobe(state: BusState, queues: Iterable<BusQueue>): Promise<void> {
  for (const queue of queues) {
    // One queue after the other, as the bus does everything.
    // oxlint-disable-next-line no-await-in-loop
    await detach(state, queue);
    // oxlint-disable-next-line no-await-in-loop
    await attach(state, queue);
  }
  checkComplete(state);
}

/**
 * The queue and the driver that a write to `bind` or `unbind` names.
 *
 * @throws `ENODEV` there is no such queue or driver, or the driver does not take its type
 * @internal
 */
export function named(
  state: BusState,
  op: string,
  driverName: string,
  queueName: string,
): { readonly driver: ApDriver; readonly queue: BusQueue } {
  const queue = state.queues.find(({ name }) => name === queueName);
  const driver = [...state.drivers].find(({ name }) => name === driverName);
  if (queue === undefined || driver === undefined || !takes(driver, queue)) {
    throw new VfioError('ENODEV', op, `no ${queueName} for ${driverName}`);
  }
  return { driver, queue };
}

/** Says once that every queue has a driver. Counterpart of `ap_check_bindings_complete()`. @internal */
export function checkComplete(state: BusState): void {
  if (state.wasComplete || state.scans === 0) return;
  if (state.queues.some(({ bound }) => bound === undefined)) return;
  state.wasComplete = true;
  state.uevent('change', ROOT_DEVICE, { BINDINGS: 'complete', COMPLETECOUNT: '1' });
}
