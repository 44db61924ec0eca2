// The system calls as koffi calls them: numbers in, number out, -1 and errno on failure. Every other file of
// the package reaches the operating system through `raw`, so one place can make any call fail (faults.ts).

import koffi from 'koffi';

const lib = koffi.load(null);

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
  shutdown(fd: number, how: number): number;
  send(fd: number, bytes: Uint8Array, length: number, flags: number): number;
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
  ftruncate(fd: number, size: number): number;
  statx(dir: number, path: string, flags: number, mask: number, out: Uint8Array): number;
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
  close(fd: number): number;
  getpagesize(): number;
}

const INT = 'int';
const SIZE = 'size_t';
const SSIZE = 'intptr_t';
const ADDRESS = 'uintptr_t';
const BYTES = 'void *';
const OFF = 'int64_t';

/** The one door to the operating system. Its members are replaced by fault injection and by nothing else. */
export const raw: RawCalls = {
  socket: lib.func('socket', INT, [INT, INT, INT]),
  socketpair: lib.func('socketpair', INT, [INT, INT, INT, BYTES]),
  bind: lib.func('bind', INT, [INT, BYTES, 'uint']),
  listen: lib.func('listen', INT, [INT, INT]),
  accept4: lib.func('accept4', INT, [INT, ADDRESS, ADDRESS, INT]),
  connect: lib.func('connect', INT, [INT, BYTES, 'uint']),
  shutdown: lib.func('shutdown', INT, [INT, INT]),
  send: lib.func('send', SSIZE, [INT, BYTES, SIZE, INT]),
  recv: lib.func('recv', SSIZE, [INT, BYTES, SIZE, INT]),
  sendmsg: lib.func('sendmsg', SSIZE, [INT, ADDRESS, INT]),
  recvmsg: lib.func('recvmsg', SSIZE, [INT, ADDRESS, INT]),
  setsockopt: lib.func('setsockopt', INT, [INT, INT, INT, BYTES, 'uint']),
  getsockopt: lib.func('getsockopt', INT, [INT, INT, INT, BYTES, BYTES]),
  epoll_create1: lib.func('epoll_create1', INT, [INT]),
  epoll_ctl: lib.func('epoll_ctl', INT, [INT, INT, INT, BYTES]),
  epoll_wait: lib.func('epoll_wait', INT, [INT, ADDRESS, INT, INT]),
  eventfd: lib.func('eventfd', INT, ['uint', INT]),
  memfd_create: lib.func('memfd_create', INT, ['str', 'uint']),
  // Variadic in C; on both architectures an int is passed as a fixed one would be.
  fcntl: lib.func('fcntl', INT, [INT, INT, 'intptr_t']),
  ftruncate: lib.func('ftruncate', INT, [INT, OFF]),
  statx: lib.func('statx', INT, [INT, 'str', INT, 'uint', BYTES]),
  readlink: lib.func('readlink', SSIZE, ['str', BYTES, SIZE]),
  unlink: lib.func('unlink', INT, ['str']),
  chmod: lib.func('chmod', INT, ['str', 'uint']),
  mmap: lib.func('mmap', SSIZE, [ADDRESS, SIZE, INT, INT, INT, OFF]),
  munmap: lib.func('munmap', INT, [ADDRESS, SIZE]),
  madvise: lib.func('madvise', INT, [ADDRESS, SIZE, INT]),
  read: lib.func('read', SSIZE, [INT, BYTES, SIZE]),
  write: lib.func('write', SSIZE, [INT, BYTES, SIZE]),
  pread: lib.func('pread', SSIZE, [INT, BYTES, SIZE, OFF]),
  pwrite: lib.func('pwrite', SSIZE, [INT, BYTES, SIZE, OFF]),
  close: lib.func('close', INT, [INT]),
  getpagesize: lib.func('getpagesize', INT, []),
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
