// The mdpy device: a frame buffer in BAR 0 and nothing else. Counterpart of Linux samples/vfio-mdev/mdpy.c.

import {
  DRM_FORMAT_MOD_LINEAR,
  DRM_FORMAT_XRGB8888,
  iommufdEmulatedOps,
  setupRegion,
  VFIO_PCI_BAR0_REGION_INDEX,
  VFIO_PCI_CONFIG_REGION_INDEX,
  VFIO_REGION_INFO_FLAG_MMAP,
  VFIO_REGION_INFO_FLAG_READ,
  VFIO_REGION_INFO_FLAG_WRITE,
  type GfxPlane,
  type PciConfigSpace,
  type SharedMemory,
  type VfioDevice,
  type VfioDeviceOps,
} from '@vfio-ts/core';
import { mdpyConfigSpace } from './config-space.ts';
import { paintGradient } from './framebuffer.ts';
import { MDPY_CONFIG_OFFSET, MDPY_DISPLAY_REGION, MDPY_MEMORY_OFFSET } from './layout.ts';
import { MDPY_MIGRATION_FLAGS, MdpyMigration } from './migration.ts';
import { mdpyMemorySize, mdpyStride, type MdpyType } from './types.ts';

const READ_WRITE = VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE;

/** One display. */
export class MdpyDevice {
  readonly vdev: VfioDevice;
  readonly type: MdpyType;
  readonly config: PciConfigSpace;
  readonly migration: MdpyMigration;
  #memory: SharedMemory | undefined = undefined;

  constructor(vdev: VfioDevice, type: MdpyType) {
    this.vdev = vdev;
    this.type = type;
    this.config = mdpyConfigSpace(type);
    this.migration = new MdpyMigration(this);
  }

  /** The frame buffer; length 0 once the device has been released. */
  get framebuffer(): Uint8Array {
    return this.#memory?.bytes ?? new Uint8Array(0);
  }

  /** What the screen shows, for whoever draws it. */
  get plane(): GfxPlane {
    const { type } = this;
    return {
      drmFormat: DRM_FORMAT_XRGB8888,
      drmFormatMod: DRM_FORMAT_MOD_LINEAR,
      width: type.width,
      height: type.height,
      stride: mdpyStride(type),
      size: mdpyMemorySize(type),
      xPos: 0,
      yPos: 0,
      xHot: 0,
      yHot: 0,
      regionIndex: MDPY_DISPLAY_REGION,
    };
  }

  /**
   * Takes the frame buffer; the core closes it after the release.
   *
   * @throws `ENOMEM`
   */
  init(): void {
    const { vdev, type, config } = this;
    const size = mdpyMemorySize(type);
    setupRegion(vdev, VFIO_PCI_CONFIG_REGION_INDEX, {
      size: config.size,
      offset: MDPY_CONFIG_OFFSET,
      flags: READ_WRITE,
    });
    const memory = vdev.core.memory.alloc(`mdpy-${type.sysfsName}`, size);
    const framebuffer = {
      size,
      offset: MDPY_MEMORY_OFFSET,
      flags: READ_WRITE | VFIO_REGION_INFO_FLAG_MMAP,
      memory,
    };
    setupRegion(vdev, VFIO_PCI_BAR0_REGION_INDEX, framebuffer);
    setupRegion(vdev, MDPY_DISPLAY_REGION, framebuffer);
    this.#memory = memory;
    paintGradient(memory.bytes, type);
  }

  /** Returns configuration space and picture to their initial state, and ends a migration. */
  reset(): void {
    this.migration.restart();
    this.config.reset();
    paintGradient(this.framebuffer, this.type);
  }
}

/** The callbacks of {@link MdpyDevice}. Only configuration space is trapped: the frame buffer is memory. */
export const mdpyOps: VfioDeviceOps<MdpyDevice> = {
  name: 'mdpy',
  deviceApi: 'vfio-pci',
  ...iommufdEmulatedOps,
  init: (mdpy) => mdpy.init(),
  read: (mdpy, _region, offset, into) => mdpy.config.read(offset, into),
  write: (mdpy, _region, offset, from) => mdpy.config.write(offset, from),
  openDevice: ({ migration }) => migration.restart(),
  closeDevice: ({ migration }) => migration.restart(),
  reset: (mdpy) => mdpy.reset(),
  queryGfxPlane: (mdpy) => mdpy.plane,
  migration: {
    flags: MDPY_MIGRATION_FLAGS,
    getState: ({ migration }) => migration.state,
    setState: ({ migration }, from, to) => migration.go(from, to),
    getDataSize: ({ migration }) => migration.dataSize,
  },
};
