// What control unit a wish is for, and how it is to be.

import type { Setting } from '../../mdev/definition.ts';
import { UsageError } from '../../usage.ts';
import type { DeviceWish } from '../driver.ts';

/** What all devices have. */
interface CommonWish {
  /** Device number, 0 to FFFF; the next that is free when left out. */
  readonly deviceNumber: number | undefined;
}

/** A 3390 whose tracks are in an image. */
export interface DasdWish extends CommonWish {
  readonly kind: 'dasd';
  readonly image: string;
  readonly isReadOnly: boolean;
  readonly serial: string | undefined;
  /** It says that it is extent space-efficient (ESE). */
  readonly isSpaceEfficient: boolean;
  /** It offers Prefix. */
  readonly hasPrefix: boolean;
}

/** A tape drive with a tape. */
export interface TapeWish extends CommonWish {
  readonly kind: 'tape';
  readonly file: string;
  readonly isReadOnly: boolean;
}

/** A display station. */
export interface TerminalWish extends CommonWish {
  readonly kind: '3270';
  /** 0 takes any that is free. */
  readonly port: number;
  readonly host: string | undefined;
}

/** A device somebody wants, as it is to be made. */
export type CcwWish = DasdWish | TapeWish | TerminalWish;

/** The type directory, which says nothing about what is behind the subchannel. */
const IO_TYPE = 'vfio_ccw-io';

const KNOWN = {
  dasd: ['image', 'readonly', 'serial', 'ese', 'prefix'],
  '3270': ['port', 'host'],
  tape: ['file', 'readonly'],
} as const;

/** Reads a wish. @throws UsageError */
export function readWish({ type, settings }: DeviceWish): CcwWish {
  const kind = kindOf(type, settings);
  const known: readonly string[] = [...KNOWN[kind], 'devno', 'device'];
  for (const { name } of settings) {
    if (!known.includes(name)) {
      const own = known.filter((one) => one !== 'device').join(', ');
      throw new UsageError(`ccw:${kind} has no setting ${name}; there are: ${own}`);
    }
  }
  const value = (name: string): string | undefined =>
    settings.findLast((setting) => setting.name === name)?.value.trim();
  const deviceNumber = deviceNumberOf(value('devno'));
  switch (kind) {
    case 'dasd': {
      const image = required(kind, 'image', value('image'));
      const isReadOnly = isOn('readonly', value('readonly'));
      const isSpaceEfficient = isOn('ese', value('ese'));
      const hasPrefix = isOn('prefix', value('prefix'));
      const offers = { isSpaceEfficient, hasPrefix };
      return {
        kind,
        deviceNumber,
        image,
        isReadOnly,
        serial: serialOf(value('serial')),
        ...offers,
      };
    }
    case 'tape': {
      const file = required(kind, 'file', value('file'));
      return { kind, deviceNumber, file, isReadOnly: isOn('readonly', value('readonly')) };
    }
    case '3270':
      return { kind, deviceNumber, port: portOf(value('port')), host: value('host') };
  }
}

/** The numbers devices get: those they want, and from 1000 on for all others. @throws UsageError two want the same */
export function deviceNumbers(wishes: readonly CcwWish[]): readonly number[] {
  const taken = new Set<number>();
  for (const { deviceNumber } of wishes) {
    if (deviceNumber === undefined) continue;
    if (taken.has(deviceNumber)) {
      throw new UsageError(`devno=0.0.${hex4(deviceNumber)}: two devices want it`);
    }
    taken.add(deviceNumber);
  }
  let next = 0x1000;
  return wishes.map(({ deviceNumber }) => {
    if (deviceNumber !== undefined) return deviceNumber;
    while (taken.has(next)) next++;
    return next++;
  });
}

/** Four hexadecimal digits. */
export function hex4(value: number): string {
  return value.toString(16).padStart(4, '0');
}

function kindOf(type: string | undefined, settings: readonly Setting[]): CcwWish['kind'] {
  const said = settings.findLast(({ name }) => name === 'device')?.value.trim();
  const named = type === IO_TYPE ? undefined : type;
  const kind = named ?? said;
  if (kind === undefined) {
    const how = type === IO_TYPE ? '--set device=dasd' : 'ccw:dasd';
    throw new UsageError(
      `ccw: say which device, as in ${how}; there are: ${Object.keys(KNOWN).join(', ')}`,
    );
  }
  if (named !== undefined && said !== undefined && named !== said) {
    throw new UsageError(`device=${said}: ccw:${named} says something else`);
  }
  if (kind === 'dasd' || kind === '3270' || kind === 'tape') return kind;
  throw new UsageError(
    `ccw has no device ${JSON.stringify(kind)}; there are: ${Object.keys(KNOWN).join(', ')}`,
  );
}

function required(kind: string, name: string, value: string | undefined): string {
  if (value !== undefined && value !== '') return value;
  const next = kind === 'dasd' ? '; vfio-ts ccw init makes one' : '';
  throw new UsageError(`ccw:${kind} needs --set ${name}=FILE${next}`);
}

const DEVNO = /^(?:0\.0\.)?(?<digits>[\da-f]{1,4})$/iu;

function deviceNumberOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const digits = DEVNO.exec(text)?.groups?.['digits'];
  if (digits !== undefined) return Number.parseInt(digits, 16);
  throw new UsageError(`devno=${text}: it takes 0.0.1234 or 1234`);
}

function isOn(name: string, text: string | undefined): boolean {
  if (text === undefined || text === 'off') return false;
  if (text === 'on') return true;
  throw new UsageError(`${name}=${text}: it is on or off`);
}

function serialOf(text: string | undefined): string | undefined {
  if (text === undefined || /^[\dA-Z]{1,12}$/u.test(text)) return text;
  throw new UsageError(`serial=${text}: it takes up to 12 capital letters and digits`);
}

function portOf(text: string | undefined): number {
  if (text === undefined) return 0;
  const port = Number(text);
  if (/^\d+$/u.test(text) && port <= 0xffff) return port;
  throw new UsageError(`port=${text}: it takes 0 to 65535`);
}
