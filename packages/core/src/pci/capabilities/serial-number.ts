// Device serial number extended capability (PCI Express Base, 7.9.3).

import { VfioError } from '../../errno.ts';
import { PciRegisters } from '../register-block.ts';
import type { PciExtendedCapability } from '../register-block.ts';
import * as regs from '../registers.ts';

/** What a serial number capability holds. */
export interface PciSerialNumberOptions {
  readonly offset?: number;
  /** EUI-64, first byte most significant. */
  readonly serialNumber: bigint;
}

/**
 * Makes a device serial number capability.
 *
 * @throws `EINVAL` the number does not fit 64 bits
 */
export function serialNumberCapability(options: PciSerialNumberOptions): PciExtendedCapability {
  const { serialNumber, offset } = options;
  if (BigInt.asUintN(64, serialNumber) !== serialNumber) {
    throw new VfioError('EINVAL', 'serialNumberCapability', 'the number does not fit 64 bits');
  }
  const registers = new PciRegisters(12)
    .set32(4, Number(serialNumber & 0xffff_ffffn))
    .set32(8, Number(serialNumber >> 32n));
  return { id: regs.PCI_EXT_CAP_ID_DSN, ...(offset !== undefined && { offset }), registers };
}
