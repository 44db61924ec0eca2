// The file a tape is in: a file as images need it, which can also be cut.

import { ftruncate } from 'node:fs';
import { fileError } from '../image/file-error.ts';
import { nodeFiles } from '../image/file.ts';
import type { FileMode, ImageFile } from '../image/file.ts';

/** An open file of a tape. */
export interface TapeFile extends ImageFile {
  /** Cuts the file at `size` bytes. @throws `EIO` */
  truncate(size: number): Promise<void>;
}

/** Where tapes are. */
export interface TapeFiles {
  /** @throws `ENOENT`, `EEXIST`, `EACCES`, `EISDIR`, `EROFS` */
  open(path: string, mode: FileMode): Promise<TapeFile>;
  /** Makes durable that a file was made in the folder of `path`. @throws `EIO` */
  syncFolder(path: string): Promise<void>;
}

function cut(fd: number, path: string, size: number): Promise<void> {
  return new Promise((resolve, reject) => {
    ftruncate(fd, size, (error) => {
      if (error === null) resolve();
      else reject(fileError(error, 'ftruncate', path));
    });
  });
}

/** The files of this machine. */
export const nodeTapeFiles: TapeFiles = {
  async open(path: string, mode: FileMode): Promise<TapeFile> {
    const file = await nodeFiles.open(path, mode);
    return {
      path,
      fd: file.fd,
      facts: () => file.facts(),
      read: (into, position) => file.read(into, position),
      write: (pieces, position) => file.write(pieces, position),
      sync: () => file.sync(),
      close: () => file.close(),
      truncate: (size) => cut(file.fd, path, size),
    };
  },
  syncFolder: (path) => nodeFiles.syncFolder(path),
};
