// The embedded guest: what Linux's mdpy-fb driver does with the device (samples/vfio-mdev/mdpy-fb.c), over the wire.

import {
  DRM_FORMAT_XRGB8888,
  PCI_BASE_ADDRESS_0,
  PCI_VENDOR_ID,
  VFIO_PCI_BAR0_REGION_INDEX,
  VFIO_PCI_CONFIG_REGION_INDEX,
  VfioError,
  type MemoryMapping,
  type VfioAccess,
} from '@vfio-ts/core';
import {
  MDPY_FORMAT_OFFSET,
  MDPY_HEIGHT_OFFSET,
  MDPY_PCI_DEVICE_ID,
  MDPY_PCI_VENDOR_ID,
  MDPY_WIDTH_OFFSET,
} from '@vfio-ts/mdpy-sample';

/** A frame buffer the guest has found and mapped. */
export interface GuestFramebuffer {
  /** Pixels. */
  readonly width: number;
  /** Pixels. */
  readonly height: number;
  /** The pixels, 32 bits each; ends with the mapping. */
  readonly pixels: Uint32Array;
  readonly mapping: MemoryMapping;
}

/** Any address does: the embedded guest maps the region, not the bus. */
const BAR0_ADDRESS = 0xe000_0000;

/**
 * Finds the device, programs its BAR and maps the frame buffer.
 *
 * @throws `ENODEV` another device; `EINVAL` another pixel format or an impossible size
 */
export async function probeMdpyFb(access: VfioAccess): Promise<GuestFramebuffer> {
  const ids = await config32(access, PCI_VENDOR_ID);
  if (ids !== ((MDPY_PCI_DEVICE_ID << 16) | MDPY_PCI_VENDOR_ID) >>> 0) {
    throw new VfioError('ENODEV', 'probe', `device 0x${ids.toString(16)} is no mdpy`);
  }
  const format = await config32(access, MDPY_FORMAT_OFFSET);
  const width = await config32(access, MDPY_WIDTH_OFFSET);
  const height = await config32(access, MDPY_HEIGHT_OFFSET);
  if (format !== DRM_FORMAT_XRGB8888 || !isSane(width) || !isSane(height)) {
    throw new VfioError('EINVAL', 'probe', `${width}x${height}, format 0x${format.toString(16)}`);
  }
  const size = await sizeBar0(access);
  const mapping = await access.mmap(VFIO_PCI_BAR0_REGION_INDEX, 0, size);
  const { buffer, byteOffset } = mapping.bytes;
  return { width, height, pixels: new Uint32Array(buffer, byteOffset, width * height), mapping };
}

function isSane(pixels: number): boolean {
  return pixels >= 100 && pixels <= 10_000;
}

/** The sizing protocol, as firmware does it; leaves an address behind. */
async function sizeBar0(access: VfioAccess): Promise<number> {
  await setConfig32(access, PCI_BASE_ADDRESS_0, 0xffff_ffff);
  const mask = await config32(access, PCI_BASE_ADDRESS_0);
  await setConfig32(access, PCI_BASE_ADDRESS_0, BAR0_ADDRESS);
  // The lowest address bit that can be set is the size.
  return (~(mask & ~0xf) + 1) >>> 0;
}

async function config32(access: VfioAccess, offset: number): Promise<number> {
  const bytes = new Uint8Array(4);
  await access.read(VFIO_PCI_CONFIG_REGION_INDEX, offset, bytes);
  return new DataView(bytes.buffer).getUint32(0, true);
}

async function setConfig32(access: VfioAccess, offset: number, value: number): Promise<void> {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  await access.write(VFIO_PCI_CONFIG_REGION_INDEX, offset, bytes);
}
