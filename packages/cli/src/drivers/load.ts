// From a module on disk to a driver of the command.

import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { within } from '../within.ts';
import { complete } from './complete.ts';
import type { PackagedDriver } from './contract.ts';
import type { CommandDriver } from './driver.ts';
import { DriverError, type DriverManifest } from './manifest.ts';
import { shareCore } from './one-core.ts';

/** Milliseconds a module may take to load. */
const LOAD_TIMEOUT = 10_000;

/** Loads the driver of a package. @throws DriverError it cannot be loaded, or has none */
export async function loadPackage({
  name,
  version,
  folder,
  module,
}: DriverManifest): Promise<CommandDriver> {
  const file = resolve(folder, module);
  const what = `${name} ${version} in ${folder}`;
  if (!existsSync(file)) {
    throw new DriverError(
      `${what} says that its driver is in ${module}, and there is no such file: is it built?`,
    );
  }
  const driver = await loadModule(file, what);
  if (driver.name !== name) {
    throw new DriverError(
      `${what} exports a driver of the name ${JSON.stringify(driver.name)}: it has to be the package's`,
    );
  }
  return driver;
}

/** Loads the driver that a file exports. @param what - whose it is, for errors @throws DriverError */
export async function loadModule(file: string, what: string = file): Promise<CommandDriver> {
  shareCore();
  const said = await importModule(file, what);
  const exported = 'driver' in said ? said.driver : undefined;
  if (exported === undefined) {
    const names = Object.keys(said).join(', ') || 'nothing';
    throw new DriverError(
      `${what} exports no driver: its module takes "export const driver", and exports ${names}`,
    );
  }
  return complete(checked(exported, what), what);
}

async function importModule(file: string, what: string): Promise<object> {
  try {
    const url = pathToFileURL(file).href;
    const loading: Promise<object> = import(/* @vite-ignore */ url);
    return await within(LOAD_TIMEOUT, loading);
  } catch (cause) {
    const fact = cause instanceof Error ? cause.message : String(cause);
    throw new DriverError(
      `${what} cannot be loaded: ${fact}; a driver is a module that exports "driver"`,
      { cause },
    );
  }
}

/** Whether it can be used, field by field, for packages need not be compiled against the types. */
function checked(exported: unknown, what: string): PackagedDriver {
  if (isDriver(exported)) return exported;
  const fields = typeof exported === 'object' && exported !== null ? exported : {};
  const wrong = Object.entries(FIELDS).find(
    ([name, isRight]) => !isRight(Reflect.get(fields, name)),
  );
  throw new DriverError(
    `${what} exports a driver whose ${wrong?.[0] ?? 'form'} is missing or wrong: see PackagedDriver of @vfio-ts/cli/driver`,
  );
}

const FIELDS: Readonly<Record<string, (value: unknown) => boolean>> = {
  name: (value) => typeof value === 'string' && value !== '',
  busName: (value) => typeof value === 'string' && value !== '',
  help: (value) => Array.isArray(value) && value.every((line) => typeof line === 'string'),
  register: (value) => typeof value === 'function',
  types: (value) => value === undefined || Array.isArray(value),
  look: (value) => value === undefined || typeof value === 'function',
};

function isDriver(value: unknown): value is PackagedDriver {
  if (typeof value !== 'object' || value === null) return false;
  return Object.entries(FIELDS).every(([name, isRight]) => isRight(Reflect.get(value, name)));
}
