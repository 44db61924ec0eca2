// What went wrong, for people: the cause, and what to do about it.

import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { inspect } from 'node:util';
import { isErrno, VfioError } from '@vfio-ts/core';

/** Mistakes that only a program makes. */
const FAULTS: readonly (new (...args: never[]) => Error)[] = [
  TypeError,
  RangeError,
  ReferenceError,
];

/** The text of an error behind the program's name. */
export function errorText(error: unknown): string {
  if (!(error instanceof Error)) return inspect(error);
  // Most readers know what a socket is, and few what ENODEV is: so the code is behind the fact.
  if (error instanceof VfioError) return `${factOf(error)} (${error.code})`;
  if (!FAULTS.some((Fault) => error instanceof Fault)) return portText(error) ?? error.message;
  return `${error.stack ?? error.message}\nThis is a fault of vfio-ts or of a driver, not of yours: please report it with these lines`;
}

/** What is wrong, without the code and the name of the operation. */
export function factOf({ message, code, op }: VfioError): string {
  const head = `${code}: ${op}: `;
  return message.startsWith(head) ? message.slice(head.length) : message;
}

/** What keeps a page from being served on a port, as Node says it. */
function portText(error: Error): string | undefined {
  if (!('syscall' in error && error.syscall === 'listen' && 'code' in error)) return undefined;
  if (error.code === 'EADDRINUSE') return `${error.message}: take another --port, or leave it out`;
  if (error.code === 'EACCES') return `${error.message}: take a --port from 1024 on`;
  if (error.code !== 'EADDRNOTAVAIL') return undefined;
  return `${error.message}: --host takes an address that this machine has`;
}

/** What keeps a file from being read, and is not what is in it; other errors are given back as they are. */
export function fileError(error: unknown, file: string): unknown {
  const text = fileText(error, file);
  return text === undefined ? error : new Error(text, { cause: error });
}

/** The same of a file that is to be written. */
export function writeError(error: unknown, file: string): unknown {
  const folder = dirname(file);
  if (isErrno(error, 'ENOENT')) {
    return new Error(`there is no folder for ${file}: mkdir -p ${folder} makes it`, {
      cause: error,
    });
  }
  if (!isErrno(error, 'EACCES') && !isErrno(error, 'EPERM')) return error;
  return new Error(`${file} may not be written: say a file in a folder that is yours`, {
    cause: error,
  });
}

function fileText(error: unknown, file: string): string | undefined {
  if (isErrno(error, 'ENOENT')) return `there is no ${file}: say a file that is there`;
  if (isErrno(error, 'EACCES') || isErrno(error, 'EPERM')) {
    return `${file} may not be read: do it as its owner, or have the owner allow it`;
  }
  if (error instanceof Error && 'code' in error && error.code === 'EISDIR') {
    return `${file} is a folder, and a file is needed`;
  }
  return undefined;
}

/** What keeps a device from being served on a socket; other errors are given back as they are. */
export function listenError(error: unknown, socket: string): unknown {
  if (!(error instanceof VfioError) || !LISTENING.has(error.op)) return error;
  const text = listenText(error, socket);
  return text === undefined ? error : new Error(`${text} (${error.code})`, { cause: error });
}

/** Operations on the way to a socket that listens. */
const LISTENING: ReadonlySet<string> = new Set(['bind', 'listen', 'connect', 'chmod']);

function listenText({ code, message }: VfioError, socket: string): string | undefined {
  if (code === 'EADDRINUSE') {
    return message.includes('not a socket')
      ? `${socket} is a file, which is left alone: take another --socket`
      : `somebody serves on ${socket} already: take another --socket, or end that one`;
  }
  const folder = dirname(socket);
  if (code === 'ENOENT' && !existsSync(folder)) {
    return `there is no folder for ${socket}: mkdir -p ${folder} makes it`;
  }
  if (code === 'ENOENT' || code === 'EACCES' || code === 'EPERM' || code === 'EROFS') {
    return `no socket can be made in ${folder}: take a --socket in a folder that is yours`;
  }
  if (code !== 'EINVAL') return undefined;
  return `${socket} is too long for a socket, which takes 107 bytes: take a shorter --socket`;
}
