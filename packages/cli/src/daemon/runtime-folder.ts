// The folder of the sockets: private, and one daemon's alone.

import { closeSync, lstatSync, mkdirSync, openSync, readdirSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { isErrno } from '@vfio-ts/core';
import { flock } from '@vfio-ts/vfio-user';
import { isUuid } from '../mdev/uuid.ts';

/**
 * Makes the folder where there is none.
 *
 * @param uid - whose it has to be
 * @throws Error it is another user's, or others can enter it
 */
export function makeRuntimeFolder(folder: string, uid: number): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const status = lstatSync(folder);
  const next = 'remove it, or set VFIO_TS_RUNTIME_DIR to a folder of your own';
  if (!status.isDirectory()) throw new Error(`${folder} is no folder; ${next}`);
  if (status.uid !== uid) {
    throw new Error(`${folder} belongs to the user of number ${status.uid}; ${next}`);
  }
  if ((status.mode & 0o022) !== 0) throw new Error(`others may write to ${folder}; ${next}`);
}

/** Locks the folder against a second daemon, until it is disposed or the process ends. @throws Error there is one */
export function lockRuntimeFolder(folder: string): Disposable {
  const fd = openSync(join(folder, 'daemon.lock'), 'a', 0o600);
  try {
    flock(fd, false);
  } catch (error) {
    closeSync(fd);
    if (!isErrno(error, 'EAGAIN')) throw error;
    const fact = `a daemon runs already with ${folder}; vfio-ts daemon status says more`;
    throw new Error(fact, { cause: error });
  }
  return { [Symbol.dispose]: () => closeSync(fd) };
}

/** Removes the sockets of devices that are gone. */
export function removeDeviceSockets(folder: string): void {
  for (const name of readdirSync(folder)) {
    const [uuid = '', rest] = name.split('.sock');
    if (rest !== undefined && isUuid(uuid)) rmSync(join(folder, name), { force: true });
  }
}

/** Removes a socket and all that is told beside it. */
export function removeSocket(socket: string): void {
  const folder = dirname(socket);
  for (const name of readdirSync(folder)) {
    if (name.startsWith(basename(socket))) rmSync(join(folder, name), { force: true });
  }
}
