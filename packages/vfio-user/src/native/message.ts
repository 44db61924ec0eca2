// `struct msghdr` with one iovec and room for descriptors, laid out once in memory that does not move (LP64,
// little endian: the same on x86-64 and arm64). The hot path changes two fields of it and allocates nothing.

import { VfioError } from '@vfio-ts/core';
import { MSG_CMSG_CLOEXEC, MSG_CTRUNC, MSG_NOSIGNAL } from './constants.ts';
import { SCM_MAX_FD, SCM_RIGHTS, SOL_SOCKET } from './constants.ts';
import { failure, interrupted, WOULD_BLOCK, wouldBlock } from './failure.ts';
import { type Address, addressOf, raw } from './ffi.ts';
import { mapPrivate, type NativeMemory, PAGE_SIZE } from './memory.ts';

const MSGHDR_IOV = 16;
const MSGHDR_IOVLEN = 24;
const MSGHDR_CONTROL = 32;
const MSGHDR_CONTROLLEN = 40;
const MSGHDR_FLAGS = 48;
const IOVEC = 56;
const IOVEC_LEN = IOVEC + 8;
const CONTROL = 72;
const CMSG_LEVEL = CONTROL + 8;
const CMSG_TYPE = CONTROL + 12;
const CMSG_DATA = CONTROL + 16;
const CONTROL_SIZE = 16 + SCM_MAX_FD * 4 + 4;

/** Bytes that a {@link MessageBlock} takes. */
export const MESSAGE_BLOCK_SIZE = 1120;

/** One reusable `msghdr`. */
export class MessageBlock {
  readonly #view: DataView;
  readonly #address: Address;
  /** Where the iovec points. */
  #base: Address = 0;

  /** @param memory - mapping whose first `MESSAGE_BLOCK_SIZE` bytes become the block's; it must outlive it */
  constructor(memory: NativeMemory) {
    this.#view = new DataView(memory.bytes.buffer, 0, MESSAGE_BLOCK_SIZE);
    this.#address = memory.address;
    this.#setAddress(MSGHDR_IOV, this.#address + IOVEC);
    this.#view.setUint32(MSGHDR_IOVLEN, 1, true);
    this.#setAddress(MSGHDR_CONTROL, this.#address + CONTROL);
  }

  #setBase(address: Address): void {
    this.#setAddress(IOVEC, address);
    this.#base = address;
  }

  #setAddress(at: number, address: Address): void {
    this.#view.setUint32(at, address % 0x100000000, true);
    this.#view.setUint32(at + 4, Math.floor(address / 0x100000000), true);
  }

  /**
   * Receives up to `length` bytes to `into`. Descriptors that came are in {@link fdCount} and {@link fd} until
   * the next call, close-on-exec, and are the caller's.
   *
   * @returns how many bytes came (0: the peer closed), or `WOULD_BLOCK`; an interrupted wait counts as one
   *   whose time is out, so that signals are seen
   * @throws `ECONNRESET`
   */
  receive(socket: number, into: Address, length: number, flags: number): number {
    const view = this.#view;
    if (into !== this.#base) this.#setBase(into);
    view.setUint32(IOVEC_LEN, length, true);
    view.setUint32(MSGHDR_CONTROLLEN, CONTROL_SIZE, true);
    const result = raw.recvmsg(socket, this.#address, flags | MSG_CMSG_CLOEXEC);
    if (result >= 0) return result;
    view.setUint32(MSGHDR_CONTROLLEN, 0, true);
    if (wouldBlock() || interrupted()) return WOULD_BLOCK;
    throw failure('recvmsg', `descriptor ${socket}`);
  }

  /** How many descriptors came with the last receive. */
  get fdCount(): number {
    const view = this.#view;
    if (view.getUint32(MSGHDR_CONTROLLEN, true) < CMSG_DATA - CONTROL) return 0;
    if (view.getUint32(CMSG_LEVEL, true) !== SOL_SOCKET) return 0;
    if (view.getUint32(CMSG_TYPE, true) !== SCM_RIGHTS) return 0;
    return (view.getUint32(CONTROL, true) - (CMSG_DATA - CONTROL)) >> 2;
  }

  /** Descriptor number `index` of the last receive. */
  fd(index: number): number {
    return this.#view.getInt32(CMSG_DATA + 4 * index, true);
  }

  /** True when the last receive lost descriptors: this process may open no more. */
  get fdsWereLost(): boolean {
    return (this.#view.getUint32(MSGHDR_FLAGS, true) & MSG_CTRUNC) !== 0;
  }

  /**
   * Sends the first `length` bytes with `fds` attached to the first of them.
   *
   * @returns how many bytes went (the descriptors went with the first), or `WOULD_BLOCK`
   * @throws `EPIPE`, `ECONNRESET` the peer is gone; `EBADF`, `EINVAL` descriptors that cannot be sent
   */
  send(
    socket: number,
    bytes: Uint8Array,
    length: number,
    fds: readonly number[],
    flags: number,
  ): number {
    if (fds.length > SCM_MAX_FD) {
      throw new VfioError('EINVAL', 'sendmsg', `${fds.length} descriptors, at most ${SCM_MAX_FD}`);
    }
    const view = this.#view;
    const control = CMSG_DATA - CONTROL + 4 * fds.length;
    this.#setBase(addressOf(bytes));
    view.setUint32(IOVEC_LEN, length, true);
    view.setUint32(MSGHDR_CONTROLLEN, fds.length === 0 ? 0 : (control + 7) & ~7, true);
    view.setUint32(CONTROL, control, true);
    view.setUint32(CONTROL + 4, 0, true);
    view.setUint32(CMSG_LEVEL, SOL_SOCKET, true);
    view.setUint32(CMSG_TYPE, SCM_RIGHTS, true);
    for (const [index, fd] of fds.entries()) view.setInt32(CMSG_DATA + 4 * index, fd, true);
    for (;;) {
      const result = raw.sendmsg(socket, this.#address, flags | MSG_NOSIGNAL);
      if (result >= 0) return result;
      if (wouldBlock()) return WOULD_BLOCK;
      if (!interrupted()) throw failure('sendmsg', `descriptor ${socket}, ${fds.length} fds`);
    }
  }
}

let sendBlock: MessageBlock | undefined;

/**
 * Sends the first `length` bytes with `fds` attached to the first of them, by a block that the thread keeps.
 *
 * @returns how many bytes went (the descriptors went with the first), or `WOULD_BLOCK`
 * @throws `EPIPE`, `ECONNRESET` the peer is gone; `EBADF`, `EINVAL` descriptors that cannot be sent
 */
export function sendWithFds(
  socket: number,
  bytes: Uint8Array,
  length: number,
  fds: readonly number[],
  flags: number,
): number {
  sendBlock ??= new MessageBlock(mapPrivate(PAGE_SIZE));
  return sendBlock.send(socket, bytes, length, fds, flags);
}
