// DEVICE_SET_IRQS: 0 argsz  4 flags  8 index  12 start  16 count  20 one byte for each of count with DATA_BOOL.
// Eventfds travel as descriptors only.

import { IRQ_SET_SIZE } from '@vfio-ts/core';

/** The fixed part of a DEVICE_SET_IRQS. */
export interface IrqSetHead {
  /** Bytes the sender says the structure has. */
  readonly argsz: number;
  /** `VFIO_IRQ_SET_*`. */
  readonly flags: number;
  readonly index: number;
  readonly start: number;
  readonly count: number;
}

/** Reads the fixed part. */
export function decodeIrqSet(view: DataView, at: number): IrqSetHead {
  return {
    argsz: view.getUint32(at, true),
    flags: view.getUint32(at + 4, true),
    index: view.getUint32(at + 8, true),
    start: view.getUint32(at + 12, true),
    count: view.getUint32(at + 16, true),
  };
}

/** Opposite of {@link decodeIrqSet}: a whole payload. */
export function encodeIrqSet(head: IrqSetHead, bools: Uint8Array = new Uint8Array(0)): Uint8Array {
  const payload = new Uint8Array(IRQ_SET_SIZE + bools.length);
  const view = new DataView(payload.buffer);
  view.setUint32(0, head.argsz, true);
  view.setUint32(4, head.flags, true);
  view.setUint32(8, head.index, true);
  view.setUint32(12, head.start, true);
  view.setUint32(16, head.count, true);
  payload.set(bools, IRQ_SET_SIZE);
  return payload;
}
