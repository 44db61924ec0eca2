// Files as the image code needs them: positioned reads and writes, and the points where what was written is durable.
// Everything above is written against this interface, so that a test can take the power away at any moment.

import { constants, fdatasync, read, writev } from 'node:fs';
import { open, realpath, unlink } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { isErrno, VfioError } from '@vfio-ts/core';
import { fileError } from './file-error.ts';

/** What a file is. */
export interface FileFacts {
  /** Bytes. */
  readonly size: number;
  /** Device and inode: equal exactly when two names are the same file at one time. */
  readonly inode: string;
  /** Inode and time of birth: names the file also after a reboot, when device numbers may have changed. */
  readonly identity: string;
}

/** An open file. */
export interface ImageFile {
  readonly path: string;
  /** The descriptor, for locks; -1 where there is none. */
  readonly fd: number;
  /** @throws `EIO` */
  facts(): Promise<FileFacts>;
  /** Fills `into` from `position`. @returns how many bytes there were before the end of the file @throws `EIO` */
  read(into: Uint8Array, position: number): Promise<number>;
  /** Fills `into` where all of that is in memory already; false, and anything in `into`, where it is not. */
  readNow?(into: Uint8Array, position: number): boolean;
  /** Writes the pieces one behind the other. @throws `EIO`, `ENOSPC` */
  write(pieces: readonly Uint8Array[], position: number): Promise<void>;
  /** Makes durable what was written, as `fdatasync(2)`. @throws `EIO` */
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** How a file is opened; `'create'` refuses one that is there. */
export type FileMode = 'read' | 'write' | 'create';

/** Reads what of a file the kernel has in memory; `CachedReader` of `@vfio-ts/vfio-user` is one. */
export interface CachedReads {
  /** @returns how many bytes there were, less than asked for or negative where a disk has to be waited for */
  read(fd: number, into: Uint8Array, position: number): number;
}

/** Where image files and their journals are. */
export interface ImageFiles {
  /** @throws `ENOENT`, `EEXIST`, `EACCES`, `EISDIR`, `EROFS` */
  open(path: string, mode: FileMode): Promise<ImageFile>;
  /** Makes durable that a file was made in, or removed from, the folder of `path`. @throws `EIO` */
  syncFolder(path: string): Promise<void>;
  /** The name of a file without symbolic links. @throws `ENOENT`, `EACCES` */
  realPath(path: string): Promise<string>;
  /** @throws `ENOENT`, `EACCES` */
  remove(path: string): Promise<void>;
}

const FLAGS: Record<FileMode, number> = {
  read: constants.O_RDONLY,
  write: constants.O_RDWR,
  create: constants.O_RDWR | constants.O_CREAT | constants.O_EXCL,
};

/** Permissions of a new file before the umask. */
const NEW_FILE = 0o666;

class NodeFile implements ImageFile {
  readonly path: string;
  readonly #handle: FileHandle;
  readonly #cached: CachedReads | undefined;

  constructor(path: string, handle: FileHandle, cached: CachedReads | undefined) {
    this.path = path;
    this.#handle = handle;
    this.#cached = cached;
  }

  get fd(): number {
    return this.#handle.fd;
  }

  async facts(): Promise<FileFacts> {
    const { dev, ino, birthtimeNs, size } = await this.#handle.stat({ bigint: true });
    return {
      size: Number(size),
      inode: `${dev}:${ino}`,
      identity: `${ino}:${birthtimeNs}`,
    };
  }

  // The calls with a callback cost half of what those of a FileHandle cost.
  async read(into: Uint8Array, position: number): Promise<number> {
    let done = 0;
    while (done < into.length) {
      const count = await this.#readOnce(into, done, position + done);
      if (count === 0) break;
      done += count;
    }
    return done;
  }

  readNow(into: Uint8Array, position: number): boolean {
    return this.#cached?.read(this.#handle.fd, into, position) === into.length;
  }

  #readOnce(into: Uint8Array, offset: number, position: number): Promise<number> {
    return new Promise((resolve, reject) => {
      read(this.#handle.fd, into, offset, into.length - offset, position, (error, count) => {
        if (error === null) resolve(count);
        else reject(fileError(error, 'read', this.path));
      });
    });
  }

  async write(pieces: readonly Uint8Array[], position: number): Promise<void> {
    let rest = pieces.filter((piece) => piece.length > 0);
    let at = position;
    while (rest.length > 0) {
      let count = await this.#writeOnce(rest.slice(0, MAX_PIECES), at);
      at += count;
      while (rest[0] !== undefined && count >= rest[0].length) {
        count -= rest[0].length;
        rest = rest.slice(1);
      }
      if (rest[0] !== undefined && count > 0) rest = [rest[0].subarray(count), ...rest.slice(1)];
    }
  }

  #writeOnce(pieces: Uint8Array[], position: number): Promise<number> {
    return new Promise((resolve, reject) => {
      writev(this.#handle.fd, pieces, position, (error, count) => {
        if (error === null) resolve(count);
        else reject(fileError(error, 'write', this.path));
      });
    });
  }

  sync(): Promise<void> {
    return new Promise((resolve, reject) => {
      fdatasync(this.#handle.fd, (error) => {
        if (error === null) resolve();
        else reject(fileError(error, 'fdatasync', this.path));
      });
    });
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }
}

/** `IOV_MAX` of Linux. */
const MAX_PIECES = 1024;

class NodeFiles implements ImageFiles {
  readonly #cached: CachedReads | undefined;

  constructor(cached?: CachedReads) {
    this.#cached = cached;
  }

  async open(path: string, mode: FileMode): Promise<ImageFile> {
    let handle: FileHandle;
    try {
      handle = await open(path, FLAGS[mode], NEW_FILE);
    } catch (error) {
      throw fileError(error, 'open', path);
    }
    try {
      const stat = await handle.stat();
      if (stat.isFile()) return new NodeFile(path, handle, this.#cached);
      throw new VfioError(stat.isDirectory() ? 'EISDIR' : 'EINVAL', 'open', `${path}: no file`);
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  async syncFolder(path: string): Promise<void> {
    const folder = dirname(path);
    try {
      await using handle = await open(folder, constants.O_RDONLY);
      await handle.sync();
    } catch (error) {
      throw fileError(error, 'fsync', folder);
    }
  }

  async realPath(path: string): Promise<string> {
    try {
      return await realpath(path);
    } catch (error) {
      throw fileError(error, 'realpath', path);
    }
  }

  async remove(path: string): Promise<void> {
    try {
      await unlink(path);
    } catch (error) {
      throw fileError(error, 'unlink', path);
    }
  }
}

/** The files of this machine. */
export const nodeFiles: ImageFiles = new NodeFiles();

/**
 * The files of this machine, of which what the kernel has in memory is read at once: a read by Node takes the way by
 * another thread.
 */
export function cachedFiles(cached: CachedReads): ImageFiles {
  return new NodeFiles(cached);
}

/**
 * Waits for all, then throws what the first has thrown: a call that is under way must not meet a descriptor that was
 * closed, and perhaps given to another file, meanwhile.
 */
export async function allSettled(calls: readonly Promise<void>[]): Promise<void> {
  for (const result of await Promise.allSettled(calls)) {
    if (result.status === 'rejected') throw result.reason;
  }
}

/** Opens a file that need not be there. @throws `EACCES`, `EISDIR` */
export async function openIfThere(
  files: ImageFiles,
  path: string,
  mode: 'read' | 'write',
): Promise<ImageFile | undefined> {
  try {
    return await files.open(path, mode);
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined;
    throw error;
  }
}
