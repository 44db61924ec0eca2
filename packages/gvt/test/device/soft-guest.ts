// A guest of a vGPU over the software GPU, with some memory.

import { allocDevice, registerEmulatedIommuDev, unregisterGroupDev } from '@vfio-ts/core';
import { GVT_V5_8, IntelGvt, IntelVgpu, intelVgpuOps, SoftGpu } from '../../src/index.ts';
import { openVgpu, testCore, type OpenVgpu, type TestCore } from './support.ts';

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
