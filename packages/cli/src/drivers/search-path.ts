// Where packages with drivers are looked for, as Node looks for modules.

import { readdirSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { placesOf, processEnvironment } from '../places.ts';

/** Where somebody stands who asks for a driver. */
export interface DriverPlaces {
  /** The current folder. */
  readonly cwd: string;
  /** The folder for drivers beside the configuration. */
  readonly drivers: string;
}

/** Of this process. */
export function currentPlaces(): DriverPlaces {
  return { cwd: process.cwd(), drivers: placesOf(processEnvironment()).drivers };
}

/**
 * The `node_modules` folders, first come first: of the current folder and those above it, of the configuration, and
 * those beside the command itself.
 */
export function moduleFolders({ cwd, drivers }: DriverPlaces): readonly string[] {
  return [...new Set([...above(cwd), drivers, ...above(import.meta.dirname)])];
}

/** Packages in a `node_modules`, by name; none where there is no such folder. */
export function packagesIn(folder: string): readonly string[] {
  const names = entries(folder).filter((name) => !name.startsWith('.'));
  return names.flatMap((name) =>
    name.startsWith('@') ? entries(join(folder, name)).map((one) => `${name}/${one}`) : [name],
  );
}

/** The folder itself and not a link to it, so that what is linked twice counts once. */
export function realFolder(folder: string): string {
  try {
    return realpathSync(folder);
  } catch {
    return folder;
  }
}

function above(from: string): string[] {
  const folders = [join(from, 'node_modules')];
  for (let at = from; dirname(at) !== at;) {
    at = dirname(at);
    folders.push(join(at, 'node_modules'));
  }
  return folders;
}

function entries(folder: string): string[] {
  try {
    return readdirSync(folder).toSorted();
  } catch {
    return [];
  }
}
