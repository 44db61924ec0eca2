// DEVICE_GET_INFO and DEVICE_GET_IRQ_INFO: the kernel's structures without pointers.
//
//   info:  0 argsz  4 flags  8 num_regions  12 num_irqs
//   irq:   0 argsz  4 flags  8 index        12 count

import { VFIO_DEVICE_FLAGS_CAPS, type DeviceInfo, type IrqInfo } from '@vfio-ts/core';

/** Bytes of `struct vfio_device_info` on the wire. */
export const DEVICE_INFO_SIZE = 16;
/** Bytes of `struct vfio_irq_info`. */
export const IRQ_INFO_SIZE = 16;

/** Writes a reply to DEVICE_GET_INFO; the wire has no capability chain here. */
export function encodeDeviceInfo(view: DataView, at: number, info: DeviceInfo): void {
  view.setUint32(at, DEVICE_INFO_SIZE, true);
  view.setUint32(at + 4, info.flags & ~VFIO_DEVICE_FLAGS_CAPS, true);
  view.setUint32(at + 8, info.numRegions, true);
  view.setUint32(at + 12, info.numIrqs, true);
}

/** Opposite of {@link encodeDeviceInfo}. */
export function decodeDeviceInfo(view: DataView, at: number): DeviceInfo {
  return {
    argsz: view.getUint32(at, true),
    flags: view.getUint32(at + 4, true),
    numRegions: view.getUint32(at + 8, true),
    numIrqs: view.getUint32(at + 12, true),
  };
}

/** Writes a reply to DEVICE_GET_IRQ_INFO. */
export function encodeIrqInfo(view: DataView, at: number, info: IrqInfo): void {
  view.setUint32(at, IRQ_INFO_SIZE, true);
  view.setUint32(at + 4, info.flags, true);
  view.setUint32(at + 8, info.index, true);
  view.setUint32(at + 12, info.count, true);
}

/** Opposite of {@link encodeIrqInfo}. */
export function decodeIrqInfo(view: DataView, at: number): IrqInfo {
  return {
    argsz: view.getUint32(at, true),
    flags: view.getUint32(at + 4, true),
    index: view.getUint32(at + 8, true),
    count: view.getUint32(at + 12, true),
  };
}
