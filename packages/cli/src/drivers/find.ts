// Drivers by name: those the command has, and those that packages bring.

import { existsSync, statSync } from 'node:fs';
import { isAbsolute, join, resolve } from 'node:path';
import { UsageError } from '../usage.ts';
import type { CommandDriver } from './driver.ts';
import { DRIVERS } from './index.ts';
import { loadModule, loadPackage } from './load.ts';
import { DriverError, readManifest, type DriverManifest } from './manifest.ts';
import {
  currentPlaces,
  moduleFolders,
  packagesIn,
  realFolder,
  type DriverPlaces,
} from './search-path.ts';

/** A driver that can be served. */
export interface FoundDriver {
  readonly driver: CommandDriver;
  /** Of a package: its version and folder; `undefined` where it comes with the command. */
  readonly origin?: { readonly version: string; readonly folder: string };
}

/** A package that says it is a driver and cannot be used. */
export interface UnusableDriver {
  readonly folder: string;
  readonly error: Error;
}

/** Everything there is. */
export interface KnownDrivers {
  /** Those of the command first; of two of one name the one that `findDriver` gives. */
  readonly found: readonly FoundDriver[];
  readonly unusable: readonly UnusableDriver[];
}

/** All drivers that can be served by name. A package that cannot be used does not keep the others from it. */
export async function knownDrivers(places: DriverPlaces = currentPlaces()): Promise<KnownDrivers> {
  const found: FoundDriver[] = DRIVERS.map((driver) => ({ driver }));
  const unusable: UnusableDriver[] = [];
  const names = new Set(DRIVERS.map(({ name }) => name));
  for (const folder of candidates(places)) {
    try {
      const manifest = readManifest(folder);
      if (manifest === undefined || names.has(manifest.name)) continue;
      names.add(manifest.name);
      // One after the other: the order is that of the search.
      // oxlint-disable-next-line no-await-in-loop
      const driver = await loadPackage(manifest);
      found.push({ driver, origin: { version: manifest.version, folder } });
    } catch (error) {
      unusable.push({ folder, error: error instanceof Error ? error : new Error(String(error)) });
    }
  }
  return { found, unusable };
}

/**
 * The driver of that name: one of the command, a package, or a path of a package or a module.
 *
 * @throws UsageError there is none; DriverError it cannot be used
 */
export async function findDriver(
  name: string,
  places: DriverPlaces = currentPlaces(),
): Promise<CommandDriver> {
  const own = DRIVERS.find((one) => one.name === name);
  if (own !== undefined) return own;
  if (isPath(name)) return await driverAt(resolve(places.cwd, name), name);
  const manifest = isPackageName(name) ? findPackage(name, places) : undefined;
  if (manifest !== undefined) return await loadPackage(manifest);
  const install = isPackageName(name)
    ? `; npm install ${name} installs one of another package`
    : '';
  throw new UsageError(`no driver ${JSON.stringify(name)}; ${namesOf(places)}${install}`);
}

/** The driver of a type directory, `mdpy-xga` for example. @throws UsageError no driver has it */
export async function findDriverOfType(
  mdevType: string,
  places: DriverPlaces = currentPlaces(),
): Promise<CommandDriver> {
  const own = driverWith(DRIVERS, mdevType);
  if (own !== undefined) return own;
  const { found, unusable } = await knownDrivers(places);
  const driver = driverWith(
    found.map((one) => one.driver),
    mdevType,
  );
  if (driver !== undefined) return driver;
  const hints = unusable.map(({ error }) => `\n${error.message}`).join('');
  throw new UsageError(
    `no driver has a type ${JSON.stringify(mdevType)}; ${list(found.map((one) => one.driver.name))}${hints}`,
  );
}

/** Of names that begin alike the longest counts. */
function driverWith(
  drivers: readonly CommandDriver[],
  mdevType: string,
): CommandDriver | undefined {
  return drivers
    .filter(({ busName }) => mdevType.startsWith(`${busName}-`))
    .toSorted((a, b) => b.busName.length - a.busName.length)[0];
}

function isPath(name: string): boolean {
  return isAbsolute(name) || /^\.{1,2}(?:\/|$)/u.test(name);
}

/** What npm takes, so that nothing leads out of a `node_modules`. */
function isPackageName(name: string): boolean {
  return /^(?:@[\w~-][\w.~-]*\/)?[\w~-][\w.~-]*$/u.test(name);
}

async function driverAt(path: string, said: string): Promise<CommandDriver> {
  if (!existsSync(path)) throw new UsageError(`there is no ${said} to be served: no such file`);
  if (!statSync(path).isDirectory()) return await loadModule(path);
  const manifest = readManifest(path);
  if (manifest !== undefined) return await loadPackage(manifest);
  throw new DriverError(noDriver(said));
}

/** A package of that name that is no driver is told apart from none, unless a driver comes after it. */
function findPackage(name: string, places: DriverPlaces): DriverManifest | undefined {
  let other: string | undefined;
  for (const folder of moduleFolders(places)) {
    const at = join(folder, name);
    const manifest = readManifest(at);
    if (manifest !== undefined) return manifest;
    if (existsSync(join(at, 'package.json'))) other ??= at;
  }
  if (other !== undefined) throw new DriverError(noDriver(`${name} in ${other}`));
  return undefined;
}

function noDriver(what: string): string {
  return `${what} is no driver: its package.json says nothing under "vfio-ts"`;
}

/** Folders of all packages, each once, in the order in which they are looked for. */
function candidates(places: DriverPlaces): readonly string[] {
  const folders = moduleFolders(places).flatMap((folder) =>
    packagesIn(folder).map((name) => realFolder(join(folder, name))),
  );
  return [...new Set(folders)];
}

/** Without loading any, for errors. */
function namesOf(places: DriverPlaces): string {
  const names = candidates(places).flatMap((folder) => {
    try {
      return readManifest(folder)?.name ?? [];
    } catch {
      return [];
    }
  });
  return list([...DRIVERS.map(({ name }) => name), ...new Set(names)]);
}

function list(names: readonly string[]): string {
  return `there are: ${names.join(', ')}`;
}
