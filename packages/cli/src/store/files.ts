// The file operations of the store, each one that a crash can come before or after.

import {
  closeSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { flock } from '@vfio-ts/vfio-user';

/** What the store does to files. Each throws as Node does, with `code`. */
export interface StoreFiles {
  /** Names in a folder, files and folders apart. @throws `ENOENT`, `ENOTDIR`, `EACCES` */
  list(folder: string): { readonly files: readonly string[]; readonly folders: readonly string[] };
  /** @throws `ENOENT`, `EACCES` */
  read(path: string): string;
  /** @throws `EEXIST`, `ENOENT`, `EACCES`, `EROFS` */
  makeFolder(path: string): void;
  /** A new file, to be written to. @throws `EEXIST`, `ENOENT`, `EACCES`, `EROFS` */
  create(path: string): number;
  /** A folder, to be synced. @throws `ENOENT`, `EACCES` */
  openFolder(path: string): number;
  /** Writes all of it. @throws `ENOSPC`, `EIO` */
  write(fd: number, text: string): void;
  /** What was written, or which names a folder has, outlasts the machine's end from here on. @throws `EIO` */
  sync(fd: number): void;
  close(fd: number): void;
  /** Replaces what is there. */
  rename(from: string, to: string): void;
  /** A second name. @throws `EEXIST` */
  link(from: string, to: string): void;
  /** @throws `ENOENT` */
  remove(path: string): void;
  /** Locks a file, which is made where there is none, against others who lock it. @throws `EAGAIN` somebody has */
  lock(path: string): Disposable;
}

/** Those of this machine. */
export const nodeFiles: StoreFiles = {
  list(folder) {
    const entries = readdirSync(folder, { withFileTypes: true });
    return {
      files: entries.filter((entry) => !entry.isDirectory()).map(({ name }) => name),
      folders: entries.filter((entry) => entry.isDirectory()).map(({ name }) => name),
    };
  },
  read: (path) => readFileSync(path, 'utf8'),
  makeFolder: (path) => mkdirSync(path),
  create: (path) => openSync(path, 'wx'),
  openFolder: (path) => openSync(path, 'r'),
  write: (fd, text) => writeFileSync(fd, text),
  sync: (fd) => fsyncSync(fd),
  close: (fd) => closeSync(fd),
  rename: (from, to) => renameSync(from, to),
  link: (from, to) => linkSync(from, to),
  remove: (path) => unlinkSync(path),
  lock(path) {
    const fd = openSync(path, 'a');
    try {
      flock(fd, false);
    } catch (error) {
      closeSync(fd);
      throw error;
    }
    return { [Symbol.dispose]: () => closeSync(fd) };
  },
};
