// The display as the conformance suite and the fuzzer see it.

import { createHash } from 'node:crypto';
import { supportsNothing, type DeviceHarness } from '@vfio-ts/conformance';
import { allocDevice } from '@vfio-ts/core';
import { MDPY_VGA, MdpyDevice, mdpyOps, registerMdpy } from '../src/index.ts';

const type = { deviceApi: 'vfio-pci', availableInstances: 4 };
const description = (size: string): string => `virtual display, ${size} framebuffer`;

/** The harness of a display of the smallest type. */
export const harness: DeviceHarness<MdpyDevice> = {
  name: 'mdpy',
  supports: {
    ...supportsNothing,
    pci: true,
    reset: true,
    mmap: true,
    migration: true,
    p2p: true,
    preCopy: true,
    gfx: true,
    iommufd: true,
  },
  ops: mdpyOps,
  create: (host, ops) => allocDevice(MdpyDevice, 'vdev', host.parent('mdpy'), ops, MDPY_VGA),
  vdev: ({ vdev }) => vdev,
  pciIds: {
    vendorId: 0x1b36,
    deviceId: 0x000f,
    classCode: 0x03_80_00,
    subsystemVendorId: 0x1af4,
    subsystemId: 0x1100,
  },
  // Not at the start: every offset has to lead to its own byte.
  ram: { region: 0, offset: 0x3000, length: 0x1000 },
  mutate({ framebuffer, config }) {
    framebuffer.fill(0x5a, 0x3000, 0x4000);
    config.write(0x10, Uint8Array.of(0, 0, 0, 0xfd));
  },
  snapshot: ({ framebuffer, config }) =>
    createHash('sha256').update(framebuffer).update(config.save()).digest(),
  mdev: {
    register: (bus) => registerMdpy(bus),
    directories: {
      'mdpy-vga': { ...type, name: 'vga', description: description('640x480') },
      'mdpy-xga': { ...type, name: 'xga', description: description('1024x768') },
      'mdpy-hd': { ...type, name: 'hd', description: description('1920x1080') },
    },
  },
};
