// A guest of a vGPU over the software GPU, with some memory.

import { allocDevice, registerEmulatedIommuDev, unregisterGroupDev } from '@vfio-ts/core';
import { GVT_V5_8, IntelGvt, IntelVgpu, intelVgpuOps, SoftGpu } from '../../src/index.ts';
import { openVgpu, testCore, write32, type OpenVgpu, type TestCore } from './support.ts';

/** Where its memory is. */
export const RAM = 0x10_0000;
export const RAM_PAGES = 64;

/** One guest. */
export interface SoftGuest extends AsyncDisposable {
  readonly host: TestCore;
  readonly vgpu: IntelVgpu;
  readonly opened: OpenVgpu;
  readonly ram: Uint8Array;
}

/** Makes a guest, on a GPU of its own where none is given. */
export function softGuest(
  host: TestCore = testCore(),
  gvt: IntelGvt = new IntelGvt(new SoftGpu()),
): SoftGuest {
  const { core } = host;
  const ref = allocDevice(IntelVgpu, 'vdev', core.parent('gvt'), intelVgpuOps, gvt, GVT_V5_8);
  const { device: vgpu } = ref;
  registerEmulatedIommuDev(vgpu.vdev);
  const opened = openVgpu(host, vgpu);
  const { bytes: ram } = opened.map(RAM, RAM_PAGES);
  return {
    host,
    vgpu,
    opened,
    ram,
    async [Symbol.asyncDispose]() {
      opened.close();
      await unregisterGroupDev(vgpu.vdev);
      ref.put();
    },
  };
}

/** Shows 64x32 pixels on pipe A from the next frame on. @param surface - graphics address */
export function show({ opened: { file } }: SoftGuest, surface: number): void {
  for (const [offset, value] of [
    [0x6_001c, (63 << 16) | 31],
    [0x6_0000, (79 << 16) | 63],
    [0x6_000c, (39 << 16) | 31],
    [0x6_0400, 0x9100_0000],
    [0x7_0008, 0x8000_0000],
    [0x7_0180, 0x8400_0000],
    [0x7_0188, 4],
    [0x7_018c, 0],
    [0x7_0190, (31 << 16) | 63],
    [0x7_019c, surface],
  ] as const) {
    write32(file, 0, offset, value);
  }
}
