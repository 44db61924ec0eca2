// The system calls as koffi calls them: numbers in, number out, -1 and errno on failure. Every other file of
// the package reaches the operating system through `raw`, so one place can make any call fail (faults.ts).

import { VfioError } from '@vfio-ts/core';
import koffi from 'koffi';

/** True where these calls exist as laid out here: Linux, 64 bits, little endian. */
export const isSupported: boolean =
  process.platform === 'linux' && (process.arch === 'x64' || process.arch === 'arm64');

const lib = isSupported ? koffi.load(null) : undefined;

function bind(name: string, result: string, parameters: string[]): (...args: never[]) => number {
  if (lib !== undefined) return lib.func(name, result, parameters);
  return () => {
    const where = `${process.platform} on ${process.arch}`;
    throw new VfioError('ENOSYS', name, `needs Linux on x64 or arm64, this is ${where}`);
  };
}

/** A pointer argument: an address, or a typed array over memory that does not move. */
export type Address = number;

/** The system calls of this package, unchecked. Each returns -1 on failure and leaves `errno`. */
export interface RawCalls {
  socket(domain: number, type: number, protocol: number): number;
  socketpair(domain: number, type: number, protocol: number, fds: Int32Array): number;
  bind(fd: number, address: Uint8Array, length: number): number;
  listen(fd: number, backlog: number): number;
  accept4(fd: number, address: Address, length: Address, flags: number): number;
  connect(fd: number, address: Uint8Array, length: number): number;
  send(fd: number, bytes: Uint8Array, length: number, flags: number): number;
  /** `send` of memory at an address, which is passed at less cost than a typed array. */
  sendFrom(fd: number, from: Address, length: number, flags: number): number;
  recv(fd: number, bytes: Uint8Array, length: number, flags: number): number;
  sendmsg(fd: number, message: Address, flags: number): number;
  recvmsg(fd: number, message: Address, flags: number): number;
  setsockopt(fd: number, level: number, name: number, value: Uint8Array, length: number): number;
  getsockopt(
    fd: number,
    level: number,
    name: number,
    value: Uint8Array,
    length: Uint32Array,
  ): number;
  epoll_create1(flags: number): number;
  epoll_ctl(epoll: number, op: number, fd: number, event: Uint8Array): number;
  epoll_wait(epoll: number, events: Address, count: number, timeout: number): number;
  eventfd(value: number, flags: number): number;
  memfd_create(name: string, flags: number): number;
  fcntl(fd: number, command: number, argument: number): number;
  flock(fd: number, operation: number): number;
  ftruncate(fd: number, size: number): number;
  statx(dir: number, path: string, flags: number, mask: number, out: Uint8Array): number;
  fstatfs(fd: number, out: Uint8Array): number;
  readlink(path: string, into: Uint8Array, length: number): number;
  unlink(path: string): number;
  chmod(path: string, mode: number): number;
  mmap(at: number, size: number, prot: number, flags: number, fd: number, offset: number): number;
  munmap(address: Address, size: number): number;
  madvise(address: Address, size: number, advice: number): number;
  read(fd: number, into: Uint8Array, length: number): number;
  write(fd: number, from: Uint8Array, length: number): number;
  pread(fd: number, into: Uint8Array, length: number, offset: number): number;
  pwrite(fd: number, from: Uint8Array, length: number, offset: number): number;
  preadv2(fd: number, pieces: Uint8Array, count: number, offset: number, flags: number): number;
  close(fd: number): number;
  getpagesize(): number;
  io_setup(depth: number, context: Address): number;
  io_destroy(context: Address): number;
  io_submit(context: Address, count: number, requests: Address): number;
}

const INT = 'int';
const SIZE = 'size_t';
const SSIZE = 'intptr_t';
/** Bytes of one message: a `ssize_t` that fits an `int`, of which a number is made at less cost. */
const COUNT = INT;
const ADDRESS = 'uintptr_t';
const BYTES = 'void *';
const OFF = 'int64_t';

const IO_SETUP = process.arch === 'arm64' ? 0 : 206;
const IO_DESTROY = process.arch === 'arm64' ? 1 : 207;
const IO_SUBMIT = process.arch === 'arm64' ? 2 : 209;
const kernel: { call(number: number, a: number, b: number, c: number): number } = {
  call: bind('syscall', SSIZE, [SSIZE, SSIZE, SSIZE, SSIZE]),
};

/** The one door to the operating system. Its members are replaced by fault injection and by nothing else. */
export const raw: RawCalls = {
  socket: bind('socket', INT, [INT, INT, INT]),
  socketpair: bind('socketpair', INT, [INT, INT, INT, BYTES]),
  bind: bind('bind', INT, [INT, BYTES, 'uint']),
  listen: bind('listen', INT, [INT, INT]),
  accept4: bind('accept4', INT, [INT, ADDRESS, ADDRESS, INT]),
  connect: bind('connect', INT, [INT, BYTES, 'uint']),
  send: bind('send', COUNT, [INT, BYTES, SIZE, INT]),
  sendFrom: bind('send', COUNT, [INT, ADDRESS, SIZE, INT]),
  recv: bind('recv', COUNT, [INT, BYTES, SIZE, INT]),
  sendmsg: bind('sendmsg', COUNT, [INT, ADDRESS, INT]),
  recvmsg: bind('recvmsg', COUNT, [INT, ADDRESS, INT]),
  setsockopt: bind('setsockopt', INT, [INT, INT, INT, BYTES, 'uint']),
  getsockopt: bind('getsockopt', INT, [INT, INT, INT, BYTES, BYTES]),
  epoll_create1: bind('epoll_create1', INT, [INT]),
  epoll_ctl: bind('epoll_ctl', INT, [INT, INT, INT, BYTES]),
  epoll_wait: bind('epoll_wait', INT, [INT, ADDRESS, INT, INT]),
  eventfd: bind('eventfd', INT, ['uint', INT]),
  memfd_create: bind('memfd_create', INT, ['str', 'uint']),
  // Variadic in C; on both architectures an int is passed as a fixed one would be.
  fcntl: bind('fcntl', INT, [INT, INT, 'intptr_t']),
  flock: bind('flock', INT, [INT, INT]),
  ftruncate: bind('ftruncate', INT, [INT, OFF]),
  statx: bind('statx', INT, [INT, 'str', INT, 'uint', BYTES]),
  fstatfs: bind('fstatfs', INT, [INT, BYTES]),
  readlink: bind('readlink', SSIZE, ['str', BYTES, SIZE]),
  unlink: bind('unlink', INT, ['str']),
  chmod: bind('chmod', INT, ['str', 'uint']),
  mmap: bind('mmap', SSIZE, [ADDRESS, SIZE, INT, INT, INT, OFF]),
  munmap: bind('munmap', INT, [ADDRESS, SIZE]),
  madvise: bind('madvise', INT, [ADDRESS, SIZE, INT]),
  read: bind('read', SSIZE, [INT, BYTES, SIZE]),
  write: bind('write', SSIZE, [INT, BYTES, SIZE]),
  pread: bind('pread', SSIZE, [INT, BYTES, SIZE, OFF]),
  pwrite: bind('pwrite', SSIZE, [INT, BYTES, SIZE, OFF]),
  preadv2: bind('preadv2', SSIZE, [INT, BYTES, INT, OFF, INT]),
  close: bind('close', INT, [INT]),
  getpagesize: bind('getpagesize', INT, []),
  // Not in the C library.
  io_setup: (depth, context) => kernel.call(IO_SETUP, depth, context, 0),
  io_destroy: (context) => kernel.call(IO_DESTROY, context, 0, 0),
  io_submit: (context, count, requests) => kernel.call(IO_SUBMIT, context, count, requests),
};

/** The error number the last failed call left behind, positive. */
export function lastErrno(): number {
  return koffi.errno();
}

/** Sets what {@link lastErrno} gives; for fault injection. */
export function setErrno(errno: number): void {
  koffi.errno(errno);
}

/** The address of a typed array's first byte. The array must outlive every use of it. */
export function addressOf(bytes: Uint8Array): Address {
  return Number(koffi.address(bytes));
}

/** A new ArrayBuffer over memory at `address`. There must be one at a time: two cannot be detached as one. */
export function viewOf(address: Address, size: number): ArrayBuffer {
  return koffi.view(BigInt(address), size);
}
