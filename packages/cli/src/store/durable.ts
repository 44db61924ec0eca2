// Changes to files that either have happened or have not, whenever the process or the machine ends.

import { dirname, join } from 'node:path';
import { isErrno } from '@vfio-ts/core';
import type { StoreFiles } from './files.ts';

/** Makes a folder, and those it is in. */
export function makeFolders(files: StoreFiles, folder: string): void {
  try {
    files.makeFolder(folder);
  } catch (error) {
    if (isErrno(error, 'EEXIST')) return;
    if (!isErrno(error, 'ENOENT') || dirname(folder) === folder) throw error;
    makeFolders(files, dirname(folder));
    makeFolders(files, folder);
    return;
  }
  syncFolder(files, dirname(folder));
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
