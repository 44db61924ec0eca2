// The guest's memory as its GPU sees it: what its user has mapped for DMA, and nothing while nobody has it open.

import {
  dmaRw,
  dmaView,
  VFIO_DMA_MAP_FLAG_READ,
  VFIO_DMA_MAP_FLAG_WRITE,
  VfioError,
  type VfioDevice,
} from '@vfio-ts/core';
import type { GuestMemory } from '../gpu/gpu.ts';

const READ_WRITE = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE;

/** Memory of the guest of one vGPU. */
export class VgpuMemory implements GuestMemory {
  /** The vGPU is open and not at rest. */
  isReachable = false;
  readonly #vdev: VfioDevice;

  constructor(vdev: VfioDevice) {
    this.#vdev = vdev;
  }

  read(address: number, into: Uint8Array): void {
    this.#check('gpuRead', address);
    dmaRw(this.#vdev, address, into, false);
  }

  write(address: number, from: Uint8Array): void {
    this.#check('gpuWrite', address);
    dmaRw(this.#vdev, address, from, true);
  }

  view(address: number, length: number): Uint8Array | undefined {
    if (!this.isReachable) return undefined;
    return dmaView(this.#vdev, address, length, READ_WRITE);
  }

  #check(op: string, address: number): void {
    if (this.isReachable) return;
    throw new VfioError('EFAULT', op, `0x${address.toString(16)}: the guest's memory is gone`);
  }
}
