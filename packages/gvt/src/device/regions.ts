// The regions of a vGPU, and where an access of each goes. Counterpart of intel_vgpu_rw() (gvt/kvmgt.c).

import {
  setupIrq,
  setupRegion,
  VFIO_IRQ_INFO_AUTOMASKED,
  VFIO_IRQ_INFO_EVENTFD,
  VFIO_IRQ_INFO_MASKABLE,
  VFIO_IRQ_INFO_NORESIZE,
  VFIO_PCI_BAR0_REGION_INDEX,
  VFIO_PCI_BAR2_REGION_INDEX,
  VFIO_PCI_CONFIG_REGION_INDEX,
  VFIO_PCI_INTX_IRQ_INDEX,
  VFIO_PCI_MSI_IRQ_INDEX,
  VFIO_PCI_ROM_REGION_INDEX,
  VFIO_REGION_INFO_FLAG_MMAP,
  VFIO_REGION_INFO_FLAG_READ,
  VFIO_REGION_INFO_FLAG_WRITE,
  VfioError,
  type PciConfigSpace,
  type SharedMemory,
  type VfioDevice,
} from '@vfio-ts/core';
import type { GpuCapacity, GpuShare, VirtualGpu } from '../gpu/gpu.ts';
import { EDID_REGION_SIZE, type EdidRegion } from './edid-region.ts';
import {
  BAR0_SIZE,
  GTT_OFFSET,
  GVT_EDID_REGION,
  GVT_OPREGION_REGION,
  GVT_PICTURE_REGION,
  GVT_PCI_VENDOR_ID,
  REGISTERS_SIZE,
  VFIO_REGION_SUBTYPE_GFX_EDID,
  VFIO_REGION_SUBTYPE_INTEL_IGD_OPREGION,
  VFIO_REGION_TYPE_GFX,
  VFIO_REGION_TYPE_PCI_VENDOR_TYPE,
} from './layout.ts';
import { opRegion, OPREGION_SIZE } from './opregion.ts';
import { gvtRom } from './rom.ts';
import type { VgpuTable } from './table.ts';

const READ = VFIO_REGION_INFO_FLAG_READ;
const READ_WRITE = READ | VFIO_REGION_INFO_FLAG_WRITE;
const MAPPABLE = READ_WRITE | VFIO_REGION_INFO_FLAG_MMAP;

const ROM = gvtRom();
const OPREGION = opRegion();
const OPREGION_TYPE = {
  type: VFIO_REGION_TYPE_PCI_VENDOR_TYPE + GVT_PCI_VENDOR_ID,
  subtype: VFIO_REGION_SUBTYPE_INTEL_IGD_OPREGION,
};

/** Memory that users of a vGPU can map. */
export interface RegionMemory {
  /** Of BAR 0; `undefined` where each access is a message. */
  readonly table: VgpuTable | undefined;
  readonly picture: SharedMemory;
}

/** Tells core of regions and interrupts; memory behind them is core's from then on. */
export function setUpRegions(
  vdev: VfioDevice,
  { aperture }: GpuCapacity,
  { table, picture }: RegionMemory,
): void {
  setupRegion(vdev, GVT_PICTURE_REGION, {
    size: picture.size,
    flags: MAPPABLE,
    memory: picture,
  });
  setupRegion(vdev, VFIO_PCI_BAR0_REGION_INDEX, {
    size: BAR0_SIZE,
    flags: READ_WRITE,
    ...(table && { flags: MAPPABLE, memory: table.memory, sparse: [table.area] }),
  });
  setupRegion(vdev, VFIO_PCI_BAR2_REGION_INDEX, { size: aperture, flags: READ_WRITE });
  setupRegion(vdev, VFIO_PCI_ROM_REGION_INDEX, { size: ROM.length, flags: READ });
  setupRegion(vdev, VFIO_PCI_CONFIG_REGION_INDEX, { size: 4096, flags: READ_WRITE });
  setupRegion(vdev, GVT_OPREGION_REGION, {
    size: OPREGION_SIZE,
    flags: READ,
    type: OPREGION_TYPE,
  });
  setupRegion(vdev, GVT_EDID_REGION, {
    size: EDID_REGION_SIZE,
    flags: READ_WRITE,
    type: { type: VFIO_REGION_TYPE_GFX, subtype: VFIO_REGION_SUBTYPE_GFX_EDID },
  });
  setupIrq(vdev, VFIO_PCI_INTX_IRQ_INDEX, {
    count: 1,
    flags: VFIO_IRQ_INFO_EVENTFD | VFIO_IRQ_INFO_MASKABLE | VFIO_IRQ_INFO_AUTOMASKED,
  });
  setupIrq(vdev, VFIO_PCI_MSI_IRQ_INDEX, {
    count: 1,
    flags: VFIO_IRQ_INFO_EVENTFD | VFIO_IRQ_INFO_NORESIZE,
  });
}

/** What is behind the regions of one vGPU. */
export interface RegionTargets {
  readonly gpu: VirtualGpu;
  readonly config: PciConfigSpace;
  readonly edid: EdidRegion;
  readonly share: GpuShare;
}

/** Accesses of the regions that no memory backs. Core has checked that they are inside. */
export class VgpuRegions {
  readonly #targets: RegionTargets;

  constructor(targets: RegionTargets) {
    this.#targets = targets;
  }

  /** @throws VfioError `EINVAL` a part of BAR 2 that is not this vGPU's; what the EDID region gives */
  read(region: number, offset: number, into: Uint8Array): void {
    const { gpu, config, edid, share } = this.#targets;
    switch (region) {
      case VFIO_PCI_BAR0_REGION_INDEX:
        inPieces(gpu, offset, into, readPiece);
        return;
      case VFIO_PCI_BAR2_REGION_INDEX:
        checkAperture(share, offset, into.length);
        gpu.readAperture(offset, into);
        return;
      case VFIO_PCI_CONFIG_REGION_INDEX:
        config.read(offset, into);
        return;
      case VFIO_PCI_ROM_REGION_INDEX:
        into.set(ROM.subarray(offset, offset + into.length));
        return;
      case GVT_OPREGION_REGION:
        into.set(OPREGION.subarray(offset, offset + into.length));
        return;
      case GVT_EDID_REGION:
        edid.read(offset, into);
        return;
      default:
        throw new VfioError('EINVAL', 'read', `region ${region} is not there`);
    }
  }

  /** Opposite direction of {@link VgpuRegions.read}. @throws VfioError as it */
  write(region: number, offset: number, from: Uint8Array): void {
    const { gpu, config, edid, share } = this.#targets;
    switch (region) {
      case VFIO_PCI_BAR0_REGION_INDEX:
        inPieces(gpu, offset, from, writePiece);
        return;
      case VFIO_PCI_BAR2_REGION_INDEX:
        checkAperture(share, offset, from.length);
        gpu.writeAperture(offset, from);
        return;
      case VFIO_PCI_CONFIG_REGION_INDEX:
        config.write(offset, from);
        return;
      case GVT_EDID_REGION:
        edid.write(offset, from);
        return;
      default:
        throw new VfioError('EINVAL', 'write', `region ${region} is not there`);
    }
  }
}

/** Does an access of BAR 0 piece by piece; nearly every one is one piece. */
function inPieces(
  gpu: VirtualGpu,
  offset: number,
  bytes: Uint8Array,
  access: (gpu: VirtualGpu, offset: number, piece: Uint8Array) => void,
): void {
  const { length } = bytes;
  if (pieceSize(offset, length) === length) {
    access(gpu, offset, bytes);
    return;
  }
  for (let done = 0; done < length;) {
    const size = pieceSize(offset + done, length - done);
    access(gpu, offset + done, bytes.subarray(done, done + size));
    done += size;
  }
}

function readPiece(gpu: VirtualGpu, offset: number, into: Uint8Array): void {
  if (offset < REGISTERS_SIZE) gpu.readRegister(offset, into);
  else if (offset >= GTT_OFFSET) gpu.readGtt(offset - GTT_OFFSET, into);
  else into.fill(0);
}

function writePiece(gpu: VirtualGpu, offset: number, from: Uint8Array): void {
  if (offset < REGISTERS_SIZE) gpu.writeRegister(offset, from);
  else if (offset >= GTT_OFFSET) gpu.writeGtt(offset - GTT_OFFSET, from);
}

/** Bytes of the next naturally aligned piece of an access of BAR 0: up to 4, in the table up to 8. */
export function pieceSize(offset: number, left: number): number {
  if (offset >= GTT_OFFSET && left >= 8 && offset % 8 === 0) return 8;
  if (left >= 4 && offset % 4 === 0) return 4;
  if (left >= 2 && offset % 2 === 0) return 2;
  return 1;
}

function checkAperture({ aperture }: GpuShare, offset: number, length: number): void {
  if (offset >= aperture.base && offset + length <= aperture.base + aperture.size) return;
  const where = `0x${offset.toString(16)}+0x${length.toString(16)}`;
  throw new VfioError('EINVAL', 'aperture', `${where} is another's part of the aperture`);
}
