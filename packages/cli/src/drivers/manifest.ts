// What package.json says of a driver.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isRecord } from '../json.ts';
import { DRIVER_INTERFACE } from './contract.ts';

/** A package that says it is a driver. */
export interface DriverManifest {
  readonly name: string;
  readonly version: string;
  /** Where it is. */
  readonly folder: string;
  /** The module that exports `driver`, below the folder. */
  readonly module: string;
}

/** A package says it is a driver, and cannot be one here; the text names the cause and the next step. */
export class DriverError extends Error {
  override readonly name = 'DriverError';
}

/**
 * Reads the package in a folder.
 *
 * @returns `undefined` there is no package, or it does not say that it is a driver
 * @throws DriverError its package.json is damaged, or made for another interface
 */
export function readManifest(folder: string): DriverManifest | undefined {
  const text = readPackage(folder);
  // Most packages are none, and need no parsing.
  if (text === undefined || !text.includes('"vfio-ts"')) return undefined;
  const json = parse(text, folder);
  const said = json['vfio-ts'];
  if (said === undefined) return undefined;
  const { name = folder, version = '0.0.0' } = json;
  const what = `${String(name)} ${String(version)} in ${folder}`;
  if (!isRecord(said) || typeof said['driver'] !== 'string') {
    throw new DriverError(
      `${what} does not say where its driver is: package.json takes "vfio-ts": { "driver": "./dist/driver.js", "interface": ${DRIVER_INTERFACE} }`,
    );
  }
  checkInterface(said['interface'], what, String(name));
  return { name: String(name), version: String(version), folder, module: said['driver'] };
}

function checkInterface(said: unknown, what: string, name: string): void {
  if (said === DRIVER_INTERFACE) return;
  if (typeof said !== 'number' || !Number.isInteger(said)) {
    throw new DriverError(
      `${what} does not say for which interface it is made: package.json takes "interface": ${DRIVER_INTERFACE} beside "driver"`,
    );
  }
  const next =
    said > DRIVER_INTERFACE
      ? 'update the command, npm install @vfio-ts/cli@latest'
      : `update the driver, npm install ${name}@latest`;
  throw new DriverError(
    `${what} is made for interface ${said} of the command, which has ${DRIVER_INTERFACE}: ${next}`,
  );
}

function readPackage(folder: string): string | undefined {
  try {
    return readFileSync(join(folder, 'package.json'), 'utf8');
  } catch {
    return undefined;
  }
}

function parse(text: string, folder: string): Readonly<Record<string, unknown>> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    const fact = cause instanceof Error ? cause.message : 'no JSON';
    throw new DriverError(`${join(folder, 'package.json')} is damaged: ${fact}`, { cause });
  }
  return isRecord(json) ? json : {};
}
