// Where packages with drivers are looked for, as Node looks for modules.

import { readdirSync, realpathSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';

/** Where somebody stands who asks for a driver. */
export interface DriverPlaces {
  /** The current folder. */
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
}

/** Of this process. */
export function currentPlaces(): DriverPlaces {
  return { cwd: process.cwd(), env: process.env };
}

/**
 * The `node_modules` folders, first come first: of the current folder and those above it, of the configuration, and
 * those beside the command itself.
 */
export function moduleFolders({ cwd, env }: DriverPlaces): readonly string[] {
  const folders = [
    ...above(cwd),
    join(configuration(env), 'node_modules'),
    ...above(import.meta.dirname),
  ];
  return [...new Set(folders)];
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

/** Where an operator installs drivers for all folders: `npm install --prefix ~/.config/vfio-ts my-driver`. */
function configuration(env: NodeJS.ProcessEnv): string {
  if (process.getuid?.() === 0) return '/etc/vfio-ts';
  return join(env['XDG_CONFIG_HOME'] ?? join(homedir(), '.config'), 'vfio-ts');
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
