// Video BIOS table: which outputs the display engine has. One HDMI port, so that a driver does not invent others.
// Layout as in Linux drivers/gpu/drm/i915/display/intel_vbt_defs.h.

import { Bytes } from './bytes.ts';

const VBT_HEADER_SIZE = 48;
const VBT_VERSION = 155;
const VBT_CHECKSUM = 26;
const BDB_HEADER_SIZE = 22;
const BDB_VERSION = 186;

const BLOCK_HEADER_SIZE = 3;
const BDB_GENERAL_FEATURES = 1;
const GENERAL_FEATURES_SIZE = 5;
const BDB_GENERAL_DEFINITIONS = 2;
/** In front of the child devices. */
const GENERAL_DEFINITIONS_SIZE = 5;

const CHILD_SIZE = 33;
const CHILD = {
  DEVICE_TYPE: 2,
  DVO_PORT: 16,
  DDC_PIN: 19,
  HDMI_SUPPORT: 24,
} as const;
const DEVICE_TYPE_HDMI = 0x60d2;
const DVO_PORT_HDMI_B = 1;
const GMBUS_PIN_CRT = 2;
const GMBUS_PIN_B = 5;

const VBT_SIZE =
  VBT_HEADER_SIZE +
  BDB_HEADER_SIZE +
  BLOCK_HEADER_SIZE +
  GENERAL_FEATURES_SIZE +
  BLOCK_HEADER_SIZE +
  GENERAL_DEFINITIONS_SIZE +
  CHILD_SIZE;

/** Builds the table. */
export function videoBiosTable(): Uint8Array {
  const bytes = new Bytes(VBT_SIZE)
    .text(0, '$VBT KABYLAKE'.padEnd(20))
    .set16(20, VBT_VERSION)
    .set16(22, VBT_HEADER_SIZE)
    .set16(24, VBT_SIZE)
    .set32(28, VBT_HEADER_SIZE);
  let at = VBT_HEADER_SIZE;
  bytes
    .text(at, 'BIOS_DATA_BLOCK ')
    .set16(at + 16, BDB_VERSION)
    .set16(at + 18, BDB_HEADER_SIZE)
    .set16(at + 20, VBT_SIZE - VBT_HEADER_SIZE);
  at += BDB_HEADER_SIZE;
  bytes.set8(at, BDB_GENERAL_FEATURES).set16(at + 1, GENERAL_FEATURES_SIZE);
  at += BLOCK_HEADER_SIZE + GENERAL_FEATURES_SIZE;
  bytes
    .set8(at, BDB_GENERAL_DEFINITIONS)
    .set16(at + 1, GENERAL_DEFINITIONS_SIZE + CHILD_SIZE)
    .set8(at + 3, GMBUS_PIN_CRT)
    .set8(at + 7, CHILD_SIZE);
  at += BLOCK_HEADER_SIZE + GENERAL_DEFINITIONS_SIZE;
  bytes
    .set16(at + CHILD.DEVICE_TYPE, DEVICE_TYPE_HDMI)
    .set8(at + CHILD.DVO_PORT, DVO_PORT_HDMI_B)
    .set8(at + CHILD.DDC_PIN, GMBUS_PIN_B)
    .set8(at + CHILD.HDMI_SUPPORT, 1);
  return bytes.checksum(VBT_CHECKSUM, 0, VBT_SIZE).bytes;
}
