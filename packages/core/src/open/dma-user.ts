// A device as its address space knows it.

import type { CoreDevice } from '../device/device.ts';
import type { DmaUser } from '../dma/dma-user.ts';

/** Passes the notice of an unmap on to the driver. */
export class DeviceDmaUser implements DmaUser {
  readonly #device: CoreDevice;

  constructor(device: CoreDevice) {
    this.#device = device;
  }

  get name(): string {
    return `${this.#device.name} (${this.#device.ops.name})`;
  }

  dmaUnmap(iova: number, length: number): void {
    this.#device.ops.dmaUnmap?.(this.#device.self, iova, length);
  }

  onWrite(iova: number, length: number): void {
    this.#device.dmaLog?.onWrite(iova, length);
  }
}
