// ACCES PCI-IDIO-16: 16 isolated inputs, 16 outputs, an interrupt when one of the first eight inputs changes. Only
// what Linux drivers/gpio/gpio-pci-idio-16.c with gpio-idio-16.c uses of it.

import {
  iommufdEmulatedOps,
  PciConfigSpace,
  setIntx,
  setupIrq,
  setupRegion,
  VFIO_IRQ_INFO_AUTOMASKED,
  VFIO_IRQ_INFO_EVENTFD,
  VFIO_IRQ_INFO_MASKABLE,
  VFIO_PCI_BAR2_REGION_INDEX,
  VFIO_PCI_CONFIG_REGION_INDEX,
  VFIO_PCI_INTX_IRQ_INDEX,
  VFIO_REGION_INFO_FLAG_READ,
  VFIO_REGION_INFO_FLAG_WRITE,
  type VfioDevice,
  type VfioDeviceOps,
} from '@vfio-ts/core';

const OUTPUTS_0_7 = 0;
/** Read: inputs 0 to 7. Write: clears the interrupt. */
const INPUTS_0_7 = 1;
/** Read: enables interrupts. Write: disables them. */
const IRQ_CONTROL = 2;
const OUTPUTS_8_15 = 4;
const INPUTS_8_15 = 5;
const IRQ_STATUS = 6;

/** Set while an interrupt waits. */
const STATUS_PENDING = 4;
const SIZE = 0x10;
const READ_WRITE = VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE;

/** One card. */
export class Idio16 {
  readonly vdev: VfioDevice;
  readonly config: PciConfigSpace = new PciConfigSpace({
    vendorId: 0x494f,
    deviceId: 0x0dc8,
    classCode: 0xff_00_00,
    interruptPin: 1,
    bars: { 2: { kind: 'io', size: SIZE } },
  });
  /** Bit n is output n. */
  outputs = 0;
  resets = 0;
  #inputs = 0;
  #irqEnabled = false;
  #pending = false;

  constructor(vdev: VfioDevice) {
    this.vdev = vdev;
  }

  /** Bit n is input n, as the world outside sets it. */
  get inputs(): number {
    return this.#inputs;
  }

  set inputs(value: number) {
    const changed = (value ^ this.#inputs) & 0xff;
    this.#inputs = value;
    if (changed !== 0 && this.#irqEnabled) this.#setPending(true);
  }

  get irqEnabled(): boolean {
    return this.#irqEnabled;
  }

  /** An interrupt waits to be cleared. */
  get isPending(): boolean {
    return this.#pending;
  }

  init(): void {
    const { vdev, config } = this;
    setupRegion(vdev, VFIO_PCI_CONFIG_REGION_INDEX, { size: config.size, flags: READ_WRITE });
    setupRegion(vdev, VFIO_PCI_BAR2_REGION_INDEX, { size: SIZE, flags: READ_WRITE });
    setupIrq(vdev, VFIO_PCI_INTX_IRQ_INDEX, {
      count: 1,
      flags: VFIO_IRQ_INFO_EVENTFD | VFIO_IRQ_INFO_MASKABLE | VFIO_IRQ_INFO_AUTOMASKED,
    });
  }

  reset(): void {
    this.resets++;
    this.config.reset();
    this.outputs = 0;
    this.#irqEnabled = false;
    this.#setPending(false);
  }

  read(offset: number, into: Uint8Array): void {
    for (let i = 0; i < into.length; i++) into[i] = this.#readByte(offset + i);
  }

  write(offset: number, from: Uint8Array): void {
    from.forEach((value, i) => this.#writeByte(offset + i, value));
  }

  #readByte(offset: number): number {
    switch (offset) {
      case OUTPUTS_0_7:
        return this.outputs & 0xff;
      case INPUTS_0_7:
        return this.#inputs & 0xff;
      case IRQ_CONTROL:
        this.#irqEnabled = true;
        return 0;
      case OUTPUTS_8_15:
        return this.outputs >> 8;
      case INPUTS_8_15:
        return this.#inputs >> 8;
      case IRQ_STATUS:
        return this.#pending ? STATUS_PENDING : 0;
      default:
        return 0xff;
    }
  }

  #writeByte(offset: number, value: number): void {
    switch (offset) {
      case OUTPUTS_0_7:
        this.outputs = (this.outputs & 0xff00) | value;
        break;
      case INPUTS_0_7:
        this.#setPending(false);
        break;
      case IRQ_CONTROL:
        this.#irqEnabled = false;
        break;
      case OUTPUTS_8_15:
        this.outputs = (this.outputs & 0x00ff) | (value << 8);
        break;
      default:
    }
  }

  #setPending(pending: boolean): void {
    this.#pending = pending;
    this.config.setIntxStatus(pending);
    setIntx(this.vdev, pending);
  }
}

/** The callbacks of {@link Idio16}. */
export const idio16Ops: VfioDeviceOps<Idio16> = {
  name: 'idio-16',
  ...iommufdEmulatedOps,
  init: (card) => card.init(),
  read(card, region, offset, into) {
    if (region === VFIO_PCI_CONFIG_REGION_INDEX) card.config.read(offset, into);
    else card.read(offset, into);
  },
  write(card, region, offset, from) {
    if (region === VFIO_PCI_CONFIG_REGION_INDEX) card.config.write(offset, from);
    else card.write(offset, from);
  },
  reset: (card) => card.reset(),
};
