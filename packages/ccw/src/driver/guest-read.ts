// Copying a program reads guest memory in steps. Where all of it is at hand they are done at once; where its owner has
// to be asked the copy goes on later, from the step it has come to.

import { dmaRw, dmaRwAsync, isErrno, type VfioDevice } from '@vfio-ts/core';

/** A range of guest memory that is to be read. */
export interface GuestRange {
  readonly iova: number;
  /** Bytes. */
  readonly length: number;
}

/** Work that asks for guest memory and gets its bytes, its own until it asks again, or the error thrown into it. */
export type GuestRead<R> = Generator<GuestRange, R, Uint8Array>;

/** How far the work has come without waiting. */
export type ReadSoFar<R> =
  | { readonly isDone: true; readonly result: R }
  | { readonly isDone: false; readonly wanted: GuestRange };

/** No work is begun within another's, so all share one place. */
const scratch = new Uint8Array(512);

/**
 * Works until it is done, or until memory is wanted that only its owner reaches.
 *
 * @throws what the work throws
 */
export function readNow<R>(vdev: VfioDevice, work: GuestRead<R>): ReadSoFar<R> {
  let step = work.next();
  while (step.done !== true) {
    const { iova, length } = step.value;
    const bytes = length <= scratch.length ? scratch.subarray(0, length) : new Uint8Array(length);
    let failure: { readonly error: unknown } | undefined = undefined;
    try {
      dmaRw(vdev, iova, bytes, false);
    } catch (error) {
      if (isErrno(error, 'EOPNOTSUPP')) return { isDone: false, wanted: step.value };
      failure = { error };
    }
    step = failure === undefined ? work.next(bytes) : work.throw(failure.error);
  }
  return { isDone: true, result: step.value };
}

/**
 * Goes on from where {@link readNow} has stopped.
 *
 * @param isOver - nobody wants the result any more: the work is dropped
 * @returns `undefined` when it was dropped
 * @throws what the work throws
 */
export async function readLater<R>(
  vdev: VfioDevice,
  work: GuestRead<R>,
  wanted: GuestRange,
  isOver: () => boolean,
): Promise<R | undefined> {
  let { iova, length } = wanted;
  for (;;) {
    const bytes = new Uint8Array(length);
    let failure: { readonly error: unknown } | undefined = undefined;
    try {
      await dmaRwAsync(vdev, iova, bytes, false);
    } catch (error) {
      failure = { error };
    }
    if (isOver()) return undefined;
    const step = failure === undefined ? work.next(bytes) : work.throw(failure.error);
    if (step.done === true) return step.value;
    ({ iova, length } = step.value);
  }
}
