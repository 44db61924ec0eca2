// MSI capability (PCI Local Bus 3.0, 6.8.1).

import { VfioError } from '../../errno.ts';
import { get16, get32, put } from '../bytes.ts';
import type { PciConfigSpace } from '../config-space.ts';
import { PciRegisters } from '../register-block.ts';
import type { PciCapability, PciChangeCause } from '../register-block.ts';
import * as regs from '../registers.ts';

/** What an MSI capability offers. */
export interface PciMsiOptions {
  readonly offset?: number;
  /** Vectors the device can use: 1, 2, 4, 8, 16 or 32. */
  readonly vectors: number;
  /** The message address has 64 bits; true when left out. */
  readonly address64?: boolean;
  /** Each vector has a mask and a pending bit. */
  readonly perVectorMasking?: boolean;
  /** Something in the capability changed: enable, vectors, message or masks. */
  onChange?(now: PciMsiState, before: PciMsiState, cause: PciChangeCause): void;
}

/** An MSI capability as the guest has programmed it. */
export interface PciMsiState {
  readonly enabled: boolean;
  /** Vectors the guest has allowed. */
  readonly vectors: number;
  /** Vectors the device offers. */
  readonly maxVectors: number;
  /** Message address, all 64 bits. */
  readonly address: bigint;
  readonly data: number;
  /** Bit n masks vector n; 0 without per-vector masking. */
  readonly mask: number;
  /** Bit n = vector n waits for its mask to go; 0 without per-vector masking. */
  readonly pending: number;
}

/**
 * Makes an MSI capability. A guest that allows itself more vectors than there are gets them all.
 *
 * @throws `EINVAL` no such number of vectors
 */
export function msiCapability(options: PciMsiOptions): PciCapability {
  const { vectors, address64 = true, perVectorMasking = false } = options;
  const order = [1, 2, 4, 8, 16, 32].indexOf(vectors);
  if (order === -1) {
    throw new VfioError(
      'EINVAL',
      'msiCapability',
      `${vectors} vectors are not 1, 2, 4, 8, 16 or 32`,
    );
  }
  const data = address64 ? regs.PCI_MSI_DATA_64 : regs.PCI_MSI_DATA_32;
  const registers = new PciRegisters(data + (perVectorMasking ? 12 : 2))
    .set16(
      regs.PCI_MSI_FLAGS,
      (order << 1) |
        (address64 ? regs.PCI_MSI_FLAGS_64BIT : 0) |
        (perVectorMasking ? regs.PCI_MSI_FLAGS_MASKBIT : 0),
      { rw: regs.PCI_MSI_FLAGS_ENABLE | regs.PCI_MSI_FLAGS_QSIZE },
    )
    .set32(regs.PCI_MSI_ADDRESS_LO, 0, { rw: 0xffff_fffc })
    .set16(data, 0, { rw: 0xffff });
  if (address64) registers.set32(regs.PCI_MSI_ADDRESS_HI, 0, { rw: 0xffff_ffff });
  if (perVectorMasking) {
    const bits = 2 ** vectors - 1;
    registers.set32(data + 4, 0, { rw: bits }).set32(data + 8, 0, { volatile: bits });
  }
  return {
    id: regs.PCI_CAP_ID_MSI,
    ...(options.offset !== undefined && { offset: options.offset }),
    registers,
    adjust(next) {
      const flags = get16(next, regs.PCI_MSI_FLAGS);
      if ((flags & regs.PCI_MSI_FLAGS_QSIZE) >> 4 <= order) return;
      put(next, regs.PCI_MSI_FLAGS, 2, (flags & ~regs.PCI_MSI_FLAGS_QSIZE) | (order << 4));
    },
    onChange({ bytes, before, cause }) {
      options.onChange?.(decodeMsi(bytes), decodeMsi(before), cause);
    },
  };
}

/** How the guest has programmed MSI; `undefined` without the capability. */
export function msiState(config: PciConfigSpace): PciMsiState | undefined {
  const offset = config.findCapability(regs.PCI_CAP_ID_MSI);
  if (offset === undefined) return undefined;
  const bytes = new Uint8Array(msiLength(config.read16(offset + regs.PCI_MSI_FLAGS)));
  config.read(offset, bytes);
  return decodeMsi(bytes);
}

function msiLength(flags: number): number {
  const data = flags & regs.PCI_MSI_FLAGS_64BIT ? regs.PCI_MSI_DATA_64 : regs.PCI_MSI_DATA_32;
  return data + (flags & regs.PCI_MSI_FLAGS_MASKBIT ? 12 : 2);
}

function decodeMsi(bytes: Uint8Array): PciMsiState {
  const flags = get16(bytes, regs.PCI_MSI_FLAGS);
  const is64 = (flags & regs.PCI_MSI_FLAGS_64BIT) !== 0;
  const masked = (flags & regs.PCI_MSI_FLAGS_MASKBIT) !== 0;
  const data = is64 ? regs.PCI_MSI_DATA_64 : regs.PCI_MSI_DATA_32;
  const high = is64 ? get32(bytes, regs.PCI_MSI_ADDRESS_HI) : 0;
  return {
    enabled: (flags & regs.PCI_MSI_FLAGS_ENABLE) !== 0,
    vectors: 1 << ((flags & regs.PCI_MSI_FLAGS_QSIZE) >> 4),
    maxVectors: 1 << ((flags & regs.PCI_MSI_FLAGS_QMASK) >> 1),
    address: (BigInt(high) << 32n) | BigInt(get32(bytes, regs.PCI_MSI_ADDRESS_LO)),
    data: get16(bytes, data),
    mask: masked ? get32(bytes, data + 4) : 0,
    pending: masked ? get32(bytes, data + 8) : 0,
  };
}
