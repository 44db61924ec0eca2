// Which pictures a page shows.

import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { picturePath, socketTarget, type PageTarget } from '@vfio-ts/viewer';
import { socketOf } from '../places.ts';

const SUFFIX = picturePath('.sock');

/** The picture of a device by its UUID or socket, whether or not it is served now. */
export function namedTarget(named: string): PageTarget {
  const name = basename(named, '.sock');
  return socketTarget(idOf(named), name, picturePath(socketOf(named)));
}

/** The pictures of all devices in a folder that have one at this moment, by name. */
export function targetsIn(folder: string): readonly PageTarget[] {
  const names = filesOf(folder).filter((file) => file.endsWith(SUFFIX));
  return names.toSorted().map((file) => {
    const name = file.slice(0, -SUFFIX.length);
    return socketTarget(idOf(name), name, join(folder, file));
  });
}

/** What a page calls it in addresses: other characters than those of names stand as their numbers. */
function idOf(named: string): string {
  return named.replaceAll(/[^\w-]/gu, (character) => `.${character.codePointAt(0)?.toString(16)}.`);
}

/** A folder that is not there yet is empty. */
function filesOf(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
