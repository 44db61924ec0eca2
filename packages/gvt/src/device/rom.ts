// The expansion ROM (PCI Firmware Specification 3.0, chapter 5): nothing to run, only the place where drivers look
// for the video BIOS table when there is no OpRegion.

import { Bytes } from './bytes.ts';
import { GVT_PCI_CLASS_CODE, GVT_PCI_DEVICE_ID, GVT_PCI_VENDOR_ID, ROM_SIZE } from './layout.ts';
import { videoBiosTable } from './vbt.ts';

const UNIT = 512;
const PCIR_POINTER = 0x18;
const PCIR = 0x1c;
const PCIR_SIZE = 0x18;
/** Drivers look at each multiple of 4. */
const VBT = 0x40;
/** Hewlett-Packard's code type: no firmware of a PC runs it. */
const CODE_TYPE_NOT_X86 = 3;
const LAST_IMAGE = 0x80;

/** Builds the ROM. */
export function gvtRom(): Uint8Array {
  return new Bytes(ROM_SIZE)
    .set16(0, 0xaa55)
    .set8(2, ROM_SIZE / UNIT)
    .set16(PCIR_POINTER, PCIR)
    .text(PCIR, 'PCIR')
    .set16(PCIR + 0x04, GVT_PCI_VENDOR_ID)
    .set16(PCIR + 0x06, GVT_PCI_DEVICE_ID)
    .set16(PCIR + 0x0a, PCIR_SIZE)
    .set8(PCIR + 0x0d, GVT_PCI_CLASS_CODE & 0xff)
    .set16(PCIR + 0x0e, GVT_PCI_CLASS_CODE >> 8)
    .set16(PCIR + 0x10, ROM_SIZE / UNIT)
    .set8(PCIR + 0x14, CODE_TYPE_NOT_X86)
    .set8(PCIR + 0x15, LAST_IMAGE)
    .put(VBT, videoBiosTable())
    .checksum(ROM_SIZE - 1, 0, ROM_SIZE).bytes;
}
