// VFIO_DEVICE_SET_IRQS: everything about a request that can be wrong is found here, before any effect. Counterpart
// of vfio_set_irqs_validate_and_prepare() with the dispatch of vfio-pci behind it.

import type { IrqSetRequest } from '../access.ts';
import { hex, isObject } from '../arguments.ts';
import { VfioError } from '../errno.ts';
import type { EventSignal } from '../host.ts';
import {
  VFIO_IRQ_SET_ACTION_MASK,
  VFIO_IRQ_SET_ACTION_TRIGGER,
  VFIO_IRQ_SET_ACTION_TYPE_MASK,
  VFIO_IRQ_SET_ACTION_UNMASK,
  VFIO_IRQ_SET_DATA_BOOL,
  VFIO_IRQ_SET_DATA_EVENTFD,
  VFIO_IRQ_SET_DATA_NONE,
  VFIO_IRQ_SET_DATA_TYPE_MASK,
} from '../uapi.ts';

/** Bytes of `struct vfio_irq_set` without data. */
export const IRQ_SET_SIZE = 20;

/** What a request is about to do. */
export type IrqAction = 'mask' | 'unmask' | 'trigger';

/** What comes with a request, one entry for each of `count`. */
export type IrqData =
  | { readonly type: 'none' }
  | { readonly type: 'bool'; readonly bools: Uint8Array }
  | { readonly type: 'eventfd'; readonly signals: readonly (EventSignal | null)[] };

/** A request that passed every check that does not depend on the state of the index. */
export interface PreparedIrqSet {
  readonly index: number;
  readonly start: number;
  readonly count: number;
  readonly action: IrqAction;
  readonly data: IrqData;
}

/** The error of a refused request. */
export function refuseIrqSet(code: 'EINVAL' | 'ENOTTY', fact: string): never {
  throw new VfioError(code, 'setIrqs', fact);
}

/**
 * Checks a request in the order of the kernel.
 *
 * @param numIrqs - subindexes of the index asked for
 * @param numIndexes - how many indexes the device has
 * @throws `EINVAL` malformed; `ENOTTY` not exactly one action
 */
export function prepareIrqSet(
  request: IrqSetRequest,
  numIrqs: number,
  numIndexes: number,
): PreparedIrqSet {
  const { flags, index, start, count } = request;
  const known = VFIO_IRQ_SET_DATA_TYPE_MASK | VFIO_IRQ_SET_ACTION_TYPE_MASK;
  const type = flags & VFIO_IRQ_SET_DATA_TYPE_MASK;
  const each = bytesEach(type);
  const argsz = request.argsz ?? IRQ_SET_SIZE + count * (each ?? 0);
  for (const value of [flags, index, start, count, argsz]) {
    if (!(Number.isInteger(value) && value >= 0)) refuseIrqSet('EINVAL', 'not a natural number');
  }
  if (argsz < IRQ_SET_SIZE) refuseIrqSet('EINVAL', `argsz ${argsz} is below ${IRQ_SET_SIZE}`);
  if (index >= numIndexes) refuseIrqSet('EINVAL', `no irq index ${index}`);
  if (count >= 0xffff_ffff - start) refuseIrqSet('EINVAL', 'start + count overflows');
  if (flags > known || (flags & ~known) !== 0) {
    refuseIrqSet('EINVAL', `unknown flags ${hex(flags)}`);
  }
  if (start >= numIrqs || start + count > numIrqs) {
    refuseIrqSet('EINVAL', `irq ${index}: ${start}+${count} is past the end ${numIrqs}`);
  }
  if (each === undefined) refuseIrqSet('EINVAL', 'not exactly one data type');
  if (argsz - IRQ_SET_SIZE < count * each) refuseIrqSet('EINVAL', 'argsz has no room for the data');
  const action = actionOf(flags);
  if (action === undefined) refuseIrqSet('ENOTTY', 'not exactly one action');
  if (count === 0 && (type !== VFIO_IRQ_SET_DATA_NONE || action !== 'trigger' || start !== 0)) {
    refuseIrqSet('EINVAL', 'count 0 means disable: start 0, trigger and no data only');
  }
  return { index, start, count, action, data: dataOf(request, type) };
}

function bytesEach(type: number): number | undefined {
  switch (type) {
    case VFIO_IRQ_SET_DATA_NONE:
      return 0;
    case VFIO_IRQ_SET_DATA_BOOL:
      return 1;
    case VFIO_IRQ_SET_DATA_EVENTFD:
      return 4;
    default:
      return undefined;
  }
}

function actionOf(flags: number): IrqAction | undefined {
  switch (flags & VFIO_IRQ_SET_ACTION_TYPE_MASK) {
    case VFIO_IRQ_SET_ACTION_MASK:
      return 'mask';
    case VFIO_IRQ_SET_ACTION_UNMASK:
      return 'unmask';
    case VFIO_IRQ_SET_ACTION_TRIGGER:
      return 'trigger';
    default:
      return undefined;
  }
}

function dataOf({ count, bools, signals }: IrqSetRequest, type: number): IrqData {
  if (type === VFIO_IRQ_SET_DATA_NONE) return { type: 'none' };
  if (type === VFIO_IRQ_SET_DATA_BOOL) {
    if (!(bools instanceof Uint8Array) || bools.length !== count) {
      refuseIrqSet('EINVAL', `needs ${count} bools`);
    }
    return { type: 'bool', bools };
  }
  if (!Array.isArray(signals) || signals.length !== count || !signals.every(isSignal)) {
    refuseIrqSet('EINVAL', `needs ${count} signals`);
  }
  return { type: 'eventfd', signals };
}

function isSignal(value: EventSignal | null): boolean {
  return value === null || (isObject(value) && typeof value.signal === 'function');
}
