// A vGPU over the software GPU as the conformance suite and the fuzzer see it.

import { createHash } from 'node:crypto';
import { supportsNothing, type DeviceHarness } from '@vfio-ts/conformance';
import {
  allocDevice,
  setIntx,
  triggerIrq,
  VFIO_PCI_BAR0_REGION_INDEX,
  VFIO_PCI_BAR2_REGION_INDEX,
} from '@vfio-ts/core';
import {
  GVT_EDID_REGION,
  GVT_PCI_CLASS_CODE,
  GVT_PCI_DEVICE_ID,
  GVT_PCI_SUBSYSTEM_ID,
  GVT_PCI_SUBSYSTEM_VENDOR_ID,
  GVT_PCI_VENDOR_ID,
  GVT_V5_8,
  IntelGvt,
  intelVgpuOps,
  IntelVgpu,
  registerGvt,
  SoftGpu,
} from '../src/index.ts';

const type = { deviceApi: 'vfio-pci' };
/** A register that is nothing but storage, and the page that says whose GPU it is. */
const SCRATCH = 0x4_f000;
const PVINFO = 0x7_8000;
/** An entry of its low graphics memory. */
const LOW_ENTRY = 0x84_0000;

/** The harness of a vGPU of the smallest type. */
export const harness: DeviceHarness<IntelVgpu> = {
  name: 'gvt',
  supports: {
    ...supportsNothing,
    pci: true,
    reset: true,
    mmap: true,
    irqs: true,
    gfx: true,
    iommufd: true,
  },
  ops: intelVgpuOps,
  create: (host, ops) =>
    allocDevice(IntelVgpu, 'vdev', host.parent('gvt'), ops, new IntelGvt(new SoftGpu()), GVT_V5_8),
  vdev: ({ vdev }) => vdev,
  triggerIrq: ({ vdev }, index, subindex) => triggerIrq(vdev, index, subindex),
  setIntx: ({ vdev }, asserted) => setIntx(vdev, asserted),
  pciIds: {
    vendorId: GVT_PCI_VENDOR_ID,
    deviceId: GVT_PCI_DEVICE_ID,
    classCode: GVT_PCI_CLASS_CODE,
    subsystemVendorId: GVT_PCI_SUBSYSTEM_VENDOR_ID,
    subsystemId: GVT_PCI_SUBSYSTEM_ID,
  },
  // BAR 2 is another's but for this vGPU's share; the monitor's registers want whole ones.
  partialRegions: [VFIO_PCI_BAR2_REGION_INDEX, GVT_EDID_REGION],
  mutate(vgpu) {
    vgpu.write(VFIO_PCI_BAR0_REGION_INDEX, SCRATCH, Uint8Array.of(1, 2, 3, 4));
    vgpu.write(VFIO_PCI_BAR0_REGION_INDEX, LOW_ENTRY, Uint8Array.of(1, 0x10, 0, 0, 0, 0, 0, 0));
    vgpu.config.write(0x10, Uint8Array.of(0, 0, 0, 0xfd));
  },
  snapshot(vgpu) {
    const registers = [SCRATCH, PVINFO, LOW_ENTRY].map((offset) => {
      const bytes = new Uint8Array(0x1000);
      vgpu.read(VFIO_PCI_BAR0_REGION_INDEX, offset, bytes);
      return bytes;
    });
    const hash = createHash('sha256').update(vgpu.config.save());
    for (const bytes of registers) hash.update(bytes);
    return hash.digest();
  },
  mdev: {
    register: (bus) => registerGvt(bus, new SoftGpu()),
    limitError: 'ENOSPC',
    directories: {
      'i915-GVTg_V5_8': {
        ...type,
        name: 'GVTg_V5_8',
        availableInstances: 2,
        description: description(64, 384, '1024x768', 2),
        attributes: { 'intel_vgpu/vgpu_id': '1\n' },
      },
      'i915-GVTg_V5_4': {
        ...type,
        name: 'GVTg_V5_4',
        availableInstances: 1,
        description: description(128, 512, '1920x1200', 4),
        attributes: { 'intel_vgpu/vgpu_id': '1\n' },
      },
    },
  },
};

/** The same of one whose table is nothing but messages. */
export const trappedHarness: DeviceHarness<IntelVgpu> = {
  ...harness,
  name: 'gvt, trapped table',
  create: (host, ops) =>
    allocDevice(
      IntelVgpu,
      'vdev',
      host.parent('gvt'),
      ops,
      new IntelGvt(new SoftGpu(), { table: 'trapped' }),
      GVT_V5_8,
    ),
};

function description(low: number, high: number, resolution: string, weight: number): string {
  return [
    `low_gm_size: ${low}MB`,
    `high_gm_size: ${high}MB`,
    'fence: 4',
    `resolution: ${resolution}`,
    `weight: ${weight}`,
  ].join('\n');
}
