// What a 3990-6 with a DASD tells of itself: Sense ID, Read Device Characteristics, Read Configuration Data. IBM 3990
// Storage Control Reference, chapter 4; Linux drivers/s390/block/dasd_eckd.h.

import { encodeEbcdic } from '../architecture/ebcdic.ts';
import { viewOf } from '../architecture/bytes.ts';
import { encodeSenseId, MADE_BY, serialText } from '../architecture/identification.ts';
import type { DeviceModel } from './device-model.ts';
import type { VolumeGeometry } from './track-store.ts';

/** The control unit: 3990 model 6, ECKD. */
const CU_TYPE = 0x3990;
const CU_MODEL = 0xe9;

/** Who a device is, among all that a guest may see. */
export interface DeviceIdentity {
  /** 12 characters. */
  readonly serial: string;
  /** Of the control unit, 0 to FFFF. */
  readonly subsystemId: number;
  /** Of the device in its control unit, 0 to FF. */
  readonly unitAddress: number;
  /** Prefix (E7) is offered. */
  readonly hasPrefix: boolean;
  /** The volume says that its space is allocated as it is written, and can be released. */
  readonly isSpaceEfficient: boolean;
}

/** Command information words: how configuration data is read, and subsystem data asked for and read. */
const COMMAND_INFORMATION = [0x40fa_0100, 0x4127_0004, 0x423e_0060];

/** Sense ID (E4), 20 bytes. */
export function senseId({ deviceType, modelByte }: DeviceModel): Uint8Array {
  const types = { controlUnitType: CU_TYPE, controlUnitModel: CU_MODEL, deviceType };
  return encodeSenseId({ ...types, deviceModel: modelByte }, COMMAND_INFORMATION);
}

/** Facilities: reads of data and of tracks in Locate Record, striping, cache, fast write, reset of allegiance. */
const FACILITIES = 0x5000_1096;
const FACILITY_PREFIX = 0x0200_0000;

/** Cylinders of a volume whose true number is in the long field only. */
const LARGE_VOLUME = 0xfffe;

const CLASS_DASD = 0x20;

/** Read Device Characteristics (64), 64 bytes. */
export function deviceCharacteristics(
  { cylinders, heads }: VolumeGeometry,
  model: DeviceModel,
  { hasPrefix }: DeviceIdentity,
): Uint8Array {
  const bytes = new Uint8Array(64);
  const view = viewOf(bytes);
  view.setUint16(0, CU_TYPE);
  bytes[2] = CU_MODEL;
  view.setUint16(3, model.deviceType);
  bytes[5] = model.modelByte;
  view.setUint32(6, hasPrefix ? FACILITIES + FACILITY_PREFIX : FACILITIES);
  bytes[10] = CLASS_DASD;
  bytes[11] = model.typeCode;
  view.setUint16(12, Math.min(cylinders, LARGE_VOLUME));
  view.setUint16(14, heads);
  bytes[16] = model.sectors;
  view.setUint16(18, model.capacity);
  view.setUint16(20, model.overhead);
  bytes.set(model.formula, 22);
  bytes[40] = model.typeCode;
  bytes[41] = model.typeCode;
  // The control unit's type code, and the bytes of extended parameters of a track set.
  bytes[42] = 0x15;
  bytes[43] = 0x02;
  view.setUint16(44, model.longestR0);
  bytes[47] = 0x01;
  bytes[48] = 0x06;
  view.setUint16(49, model.sectorFactors);
  bytes[51] = 0x0f;
  view.setUint16(52, 0x7f);
  bytes[54] = 0x40;
  bytes[57] = 0xff;
  view.setUint32(60, cylinders);
  return bytes;
}

/** Where the parts of the configuration data are, and how a node element descriptor (NED) begins. */
const NEDS = {
  device: { offset: 0, flags: 0xdc01_0100 },
  string: { offset: 32, flags: 0xd402_0000 },
  controlUnit: { offset: 64, flags: 0xd000_0000 },
  token: { offset: 96, flags: 0xf000_0001 },
} as const;
const NEQ_OFFSET = 224;

function hex(value: number, digits: number): string {
  return value.toString(16).toUpperCase().padStart(digits, '0');
}

/**
 * Read Configuration Data (FA), 256 bytes: descriptors of device, string, control unit and subsystem, and the
 * general qualifier.
 */
export function configurationData(
  { deviceType, modelByte }: DeviceModel,
  { serial, subsystemId, unitAddress }: DeviceIdentity,
): Uint8Array {
  const bytes = new Uint8Array(256);
  const view = viewOf(bytes);
  const own = serialText(serial);
  const shared = serialText(hex(subsystemId, 4));
  const device = `  ${hex(deviceType, 4)}0${hex(modelByte, 2)}${MADE_BY}`;
  const controlUnit = `  ${hex(CU_TYPE, 4)}0${hex(CU_MODEL, 2)}${MADE_BY}${shared}`;
  const texts = {
    device: device + own,
    string: device + shared,
    controlUnit,
    token: `  ${hex(CU_TYPE, 4)}   ${MADE_BY}${shared}`,
  };
  for (const name of ['device', 'string', 'controlUnit', 'token'] as const) {
    const { offset, flags } = NEDS[name];
    view.setUint32(offset, flags);
    bytes.set(encodeEbcdic(texts[name], { codePage: '037' }), offset + 4);
  }
  bytes[NEDS.device.offset + 31] = unitAddress;
  bytes[NEQ_OFFSET] = 0x80;
  // Missing interrupts are looked for after 30 s.
  bytes[NEQ_OFFSET + 6] = 0x1e;
  view.setUint16(NEQ_OFFSET + 8, subsystemId);
  bytes[NEQ_OFFSET + 10] = 0x80;
  bytes[NEQ_OFFSET + 11] = unitAddress;
  bytes[NEQ_OFFSET + 12] = unitAddress;
  bytes[NEQ_OFFSET + 13] = unitAddress;
  bytes[NEQ_OFFSET + 17] = 0x80;
  bytes[NEQ_OFFSET + 18] = 0x80;
  bytes[NEQ_OFFSET + 19] = unitAddress;
  return bytes;
}
