// The only interrupt of a vGPU: a message where the guest has enabled MSI, INTx before that. The guest's driver looks
// at the master interrupt register again whenever it has enabled it, so both are sent as edges.

import {
  triggerIrq,
  VFIO_PCI_INTX_IRQ_INDEX,
  VFIO_PCI_MSI_IRQ_INDEX,
  type PciConfigSpace,
  type Timer,
  type VfioDevice,
} from '@vfio-ts/core';
import { isMsiEnabled } from './config-space.ts';

/** Sends the interrupt of one vGPU. */
export class VgpuInterrupt {
  readonly #vdev: VfioDevice;
  readonly #config: PciConfigSpace;
  #isHeld = false;
  #later: Timer | undefined = undefined;

  constructor(vdev: VfioDevice, config: PciConfigSpace) {
    this.#vdev = vdev;
    this.#config = config;
  }

  /** An access of the guest begins: what it causes is sent behind its reply. */
  hold(): void {
    this.#isHeld = true;
  }

  /** Opposite of {@link VgpuInterrupt.hold}. */
  letGo(): void {
    this.#isHeld = false;
  }

  /** Sends it, once however often it was wanted during one access. */
  raise(): void {
    if (!this.#isHeld) {
      this.#send();
      return;
    }
    this.#later ??= this.#vdev.core.clock.after(0, () => {
      this.#later = undefined;
      this.#send();
    });
  }

  /** Forgets what is on its way: the device is reset or closed. */
  cancel(): void {
    this.#later?.cancel();
    this.#later = undefined;
  }

  #send(): void {
    if (isMsiEnabled(this.#config)) triggerIrq(this.#vdev, VFIO_PCI_MSI_IRQ_INDEX, 0);
    else if (!this.#config.command().intxDisable) {
      triggerIrq(this.#vdev, VFIO_PCI_INTX_IRQ_INDEX, 0);
    }
  }
}
