// A dump as files in a folder, for tools that take one in place of /sys.

import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { isErrno, VfioError } from '@vfio-ts/core';
import type { SysfsDump } from './dump.ts';

/**
 * Writes a dump to a folder that is empty or not there; files that can only be written become empty ones.
 *
 * @throws `EEXIST` there is something in the folder; what Node throws
 */
export function writeTree(dump: SysfsDump, folder: string): void {
  if (!isEmpty(folder)) throw new VfioError('EEXIST', 'export', `${folder} is not empty`);
  mkdirSync(folder, { recursive: true });
  for (const entry of dump) {
    const path = join(folder, entry.path);
    mkdirSync(dirname(path), { recursive: true });
    if (entry.kind === 'directory') mkdirSync(path, { recursive: true });
    if (entry.kind === 'file') writeFileSync(path, entry.text ?? '', { mode: entry.mode });
    if (entry.kind === 'link') {
      symlinkSync(relative(dirname(path), join(folder, entry.target)), path);
    }
  }
}

function isEmpty(folder: string): boolean {
  try {
    return readdirSync(folder).length === 0;
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return true;
    throw error;
  }
}
