// Changes to files that either have happened or have not, whenever the process or the machine ends.

import { dirname, join } from 'node:path';
import { isErrno, VfioError } from '@vfio-ts/core';
import type { StoreFiles } from './files.ts';

/** Makes a folder, and those it is in. */
export function makeFolders(files: StoreFiles, folder: string): void {
  if (makeFolder(files, folder) !== 'orphan') return;
  makeFolders(files, dirname(folder));
  // In /proc there can be none, however often that is tried.
  if (makeFolder(files, folder) === 'orphan') throw noFolder(folder);
}

/** Makes one folder, where that it is in is there. */
function makeFolder(files: StoreFiles, folder: string): 'there' | 'orphan' {
  try {
    files.makeFolder(folder);
  } catch (error) {
    if (isErrno(error, 'EEXIST')) return 'there';
    if (isErrno(error, 'ENOENT') && dirname(folder) !== folder) return 'orphan';
    throw error;
  }
  syncFolder(files, dirname(folder));
  return 'there';
}

function noFolder(folder: string): VfioError {
  const next = 'set VFIO_TS_CONFIG_DIR to a folder elsewhere';
  return new VfioError('ENOENT', 'mkdir', `there can be no folder ${folder}; ${next}`);
}

/**
 * Writes a whole file: whoever opens it finds what was there before or `text`, nothing in between.
 *
 * @param draft - where it is written first, on the same file system
 */
export function replaceFile(
  files: StoreFiles,
  { draft, path, text }: { readonly draft: string; readonly path: string; readonly text: string },
): void {
  discard(files, draft);
  try {
    const fd = files.create(draft);
    try {
      files.write(fd, text);
      // Must precede the rename: a file system may make the name durable before what it names.
      files.sync(fd);
    } finally {
      files.close(fd);
    }
    files.rename(draft, path);
  } catch (error) {
    discard(files, draft);
    throw error;
  }
  syncFolder(files, dirname(path));
}

/** Removes a file. @throws `ENOENT` */
export function removeFile(files: StoreFiles, path: string): void {
  files.remove(path);
  syncFolder(files, dirname(path));
}

/** Moves a file to a folder under its own name, with a number where that is taken. @returns where it is */
export function moveAside(files: StoreFiles, path: string, folder: string): string {
  makeFolders(files, folder);
  const name = path.slice(dirname(path).length + 1);
  for (let n = 0; ; n++) {
    const to = join(folder, n === 0 ? name : `${name}.${n}`);
    try {
      // Not a rename, which would replace what is there.
      files.link(path, to);
    } catch (error) {
      if (isErrno(error, 'EEXIST')) continue;
      throw error;
    }
    // Must precede the removal: until then it has its old name.
    syncFolder(files, folder);
    removeFile(files, path);
    return to;
  }
}

function syncFolder(files: StoreFiles, folder: string): void {
  const fd = files.openFolder(folder);
  try {
    files.sync(fd);
  } finally {
    files.close(fd);
  }
}

function discard(files: StoreFiles, draft: string): void {
  try {
    files.remove(draft);
  } catch (error) {
    if (!isErrno(error, 'ENOENT')) throw error;
  }
}
