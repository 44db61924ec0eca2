// What a user finds out about the interrupts of a device, and the requests it makes.

/* oxlint-disable no-await-in-loop -- a guest does one thing after the other */

import {
  VFIO_IRQ_SET_ACTION_MASK,
  VFIO_IRQ_SET_ACTION_TRIGGER,
  VFIO_IRQ_SET_ACTION_UNMASK,
  VFIO_IRQ_SET_DATA_BOOL,
  VFIO_IRQ_SET_DATA_EVENTFD,
  VFIO_IRQ_SET_DATA_NONE,
  type EventSignal,
  type IrqInfo,
  type IrqSetRequest,
  type VfioAccess,
} from '@vfio-ts/core';
import type { DeviceUnderTest } from '../device-under-test.ts';
import type { Session, TestSignal } from '../session.ts';

/** `DATA_NONE` with `ACTION_TRIGGER`: fires, or disables with count 0. */
export const TRIGGER_NONE: number = VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER;
/** `DATA_BOOL` with `ACTION_TRIGGER`: fires those that are set. */
export const TRIGGER_BOOL: number = VFIO_IRQ_SET_DATA_BOOL | VFIO_IRQ_SET_ACTION_TRIGGER;
/** `DATA_EVENTFD` with `ACTION_TRIGGER`: assigns. */
export const TRIGGER_EVENTFD: number = VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER;
/** `DATA_NONE` with `ACTION_MASK`. */
export const MASK_NONE: number = VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_MASK;
/** `DATA_NONE` with `ACTION_UNMASK`. */
export const UNMASK_NONE: number = VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_UNMASK;

/** The descriptions of all interrupt indexes, those that are not implemented included. */
export async function irqInfos(access: VfioAccess): Promise<readonly IrqInfo[]> {
  const { numIrqs } = await access.getInfo();
  const infos: IrqInfo[] = [];
  for (let index = 0; index < numIrqs; index++) {
    infos.push(await access.getIrqInfo(index));
  }
  return infos;
}

/** The interrupt indexes that have a subindex. */
export async function implementedIrqs(access: VfioAccess): Promise<readonly IrqInfo[]> {
  return (await irqInfos(access)).filter(({ count }) => count > 0);
}

/** Assigns signals to `start`, `start + 1` and so on; `null` takes one away. */
export async function assign(
  access: VfioAccess,
  index: number,
  start: number,
  signals: readonly (EventSignal | null)[],
): Promise<void> {
  await access.setIrqs({ flags: TRIGGER_EVENTFD, index, start, count: signals.length, signals });
}

/** The request that disables an index. */
export function disableRequest(index: number): IrqSetRequest {
  return { flags: TRIGGER_NONE, index, start: 0, count: 0 };
}

/** How an index of the device is disabled: at once, or signal by signal where it takes nothing else. */
export function disabling({
  signalsOnly = false,
}: Pick<DeviceUnderTest<object>, 'signalsOnly'>): (index: number) => IrqSetRequest {
  if (!signalsOnly) return disableRequest;
  return (index) => ({ flags: TRIGGER_EVENTFD, index, start: 0, count: 1, signals: [null] });
}

/** The count of a signal once everything sent so far has taken effect. */
export async function countOf(session: Session, signal: TestSignal): Promise<number> {
  await session.settle();
  return signal.count();
}
