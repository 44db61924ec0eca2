// The OpRegion (Intel IGD OpRegion specification): mailboxes between firmware and graphics driver. A vGPU has the
// mailbox with the video BIOS table, and answers requests of the one for software SCIs with "nothing is supported".

import { Bytes } from './bytes.ts';
import { videoBiosTable } from './vbt.ts';

/** Bytes. */
export const OPREGION_SIZE = 0x2000;

const KIB = 1024;
const VERSION = 0x0200_0000;
const MBOX_VBT = 1 << 3;
const CLID = 0x1ac;
/** Both lids. */
const CLID_OPEN = 3;
const VBT = 0x400;

/** Builds the OpRegion as its user reads it. */
export function opRegion(): Uint8Array {
  return new Bytes(OPREGION_SIZE)
    .text(0, 'IntelGraphicsMem')
    .set32(0x10, OPREGION_SIZE / KIB)
    .set32(0x14, VERSION)
    .set32(0x58, MBOX_VBT)
    .set32(CLID, CLID_OPEN)
    .put(VBT, videoBiosTable()).bytes;
}
