// Vendor-specific capability (PCI Local Bus 3.0, appendix H) and its extended form, VSEC (PCI Express Base,
// 7.9.5).

import { VfioError } from '../../errno.ts';
import { checkUint } from '../bytes.ts';
import { PciRegisters } from '../register-block.ts';
import type {
  PciCapability,
  PciExtendedCapability,
  PciRegisterBits,
  PciRegisterChange,
  PciRegisterWrite,
} from '../register-block.ts';
import * as regs from '../registers.ts';

/** Registers a vendor defines; offsets that callbacks see count from the start of the capability. */
export interface PciVendorOptions {
  readonly offset?: number;
  /** What follows the header (4 bytes, extended 8), with its masks. */
  readonly payload: PciRegisterBits;
  onChange?(change: PciRegisterChange): void;
  onWrite?(write: PciRegisterWrite): void;
}

/** What a vendor-specific capability holds. */
export interface PciVendorCapOptions extends PciVendorOptions {
  /** The byte after the length, which many vendors use as a type; 0 when left out. */
  readonly type?: number;
}

/** What an extended vendor-specific capability holds. */
export interface PciVsecOptions extends PciVendorOptions {
  /** 16 bits, the vendor's own. */
  readonly vsecId: number;
  /** 4 bits; 0 when left out. */
  readonly revision?: number;
}

/**
 * Makes a vendor-specific capability: id, next, length, `type`, payload.
 *
 * @throws `EINVAL` it would be longer than 255 bytes, `type` does not fit 8 bits
 */
export function vendorCapability(options: PciVendorCapOptions): PciCapability {
  const op = 'vendorCapability';
  const { payload, type = 0 } = options;
  const length = 4 + payload.bytes.length;
  if (length > 0xff) throw new VfioError('EINVAL', op, `${length} bytes are more than 255`);
  checkUint(op, 'type', type, 8);
  checkPayload(op, payload);
  const registers = new PciRegisters(length)
    .set8(regs.PCI_CAP_FLAGS, length)
    .set8(regs.PCI_CAP_FLAGS + 1, type)
    .setBits(4, payload);
  return { id: regs.PCI_CAP_ID_VNDR, registers, ...common(options) };
}

/**
 * Makes an extended vendor-specific capability (VSEC).
 *
 * @throws `EINVAL` it would not fit the extended space, id or revision do not fit their fields
 */
export function vsecCapability(options: PciVsecOptions): PciExtendedCapability {
  const op = 'vsecCapability';
  const { payload, vsecId, revision = 0 } = options;
  const length = 8 + payload.bytes.length;
  checkUint(op, 'length', length, 12);
  checkUint(op, 'vsec id', vsecId, 16);
  checkUint(op, 'revision', revision, 4);
  checkPayload(op, payload);
  const registers = new PciRegisters(length)
    .set32(regs.PCI_VNDR_HEADER, (vsecId | (revision << 16) | (length << 20)) >>> 0)
    .setBits(8, payload);
  return { id: regs.PCI_EXT_CAP_ID_VNDR, registers, ...common(options) };
}

function checkPayload(op: string, { bytes, ...masks }: PciRegisterBits): void {
  for (const mask of [masks.writable, masks.writeOneToClear, masks.volatile]) {
    if (mask === undefined || mask.length === bytes.length) continue;
    throw new VfioError('EINVAL', op, `a mask of ${mask.length} bytes is not ${bytes.length}`);
  }
}

function common(options: PciVendorOptions): Omit<PciVendorOptions, 'payload'> {
  const { offset } = options;
  return {
    ...(offset !== undefined && { offset }),
    onChange: (change) => options.onChange?.(change),
    onWrite: (write) => options.onWrite?.(write),
  };
}
