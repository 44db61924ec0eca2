// Adds one to an eventfd without any risk of blocking.
//
// Concepts: a write to an eventfd blocks when its counter is full and the open file is in blocking mode, and both
// are in the hands of everybody who shares the eventfd, at any time. What never blocks is the kernel's own way to
// signal one. Asynchronous I/O gives it to us: the end of a request signals the eventfd named in it. The request
// is a read of no bytes, which ends at once, of the eventfd itself (include/uapi/linux/aio_abi.h).

import { EFD_CLOEXEC, EFD_NONBLOCK } from './constants.ts';
import { type Address, raw, viewOf } from './ffi.ts';
import { mapPrivate, PAGE_SIZE } from './memory.ts';
import { acquired } from './thread.ts';

const IOCB_CMD_PREAD = 0;
const IOCB_FLAG_RESFD = 1;
/** Requests in flight; each has ended when its submission returns. */
const DEPTH = 16;

// One page: the context's address, the list of requests, then the only request, `struct iocb`.
const CONTEXT = 0;
const LIST = 8;
const IOCB = 64;
const IOCB_OPCODE = IOCB + 16;
const IOCB_FD = IOCB + 20;
const IOCB_FLAGS = IOCB + 56;
const IOCB_RESFD = IOCB + 60;

// `struct aio_ring`, where the kernel puts what has ended.
const RING_HEAD = 8;
const RING_TAIL = 12;
const RING_HEADER = 32;

interface Signaller {
  readonly context: Address;
  readonly list: Address;
  readonly request: DataView;
  readonly ring: DataView;
}

/** Made at the first use and kept; `undefined` where the kernel has no asynchronous I/O for us. */
let signaller: Signaller | undefined;
let isKnown = false;

function setUp(): Signaller | undefined {
  const memory = mapPrivate(PAGE_SIZE);
  const request = new DataView(memory.bytes.buffer);
  if (raw.io_setup(DEPTH, memory.address + CONTEXT) < 0) {
    memory.unmap();
    return undefined;
  }
  const context = Number(request.getBigUint64(CONTEXT, true));
  acquired({ [Symbol.dispose]: () => void raw.io_destroy(context) });
  request.setBigUint64(LIST, BigInt(memory.address + IOCB), true);
  request.setUint16(IOCB_OPCODE, IOCB_CMD_PREAD, true);
  request.setUint32(IOCB_FLAGS, IOCB_FLAG_RESFD, true);
  const ring = new DataView(viewOf(context, RING_HEADER));
  return { context, list: memory.address + LIST, request, ring };
}

function submit(aio: Signaller, fd: number): boolean {
  aio.request.setUint32(IOCB_FD, fd, true);
  aio.request.setUint32(IOCB_RESFD, fd, true);
  const submitted = raw.io_submit(aio.context, 1, aio.list);
  // Makes room for the next: nobody asks how a request ended.
  aio.ring.setUint32(RING_HEAD, aio.ring.getUint32(RING_TAIL, true), true);
  return submitted === 1;
}

/** Tries it on an eventfd of its own: kernels before 5.8 cannot read one this way. */
function probe(aio: Signaller): boolean {
  const fd = raw.eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (fd < 0) return false;
  const value = new BigUint64Array(1);
  const bytes = new Uint8Array(value.buffer);
  const works = submit(aio, fd) && raw.read(fd, bytes, 8) === 8 && value[0] === 1n;
  raw.close(fd);
  return works;
}

function current(): Signaller | undefined {
  if (isKnown) return signaller;
  isKnown = true;
  const aio = setUp();
  if (aio !== undefined && probe(aio)) signaller = aio;
  return signaller;
}

/** True when {@link signalEventFd} works here. */
export function canSignal(): boolean {
  return current() !== undefined;
}

/**
 * Adds one to an eventfd; a counter at its maximum stays there. Never blocks.
 *
 * @returns false when it could not be done this way
 */
export function signalEventFd(fd: number): boolean {
  const aio = current();
  return aio !== undefined && submit(aio, fd);
}
