// A PCI checksum engine: the guest writes an address and a length, the device reads guest memory and answers with its
// CRC-32 and an interrupt.

import { crc32 } from 'node:zlib';
import {
  dmaRw,
  dmaRwAsync,
  iommufdEmulatedOps,
  isErrno,
  PciConfigSpace,
  setIntx,
  setupIrq,
  setupRegion,
  VFIO_IRQ_INFO_AUTOMASKED,
  VFIO_IRQ_INFO_EVENTFD,
  VFIO_IRQ_INFO_MASKABLE,
  VFIO_PCI_BAR0_REGION_INDEX,
  VFIO_PCI_CONFIG_REGION_INDEX,
  VFIO_PCI_INTX_IRQ_INDEX,
  VFIO_REGION_INFO_FLAG_READ,
  VFIO_REGION_INFO_FLAG_WRITE,
  type VfioDevice,
  type VfioDeviceOps,
} from '@vfio-ts/core';
import * as reg from './crc-registers.ts';

const READ_WRITE = VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE;
const INTX_FLAGS = VFIO_IRQ_INFO_EVENTFD | VFIO_IRQ_INFO_MASKABLE | VFIO_IRQ_INFO_AUTOMASKED;

/** The engine. Its registers are a DataView; what a register does beyond that is in `write`. */
export class CrcDevice {
  readonly vdev: VfioDevice;
  readonly config: PciConfigSpace = new PciConfigSpace({
    vendorId: 0x1234,
    deviceId: 0xc3c3,
    classCode: 0xff_00_00,
    interruptPin: 1,
    bars: { 0: { kind: 'memory', size: reg.CRC_BAR_SIZE } },
  });
  readonly registers: DataView = new DataView(new ArrayBuffer(reg.CRC_BAR_SIZE));
  /** What the engine works on. */
  #job: object | undefined;

  constructor(vdev: VfioDevice) {
    this.vdev = vdev;
  }

  /** Says what the device has; called once, when the core has made it. */
  init(): void {
    const { vdev, config } = this;
    setupRegion(vdev, VFIO_PCI_CONFIG_REGION_INDEX, { size: config.size, flags: READ_WRITE });
    setupRegion(vdev, VFIO_PCI_BAR0_REGION_INDEX, { size: reg.CRC_BAR_SIZE, flags: READ_WRITE });
    setupIrq(vdev, VFIO_PCI_INTX_IRQ_INDEX, { count: 1, flags: INTX_FLAGS });
    this.reset();
  }

  /** Returns to the state after power-on. */
  reset(): void {
    this.config.reset();
    this.#job = undefined;
    new Uint8Array(this.registers.buffer).fill(0);
    this.registers.setUint32(reg.CRC_ID, reg.CRC_ID_VALUE, true);
    setIntx(this.vdev, false);
  }

  read(offset: number, into: Uint8Array): void {
    into.set(new Uint8Array(this.registers.buffer, offset, into.length));
  }

  /** Takes a write of the guest. Only aligned 32-bit writes do something. */
  write(offset: number, from: Uint8Array): void {
    if (from.length !== 4 || offset % 4 !== 0) return;
    const value = new DataView(from.buffer, from.byteOffset).getUint32(0, true);
    switch (offset) {
      case reg.CRC_ADDRESS_LOW:
      case reg.CRC_ADDRESS_HIGH:
      case reg.CRC_LENGTH:
        this.registers.setUint32(offset, value, true);
        break;
      case reg.CRC_COMMAND:
        if (value === reg.CRC_COMMAND_START) this.#start();
        break;
      case reg.CRC_STATUS:
        this.#setStatus(this.registers.getUint32(offset, true) & ~value);
        break;
      default:
    }
  }

  /** Reads guest memory and answers. Whatever the guest has asked for, it gets an answer and no more. */
  #start(): void {
    const length = this.registers.getUint32(reg.CRC_LENGTH, true);
    const low = this.registers.getUint32(reg.CRC_ADDRESS_LOW, true);
    const high = this.registers.getUint32(reg.CRC_ADDRESS_HIGH, true);
    if (length > reg.CRC_LENGTH_MAX || !this.config.command().busMaster) {
      this.#finish(undefined);
      return;
    }
    const iova = high * 2 ** 32 + low;
    const data = new Uint8Array(length);
    const job = {};
    this.#job = job;
    try {
      dmaRw(this.vdev, iova, data, false);
      this.#finish(data);
    } catch (error) {
      if (isErrno(error, 'EOPNOTSUPP')) void this.#fetch(job, iova, data);
      else this.#finish(undefined);
    }
  }

  /** Reads memory that the guest's VMM does not share: it has to be asked, and that takes time. */
  async #fetch(job: object, iova: number, data: Uint8Array): Promise<void> {
    const isRead = await dmaRwAsync(this.vdev, iova, data, false).then(
      () => true,
      () => false,
    );
    // The guest may have reset the engine meanwhile, or started it again.
    if (this.#job === job) this.#finish(isRead ? data : undefined);
  }

  #finish(data: Uint8Array | undefined): void {
    this.#job = undefined;
    if (data !== undefined) this.registers.setUint32(reg.CRC_RESULT, crc32(data), true);
    this.#setStatus(data === undefined ? reg.CRC_STATUS_FAILED : reg.CRC_STATUS_DONE);
  }

  /** The interrupt line is up exactly while the status says something. */
  #setStatus(status: number): void {
    this.registers.setUint32(reg.CRC_STATUS, status, true);
    this.config.setIntxStatus(status !== 0);
    setIntx(this.vdev, status !== 0);
  }
}

/** The callbacks, typed by the device. */
export const crcOps: VfioDeviceOps<CrcDevice> = {
  name: 'crc',
  ...iommufdEmulatedOps,
  init: (crc) => crc.init(),
  reset: (crc) => crc.reset(),
  read(crc, region, offset, into) {
    if (region === VFIO_PCI_CONFIG_REGION_INDEX) crc.config.read(offset, into);
    else crc.read(offset, into);
  },
  write(crc, region, offset, from) {
    if (region === VFIO_PCI_CONFIG_REGION_INDEX) crc.config.write(offset, from);
    else crc.write(offset, from);
  },
};
