// System calls with types: a failure is a VfioError with the kernel's errno, an interrupted call is made again.

import { VfioError } from '@vfio-ts/core';
import * as c from './constants.ts';
import { checked, failure, interrupted, WOULD_BLOCK, wouldBlock } from './failure.ts';
import { raw } from './ffi.ts';

/** Who is at the other end of a UNIX socket, at the moment it connected. */
export interface PeerCredentials {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
}

/** What a file is. */
export interface FileStatus {
  /** Type and permission bits, as in `st_mode`. */
  readonly mode: number;
  /** Bytes. */
  readonly size: number;
  /** Device and inode in one text, equal exactly when two are the same file. */
  readonly identity: string;
}

/** Longest path that fits `sockaddr_un` with its terminating zero, in bytes. */
export const MAX_SOCKET_PATH = 107;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

function sockaddrUn(path: string, op: string): Uint8Array {
  const bytes = encoder.encode(path);
  if (bytes.length === 0 || bytes.includes(0)) {
    throw new VfioError('EINVAL', op, 'the socket path is empty or has a zero byte');
  }
  if (bytes.length > MAX_SOCKET_PATH) {
    throw new VfioError(
      'EINVAL',
      op,
      `the socket path has ${bytes.length} bytes, at most ${MAX_SOCKET_PATH} fit: ${path}`,
    );
  }
  const address = new Uint8Array(2 + MAX_SOCKET_PATH + 1);
  new DataView(address.buffer).setUint16(0, c.AF_UNIX, true);
  address.set(bytes, 2);
  return address;
}

/** Checks that a path fits a socket address. @throws `EINVAL` */
export function checkSocketPath(path: string): void {
  sockaddrUn(path, 'listen');
}

/** A new UNIX stream socket, close-on-exec. @throws `EMFILE`, `ENOMEM` */
export function socketUnix(): number {
  return checked(raw.socket(c.AF_UNIX, c.SOCK_STREAM | c.SOCK_CLOEXEC, 0), 'socket', 'AF_UNIX');
}

/** Two connected UNIX stream sockets, close-on-exec. @throws `EMFILE`, `ENOMEM` */
export function socketpairUnix(): [number, number] {
  const fds = new Int32Array(2);
  checked(
    raw.socketpair(c.AF_UNIX, c.SOCK_STREAM | c.SOCK_CLOEXEC, 0, fds),
    'socketpair',
    'AF_UNIX',
  );
  const [a = -1, b = -1] = fds;
  return [a, b];
}

/** @throws `EINVAL` path that cannot be a socket's, `EADDRINUSE` the file exists, `ENOENT`, `EACCES` */
export function bindUnix(fd: number, path: string): void {
  const address = sockaddrUn(path, 'bind');
  checked(raw.bind(fd, address, address.length), 'bind', path);
}

/** @throws `EINVAL` path that cannot be a socket's, `ECONNREFUSED`, `ENOENT`, `EACCES` */
export function connectUnix(fd: number, path: string): void {
  const address = sockaddrUn(path, 'connect');
  while (raw.connect(fd, address, address.length) < 0) {
    if (!interrupted()) throw failure('connect', path);
  }
}

/** Begins to listen. */
export function listen(fd: number, backlog: number): void {
  checked(raw.listen(fd, backlog), 'listen', `descriptor ${fd}`);
}

/**
 * The next connection, close-on-exec.
 *
 * @returns `WOULD_BLOCK` when none waits on a nonblocking socket
 * @throws `EMFILE`, `ENOMEM`
 */
export function accept(fd: number): number {
  for (;;) {
    const result = raw.accept4(fd, 0, 0, c.SOCK_CLOEXEC);
    if (result >= 0) return result;
    if (wouldBlock()) return WOULD_BLOCK;
    if (!interrupted()) throw failure('accept4', `descriptor ${fd}`);
  }
}

/** Bounds how long a receive on `fd` blocks, in microseconds; 0 is for ever. The kernel rounds up to its tick. */
export function setReceiveTimeout(fd: number, microseconds: number): void {
  const value = new Uint8Array(16);
  const view = new DataView(value.buffer);
  view.setUint32(0, Math.floor(microseconds / 1e6), true);
  view.setUint32(8, microseconds % 1e6, true);
  checked(raw.setsockopt(fd, c.SOL_SOCKET, c.SO_RCVTIMEO, value, 16), 'setsockopt', 'SO_RCVTIMEO');
}

/** Who connected. */
export function peerCredentials(fd: number): PeerCredentials {
  const value = new Uint8Array(12);
  const length = Uint32Array.of(12);
  checked(
    raw.getsockopt(fd, c.SOL_SOCKET, c.SO_PEERCRED, value, length),
    'getsockopt',
    'SO_PEERCRED',
  );
  const view = new DataView(value.buffer);
  return {
    pid: view.getInt32(0, true),
    uid: view.getUint32(4, true),
    gid: view.getUint32(8, true),
  };
}

/**
 * Sends the first `length` bytes, without a signal when the peer is gone.
 *
 * @returns how many bytes went, or `WOULD_BLOCK`
 * @throws `EPIPE`, `ECONNRESET` the peer is gone
 */
export function send(fd: number, bytes: Uint8Array, length: number, flags: number): number {
  for (;;) {
    const result = raw.send(fd, bytes, length, flags | c.MSG_NOSIGNAL);
    if (result >= 0) return result;
    if (wouldBlock()) return WOULD_BLOCK;
    if (!interrupted()) throw failure('send', `descriptor ${fd}`);
  }
}

/**
 * Receives bytes; descriptors that came with them are lost.
 *
 * @returns how many bytes came (0: the peer closed), or `WOULD_BLOCK`
 * @throws `ECONNRESET`
 */
export function recv(fd: number, bytes: Uint8Array, length: number, flags: number): number {
  for (;;) {
    const result = raw.recv(fd, bytes, length, flags);
    if (result >= 0) return result;
    if (wouldBlock()) return WOULD_BLOCK;
    if (!interrupted()) throw failure('recv', `descriptor ${fd}`);
  }
}

/** A new eventfd with counter 0, nonblocking, close-on-exec. @throws `EMFILE`, `ENOMEM` */
export function eventfd(): number {
  return checked(raw.eventfd(0, c.EFD_CLOEXEC | c.EFD_NONBLOCK), 'eventfd', 'counter 0');
}

/** A new memfd of size 0 that can be sealed, close-on-exec. @throws `EMFILE`, `ENOMEM` */
export function memfdCreate(name: string): number {
  return checked(raw.memfd_create(name, c.MFD_CLOEXEC | c.MFD_ALLOW_SEALING), 'memfd_create', name);
}

/** @throws `EINVAL`, `EPERM` sealed */
export function ftruncate(fd: number, size: number): void {
  while (raw.ftruncate(fd, size) < 0) {
    if (!interrupted()) throw failure('ftruncate', `descriptor ${fd}, size 0x${size.toString(16)}`);
  }
}

/** @throws `EPERM` sealed against sealing */
export function addSeals(fd: number, seals: number): void {
  checked(raw.fcntl(fd, c.F_ADD_SEALS, seals), 'fcntl', `F_ADD_SEALS on descriptor ${fd}`);
}

/** The seals of a memfd; 0 for files that cannot have any. */
export function getSeals(fd: number): number {
  return Math.max(0, raw.fcntl(fd, c.F_GET_SEALS, 0));
}

/** Status flags of the open file (`O_*`), the access mode among them. @throws `EBADF` */
export function statusFlags(fd: number): number {
  return checked(raw.fcntl(fd, c.F_GETFL, 0), 'fcntl', `F_GETFL on descriptor ${fd}`);
}

/** Sets the status flags of the open file, for all who share it. @throws `EBADF` */
export function setStatusFlags(fd: number, flags: number): void {
  checked(raw.fcntl(fd, c.F_SETFL, flags), 'fcntl', `F_SETFL on descriptor ${fd}`);
}

/**
 * Locks an open file without waiting; the lock goes when all descriptors of the open file are closed, however that
 * happens. A shared lock leaves room for others that are shared.
 *
 * @throws `EAGAIN` another open file has the lock; `EBADF`
 */
export function flock(fd: number, isShared: boolean): void {
  const operation = (isShared ? c.LOCK_SH : c.LOCK_EX) | c.LOCK_NB;
  while (raw.flock(fd, operation) < 0) {
    if (!interrupted()) throw failure('flock', `descriptor ${fd}`);
  }
}

/** A second descriptor for the same open file, close-on-exec. @throws `EBADF`, `EMFILE` */
export function dup(fd: number): number {
  return checked(raw.fcntl(fd, c.F_DUPFD_CLOEXEC, 0), 'fcntl', `F_DUPFD_CLOEXEC of ${fd}`);
}

function readStatus(status: Uint8Array): FileStatus {
  const view = new DataView(status.buffer);
  return {
    mode: view.getUint16(28, true),
    size: Number(view.getBigUint64(40, true)),
    identity: `${view.getUint32(136, true)}:${view.getUint32(140, true)}:${view.getBigUint64(32, true)}`,
  };
}

/** What an open file is. @throws `EBADF` */
export function fstat(fd: number): FileStatus {
  const status = new Uint8Array(256);
  const result = raw.statx(fd, '', c.AT_EMPTY_PATH, c.STATX_BASIC_STATS, status);
  checked(result, 'statx', `descriptor ${fd}`);
  return readStatus(status);
}

/** The magic number of the file system an open file is on (`f_type`). @throws `EBADF`, `ENOSYS` */
export function fileSystemType(fd: number): number {
  const status = new Uint8Array(256);
  checked(raw.fstatfs(fd, status), 'fstatfs', `descriptor ${fd}`);
  return new DataView(status.buffer).getUint32(0, true);
}

/** What a path names, links not followed; `undefined` where there is nothing. @throws `EACCES` */
export function lstat(path: string): FileStatus | undefined {
  const status = new Uint8Array(256);
  const result = raw.statx(c.AT_FDCWD, path, c.AT_SYMLINK_NOFOLLOW, c.STATX_BASIC_STATS, status);
  if (result === 0) return readStatus(status);
  const error = failure('statx', path);
  if (error.code === 'ENOENT') return undefined;
  throw error;
}

/** Where a symbolic link leads. @throws `ENOENT`, `EACCES` */
export function readlink(path: string): string {
  const into = new Uint8Array(4096);
  const length = checked(raw.readlink(path, into, into.length), 'readlink', path);
  return decoder.decode(into.subarray(0, length));
}

/** @throws `ENOENT`, `EACCES` */
export function unlink(path: string): void {
  checked(raw.unlink(path), 'unlink', path);
}

/** @throws `ENOENT`, `EPERM` */
export function chmod(path: string, mode: number): void {
  checked(raw.chmod(path, mode), 'chmod', path);
}

/** Closes a descriptor. Never made again: Linux has freed the number even when it reports an error. */
export function close(fd: number): void {
  raw.close(fd);
}
