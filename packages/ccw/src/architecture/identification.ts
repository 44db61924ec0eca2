// What control units of all kinds tell of themselves in the same form: Sense ID, and the texts of node descriptors.
// ESA/390 Common I/O-Device Commands, "Sense ID", "Read Configuration Data".

import { viewOf } from './bytes.ts';

/** A manufacturer and a plant: those of emulated devices. */
export const MADE_BY = 'HRCZZ';

/** A control unit and its device. */
export interface DeviceTypes {
  readonly controlUnitType: number;
  readonly controlUnitModel: number;
  readonly deviceType: number;
  readonly deviceModel: number;
}

/** Answer to Sense ID (E4): types, and a word for each command that the device's own data is asked with. */
export function encodeSenseId(
  types: DeviceTypes,
  commandInformation: readonly number[],
): Uint8Array {
  const { controlUnitType, controlUnitModel, deviceType, deviceModel } = types;
  const bytes = new Uint8Array(8 + 4 * commandInformation.length);
  const view = viewOf(bytes);
  bytes[0] = 0xff;
  view.setUint16(1, controlUnitType);
  bytes[3] = controlUnitModel;
  view.setUint16(4, deviceType);
  bytes[6] = deviceModel;
  for (const [index, word] of commandInformation.entries()) view.setUint32(8 + 4 * index, word);
  return bytes;
}

/** The 12 characters of a serial number: letters and digits, zeros in place of all else. */
export function serialText(serial: string): string {
  return serial
    .toUpperCase()
    .replaceAll(/[^A-Z0-9]/gu, '0')
    .padStart(12, '0')
    .slice(-12);
}
