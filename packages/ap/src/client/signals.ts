// How the device tells a client of things.

import {
  VFIO_IRQ_SET_ACTION_TRIGGER,
  VFIO_IRQ_SET_DATA_EVENTFD,
  type MakeSignal,
  type VfioAccess,
} from '@vfio-ts/core';

/** Which interrupt of the device calls what. */
export interface ApWatch {
  readonly index: number;
  readonly subindex: number;
  readonly fire: () => void;
}

const FLAGS = VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER;

/** Sets signals for interrupts, one after the other. What it returns takes them back. @throws what `setIrqs` gives */
export async function watchIrqs(
  access: VfioAccess,
  makeSignal: MakeSignal,
  watches: readonly ApWatch[],
): Promise<AsyncDisposableStack> {
  await using undo = new AsyncDisposableStack();
  for (const { index, subindex, fire } of watches) {
    const made = makeSignal(fire);
    undo.defer(() => made.close());
    const request = { flags: FLAGS, index, start: subindex, count: 1 };
    try {
      // oxlint-disable-next-line no-await-in-loop
      await access.setIrqs({ ...request, signals: [made.signal] });
    } catch (error) {
      made.signal.close();
      throw error;
    }
    undo.defer(() => access.setIrqs({ ...request, signals: [null] }));
  }
  return undo.move();
}
