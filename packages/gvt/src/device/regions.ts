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
  REGION_SUBTYPE_EDID,
  REGION_SUBTYPE_OPREGION,
  REGION_TYPE_GFX,
  REGION_TYPE_INTEL,
  REGISTERS_SIZE,
} from './layout.ts';
import { opRegion, OPREGION_SIZE } from './opregion.ts';
import { gvtRom } from './rom.ts';

const READ = VFIO_REGION_INFO_FLAG_READ;
const READ_WRITE = READ | VFIO_REGION_INFO_FLAG_WRITE;

const ROM = gvtRom();
const OPREGION = opRegion();

/** Tells core of regions and interrupts; the memory behind the picture is core's from then on. */
export function setUpRegions(
  vdev: VfioDevice,
  { aperture }: GpuCapacity,
  picture: SharedMemory,
): void {
  setupRegion(vdev, GVT_PICTURE_REGION, {
    size: picture.size,
    flags: READ_WRITE | VFIO_REGION_INFO_FLAG_MMAP,
    memory: picture,
  });
  setupRegion(vdev, VFIO_PCI_BAR0_REGION_INDEX, { size: BAR0_SIZE, flags: READ_WRITE });
  setupRegion(vdev, VFIO_PCI_BAR2_REGION_INDEX, { size: aperture, flags: READ_WRITE });
  setupRegion(vdev, VFIO_PCI_ROM_REGION_INDEX, { size: ROM.length, flags: READ });
  setupRegion(vdev, VFIO_PCI_CONFIG_REGION_INDEX, { size: 4096, flags: READ_WRITE });
  setupRegion(vdev, GVT_OPREGION_REGION, {
    size: OPREGION_SIZE,
    flags: READ,
    type: { type: REGION_TYPE_INTEL, subtype: REGION_SUBTYPE_OPREGION },
  });
  setupRegion(vdev, GVT_EDID_REGION, {
    size: EDID_REGION_SIZE,
    flags: READ_WRITE,
    type: { type: REGION_TYPE_GFX, subtype: REGION_SUBTYPE_EDID },
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
        this.#readBar0(offset, into);
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
        this.#writeBar0(offset, from);
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

  #readBar0(offset: number, into: Uint8Array): void {
    const { length } = into;
    if (pieceSize(offset, length) === length) {
      this.#readPiece(offset, into);
      return;
    }
    for (let done = 0; done < length;) {
      const size = pieceSize(offset + done, length - done);
      this.#readPiece(offset + done, into.subarray(done, done + size));
      done += size;
    }
  }

  #writeBar0(offset: number, from: Uint8Array): void {
    const { length } = from;
    if (pieceSize(offset, length) === length) {
      this.#writePiece(offset, from);
      return;
    }
    for (let done = 0; done < length;) {
      const size = pieceSize(offset + done, length - done);
      this.#writePiece(offset + done, from.subarray(done, done + size));
      done += size;
    }
  }

  #readPiece(offset: number, into: Uint8Array): void {
    const { gpu } = this.#targets;
    if (offset < REGISTERS_SIZE) gpu.readRegister(offset, into);
    else if (offset >= GTT_OFFSET) gpu.readGtt(offset - GTT_OFFSET, into);
    else into.fill(0);
  }

  #writePiece(offset: number, from: Uint8Array): void {
    const { gpu } = this.#targets;
    if (offset < REGISTERS_SIZE) gpu.writeRegister(offset, from);
    else if (offset >= GTT_OFFSET) gpu.writeGtt(offset - GTT_OFFSET, from);
  }
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
