// The drivers the command knows.

import { UsageError } from '../usage.ts';
import { ap } from './ap/index.ts';
import { ccw } from './ccw/index.ts';
import type { CommandDriver } from './driver.ts';
import { mdpySample } from './mdpy-sample.ts';

/** All of them, as the help lists them. */
export const DRIVERS: readonly CommandDriver[] = [mdpySample, ap, ccw];

/** A device specification as on the command line. */
export interface DeviceSpec {
  readonly driver: CommandDriver;
  /** What is behind the colon. */
  readonly type: string | undefined;
}

/** Reads `driver:type` or `driver`. @throws UsageError */
export function parseDeviceSpec(text: string): DeviceSpec {
  const [name, type, ...rest] = text.split(':');
  const driver = DRIVERS.find((one) => one.name === name);
  if (driver === undefined) throw new UsageError(`no driver ${JSON.stringify(name)}; ${known()}`);
  if (type === '' || rest.length > 0) {
    throw new UsageError(`${text}: say which type, as in ${driver.name}:TYPE`);
  }
  return { driver, type };
}

/** The driver of a type directory, `mdpy-xga` for example. @throws UsageError */
export function driverOfType(mdevType: string): CommandDriver {
  const driver = DRIVERS.find(({ busName }) => mdevType.startsWith(`${busName}-`));
  if (driver !== undefined) return driver;
  throw new UsageError(`no driver has a type ${JSON.stringify(mdevType)}; ${known()}`);
}

function known(): string {
  return `there are: ${DRIVERS.map(({ name }) => name).join(', ')}`;
}
