// Locks that keep a second process, or a second store of this one, from an image: one that writes excludes all
// others, many may read.

import { connect, createServer } from 'node:net';
import type { Server } from 'node:net';
import { isErrno, VfioError } from '@vfio-ts/core';
import { fileError } from './file-error.ts';

/** The file a lock is on. */
export interface LockedFile {
  readonly path: string;
  /** An open descriptor, which stays open longer than the lock is held. */
  readonly fd: number;
  /** Equal exactly when two names are the same file. */
  readonly inode: string;
}

/** A way to lock image files. The kernel holds the lock: it is free when its process dies, however it dies. */
export interface ImageLock {
  /**
   * Takes the lock.
   *
   * @param isShared - others may read as well
   * @returns what gives it back
   * @throws `EBUSY` another has it
   */
  acquire(file: LockedFile, isShared: boolean): Promise<() => Promise<void>>;
}

/** The error for an image that another has. */
function imageIsBusy(path: string): VfioError {
  return new VfioError('EBUSY', 'openImage', `${path}: another store or process has it open`);
}

/** How many may read one image at one time. */
const READERS = 64;

function listenAt(name: string): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    // Stays, for a connection that cannot be accepted later: the lock is held all the same.
    server.on('error', (error) => {
      if (isErrno(error, 'EADDRINUSE')) resolve(undefined);
      else reject(error);
    });
    server.listen(`\0${name}`, () => resolve(server.unref()));
  });
}

/** Whether somebody listens. */
function isTaken(name: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = connect(`\0${name}`, () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', (error) => {
      if (isErrno(error, 'ECONNREFUSED')) resolve(false);
      // Its queue of connections is full: it is there.
      else if (isErrno(error, 'EAGAIN')) resolve(true);
      else reject(error);
    });
  });
}

function closer(server: Server): () => Promise<void> {
  return () => new Promise((resolve) => server.close(() => resolve()));
}

// Each side takes its own name first and then looks for the other's: of two that begin at one time at least one sees
// the other.
async function lockForWriting(name: string): Promise<Server | undefined> {
  const server = await listenAt(name);
  if (server === undefined) return undefined;
  for (let reader = 0; reader < READERS; reader += 1) {
    if (!(await isTaken(`${name}/${reader}`))) continue;
    server.close();
    return undefined;
  }
  return server;
}

async function lockForReading(name: string): Promise<Server | undefined> {
  for (let reader = 0; reader < READERS; reader += 1) {
    const server = await listenAt(`${name}/${reader}`);
    if (server === undefined) continue;
    if (!(await isTaken(name))) return server;
    server.close();
    return undefined;
  }
  return undefined;
}

/**
 * Locks by a name in the abstract namespace of UNIX sockets, made of device and inode. Node has no `flock(2)`; a
 * bound abstract name is what the kernel frees at any death of a process, without a file that could be left behind.
 * It is seen within one network namespace only: where containers share images, add a lock by `flock(2)`.
 */
export const socketLock: ImageLock = {
  async acquire(file: LockedFile, isShared: boolean): Promise<() => Promise<void>> {
    const name = `vfio-ts/ckd/${file.inode}`;
    let server: Server | undefined;
    try {
      server = await (isShared ? lockForReading(name) : lockForWriting(name));
    } catch (error) {
      throw fileError(error, 'lock', file.path);
    }
    if (server === undefined) throw imageIsBusy(file.path);
    return closer(server);
  },
};

/**
 * Locks by `flock(2)`, which a host with native calls brings.
 *
 * @param flock - takes the lock without waiting; throws `EAGAIN` where another has it
 */
export function flockLock(flock: (fd: number, isShared: boolean) => void): ImageLock {
  return {
    acquire: (file, isShared) => {
      try {
        flock(file.fd, isShared);
      } catch (error) {
        return Promise.reject(
          isErrno(error, 'EAGAIN') ? imageIsBusy(file.path) : fileError(error, 'flock', file.path),
        );
      }
      // The lock belongs to the open file and goes with its descriptor.
      return Promise.resolve(() => Promise.resolve());
    },
  };
}
