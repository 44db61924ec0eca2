// The guest's memory as its GPU sees it: what its user has mapped for DMA, and nothing while nobody has it open.

import {
  dmaRw,
  dmaView,
  isErrno,
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
  #isSaid = false;

  constructor(vdev: VfioDevice) {
    this.#vdev = vdev;
  }

  read(address: number, into: Uint8Array): void {
    this.#check('gpuRead', address);
    this.#copy(address, into, false);
  }

  write(address: number, from: Uint8Array): void {
    this.#check('gpuWrite', address);
    this.#copy(address, from, true);
  }

  view(address: number, length: number): Uint8Array | undefined {
    if (!this.isReachable) return undefined;
    return dmaView(this.#vdev, address, length, READ_WRITE);
  }

  #copy(address: number, bytes: Uint8Array, isWrite: boolean): void {
    try {
      dmaRw(this.#vdev, address, bytes, isWrite);
    } catch (error) {
      if (isErrno(error, 'EOPNOTSUPP')) this.#sayNotShared();
      throw error;
    }
  }

  /** Everything looks as if the guest were wrong, when only its memory was not given. */
  #sayNotShared(): void {
    if (this.#isSaid) return;
    this.#isSaid = true;
    const { core, name } = this.#vdev;
    const message = "the guest's memory is not shared, so its GPU cannot reach it";
    core.logger.log('warn', name, () => message);
  }

  #check(op: string, address: number): void {
    if (this.isReachable) return;
    throw new VfioError('EFAULT', op, `0x${address.toString(16)}: the guest's memory is gone`);
  }
}
