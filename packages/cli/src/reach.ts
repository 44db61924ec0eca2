// Why a device behind a socket cannot be reached, and what to do about it.

import { existsSync, lstatSync, readFileSync, realpathSync } from 'node:fs';
import { isErrno } from '@vfio-ts/core';
import { statsPath } from '@vfio-ts/vfio-user';
import { isUuid } from './mdev/uuid.ts';

/** A device as somebody named it. */
export interface Named {
  /** A UUID or a path, as it was given. */
  readonly named: string;
  /** Its socket. */
  readonly socket: string;
}

/**
 * The same error in the words of somebody who wants to reach a device; one that is about something else is given
 * back as it is.
 */
export function unreachable(error: unknown, { named, socket }: Named): unknown {
  const text = reasonOf(error, named, socket);
  return text === undefined ? error : new Error(text, { cause: error });
}

/** The same of what is told of a device beside its socket. @param what - `statistics` for example */
export function untold(error: unknown, device: Named, what: string): unknown {
  if (!isErrno(error, 'ENOENT') || !existsSync(device.socket)) return unreachable(error, device);
  return new Error(
    `${device.named} tells no ${what}: it has none, is not served by this command, or could not have a socket beside its own`,
    { cause: error },
  );
}

function reasonOf(error: unknown, named: string, socket: string): string | undefined {
  const what = isUuid(named) ? `device ${named}` : socket;
  if (isErrno(error, 'ENOENT')) {
    return isUuid(named)
      ? `nobody serves ${what}: vfio-ts list shows those that run, vfio-ts start ${named} starts it`
      : `nobody serves a device on ${socket}: there is no such socket; vfio-ts serve makes one`;
  }
  if (isErrno(error, 'ECONNREFUSED')) {
    return isSocket(socket)
      ? `nobody serves a device on ${socket}: who made the socket is gone; start the device again`
      : `nobody serves a device on ${socket}: it is no socket`;
  }
  if (isErrno(error, 'EACCES') || isErrno(error, 'EPERM')) {
    return `${what} is somebody else's: ask as the user who serves it${owner(socket)}`;
  }
  if (isErrno(error, 'EINVAL') && socket.length > 107) {
    return `${socket} is too long for a socket, which takes 107 bytes`;
  }
  return undefined;
}

/** Somebody has the device, and others are not served meanwhile. */
export function inUse({ named, socket }: Named): Error {
  const stats = existsSync(statsPath(socket))
    ? `; what passes through it: vfio-ts stats ${named}`
    : '';
  return new Error(
    `${named} has a client, and serves one at a time: ask again when that has gone${stats}`,
  );
}

/**
 * Whether somebody is connected to a socket, as far as the kernel tells: it knows sockets by the path that they were
 * bound to, in this network namespace. Asking it disturbs nobody, which connecting does.
 */
export function hasConnections(socket: string, table: string = unixSockets()): boolean {
  const paths = new Set([socket, realPath(socket)]);
  return table.split('\n').some((line) => {
    const [, , , , , state, , ...path] = line.split(' ').filter((word) => word !== '');
    return state === CONNECTED && paths.has(path.join(' '));
  });
}

const CONNECTED = '03';

function unixSockets(): string {
  try {
    return readFileSync('/proc/net/unix', 'utf8');
  } catch {
    return '';
  }
}

function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

function isSocket(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSocket() === true;
}

function owner(path: string): string {
  const uid = lstatSync(path, { throwIfNoEntry: false })?.uid;
  return uid === undefined ? '' : `, number ${uid}`;
}
