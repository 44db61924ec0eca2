// A PCI device that raises interrupts of every kind and moves memory both ways, as its guest asks.

import {
  dmaRwAsync,
  iommufdEmulatedOps,
  isIrqEnabled,
  msiCapability,
  msixCapability,
  PciConfigSpace,
  setIntx,
  setupIrq,
  setupRegion,
  triggerIrq,
  VFIO_IRQ_INFO_AUTOMASKED,
  VFIO_IRQ_INFO_EVENTFD,
  VFIO_IRQ_INFO_MASKABLE,
  VFIO_PCI_BAR0_REGION_INDEX,
  VFIO_PCI_BAR2_REGION_INDEX,
  VFIO_PCI_BAR4_REGION_INDEX,
  VFIO_PCI_CONFIG_REGION_INDEX,
  VFIO_PCI_ERR_IRQ_INDEX,
  VFIO_PCI_INTX_IRQ_INDEX,
  VFIO_PCI_MSI_IRQ_INDEX,
  VFIO_PCI_MSIX_IRQ_INDEX,
  VFIO_REGION_INFO_FLAG_MMAP,
  VFIO_REGION_INFO_FLAG_READ,
  VFIO_REGION_INFO_FLAG_WRITE,
  type PciBars,
  type PciCapability,
  type SharedMemory,
  type VfioDevice,
  type VfioDeviceOps,
} from '@vfio-ts/core';
import * as reg from './exerciser-registers.ts';

const READ_WRITE = VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE;
const INTX_FLAGS = VFIO_IRQ_INFO_EVENTFD | VFIO_IRQ_INFO_MASKABLE | VFIO_IRQ_INFO_AUTOMASKED;

/** Which of the exercisers. */
export interface ExerciserOptions {
  /** It has MSI-X, with table and pending bits in BAR 4. */
  readonly msix: boolean;
  /** BAR 2 can be mapped; trapped otherwise. */
  readonly mappable: boolean;
}

/** The exerciser. */
export class Exerciser {
  readonly vdev: VfioDevice;
  readonly options: ExerciserOptions;
  readonly config: PciConfigSpace;
  /** How often the device was reset. */
  resets = 0;
  /** Interrupts it has raised by messages, and how often it has put up its line. */
  raised = 0;
  readonly #registers: DataView = new DataView(new ArrayBuffer(reg.EX_REGISTERS_SIZE));
  #ram: SharedMemory | undefined;

  constructor(vdev: VfioDevice, options: ExerciserOptions) {
    this.vdev = vdev;
    this.options = options;
    this.config = configSpace(options);
  }

  /** The memory of BAR 2. */
  get ram(): Uint8Array {
    return this.#ram?.bytes ?? new Uint8Array(0);
  }

  init(): void {
    const { vdev, config, options } = this;
    const ram = vdev.core.memory.alloc('exerciser', reg.EX_RAM_SIZE);
    this.#ram = ram;
    setupRegion(vdev, VFIO_PCI_CONFIG_REGION_INDEX, { size: config.size, flags: READ_WRITE });
    setupRegion(vdev, VFIO_PCI_BAR0_REGION_INDEX, {
      size: reg.EX_REGISTERS_SIZE,
      flags: READ_WRITE,
    });
    setupRegion(vdev, VFIO_PCI_BAR2_REGION_INDEX, {
      size: reg.EX_RAM_SIZE,
      flags: READ_WRITE | (options.mappable ? VFIO_REGION_INFO_FLAG_MMAP : 0),
      memory: ram,
    });
    setupIrq(vdev, VFIO_PCI_INTX_IRQ_INDEX, { count: 1, flags: INTX_FLAGS });
    setupIrq(vdev, VFIO_PCI_MSI_IRQ_INDEX, { count: 1 });
    setupIrq(vdev, VFIO_PCI_ERR_IRQ_INDEX, { count: 1 });
    if (options.msix) {
      setupRegion(vdev, VFIO_PCI_BAR4_REGION_INDEX, { size: reg.EX_MSIX_SIZE, flags: READ_WRITE });
      setupIrq(vdev, VFIO_PCI_MSIX_IRQ_INDEX, { count: reg.EX_VECTORS });
    }
    this.#registers.setUint32(reg.EX_ID, reg.EX_ID_VALUE, true);
  }

  reset(): void {
    this.resets++;
    this.config.reset();
    new Uint8Array(this.#registers.buffer).fill(0);
    this.#registers.setUint32(reg.EX_ID, reg.EX_ID_VALUE, true);
    this.ram.fill(0);
    this.#setStatus(0);
  }

  /** BAR 0; BAR 4 has nothing to say, since QEMU keeps the table and no vector is ever pending. */
  read(region: number, offset: number, into: Uint8Array): void {
    if (region === VFIO_PCI_CONFIG_REGION_INDEX) this.config.read(offset, into);
    else if (region === VFIO_PCI_BAR0_REGION_INDEX) {
      into.set(new Uint8Array(this.#registers.buffer, offset, into.length));
    } else into.fill(0);
  }

  write(region: number, offset: number, from: Uint8Array): void {
    if (region === VFIO_PCI_CONFIG_REGION_INDEX) this.config.write(offset, from);
    else if (region === VFIO_PCI_BAR0_REGION_INDEX && from.length === 4 && offset % 4 === 0) {
      this.#writeRegister(offset, new DataView(from.buffer, from.byteOffset).getUint32(0, true));
    }
  }

  #writeRegister(offset: number, value: number): void {
    switch (offset) {
      case reg.EX_SCRATCH:
      case reg.EX_VECTOR:
      case reg.EX_DMA_LOW:
      case reg.EX_DMA_HIGH:
      case reg.EX_DMA_OFFSET:
      case reg.EX_DMA_LENGTH:
        this.#registers.setUint32(offset, value, true);
        break;
      case reg.EX_RAISE:
        this.#raise(value);
        break;
      case reg.EX_ACK:
        this.#setStatus(this.#get(reg.EX_STATUS) & ~value);
        break;
      case reg.EX_DMA_COMMAND:
        this.#transfer(value);
        break;
      default:
    }
  }

  /** By the kind of interrupt that the guest has enabled. */
  #raise(causes: number): void {
    this.#setStatus(this.#get(reg.EX_STATUS) | causes);
    const vector = this.#get(reg.EX_VECTOR);
    for (const index of [VFIO_PCI_MSI_IRQ_INDEX, VFIO_PCI_MSIX_IRQ_INDEX]) {
      if (!isIrqEnabled(this.vdev, index, vector)) continue;
      this.raised++;
      triggerIrq(this.vdev, index, vector);
    }
  }

  #setStatus(status: number): void {
    const before = this.#get(reg.EX_STATUS);
    this.#registers.setUint32(reg.EX_STATUS, status, true);
    this.config.setIntxStatus(status !== 0);
    if (before === 0 && status !== 0 && this.#usesIntx()) this.raised++;
    setIntx(this.vdev, status !== 0);
  }

  #usesIntx(): boolean {
    return isIrqEnabled(this.vdev, VFIO_PCI_INTX_IRQ_INDEX, 0);
  }

  /** Guest memory may have to be asked for; a reset meanwhile forgets the transfer. */
  #transfer(command: number): void {
    const { resets } = this;
    const offset = this.#get(reg.EX_DMA_OFFSET);
    const length = this.#get(reg.EX_DMA_LENGTH);
    const address = this.#get(reg.EX_DMA_HIGH) * 2 ** 32 + this.#get(reg.EX_DMA_LOW);
    const known = command === reg.EX_DMA_TO_DEVICE || command === reg.EX_DMA_FROM_DEVICE;
    if (!known || offset + length > reg.EX_RAM_SIZE || !this.config.command().busMaster) {
      this.#finish(reg.EX_DMA_FAILED);
      return;
    }
    const part = this.ram.subarray(offset, offset + length);
    dmaRwAsync(this.vdev, address, part, command === reg.EX_DMA_FROM_DEVICE).then(
      () => resets === this.resets && this.#finish(reg.EX_DMA_DONE),
      () => resets === this.resets && this.#finish(reg.EX_DMA_FAILED),
    );
  }

  #finish(result: number): void {
    this.#registers.setUint32(reg.EX_DMA_RESULT, result, true);
    this.#raise(reg.EX_STATUS_DMA);
  }

  #get(offset: number): number {
    return this.#registers.getUint32(offset, true);
  }
}

function configSpace({ msix }: ExerciserOptions): PciConfigSpace {
  const bars: PciBars = {
    0: { kind: 'memory', size: reg.EX_REGISTERS_SIZE },
    2: { kind: 'memory', size: reg.EX_RAM_SIZE },
    ...(msix && { 4: { kind: 'memory', size: reg.EX_MSIX_SIZE } }),
  };
  const capabilities: PciCapability[] = [msiCapability({ vectors: 1 })];
  if (msix) {
    const { EX_VECTORS: vectors, EX_PBA_OFFSET: pbaOffset } = reg;
    capabilities.push(
      msixCapability({ vectors, tableBar: 4, tableOffset: 0, pbaBar: 4, pbaOffset }),
    );
  }
  return new PciConfigSpace({
    vendorId: 0x1234,
    deviceId: 0xe7e7,
    classCode: 0xff_00_00,
    interruptPin: 1,
    bars,
    capabilities,
  });
}

/** The callbacks of {@link Exerciser}. */
export const exerciserOps: VfioDeviceOps<Exerciser> = {
  name: 'exerciser',
  ...iommufdEmulatedOps,
  init: (device) => device.init(),
  read: (device, region, offset, into) => device.read(region, offset, into),
  write: (device, region, offset, from) => device.write(region, offset, from),
  reset: (device) => device.reset(),
};
