import { expect, test } from 'vitest';
import { OwnedFd } from '../../src/fd.ts';
import { MSG_DONTWAIT } from '../../src/native/constants.ts';
import * as libc from '../../src/native/libc.ts';
import { WOULD_BLOCK } from '../../src/native/failure.ts';
import { Sender } from '../../src/native/sender.ts';

/** A sender, and what comes at the other end. */
class Ends implements Disposable {
  readonly sender = new Sender();
  readonly #near: OwnedFd;
  readonly #far: OwnedFd;

  constructor() {
    const [a, b] = libc.socketpairUnix();
    this.#near = new OwnedFd(a);
    this.#far = new OwnedFd(b);
  }

  send(bytes: Uint8Array, length: number = bytes.length): number {
    return this.sender.send(this.#near.number, bytes, length, MSG_DONTWAIT);
  }

  received(): number[] {
    const bytes = new Uint8Array(64);
    const count = libc.recv(this.#far.number, bytes, bytes.length, MSG_DONTWAIT);
    return count === WOULD_BLOCK ? [] : [...bytes.subarray(0, count)];
  }

  [Symbol.dispose](): void {
    this.#near.close();
    this.#far.close();
  }
}

test('a buffer is sent as it is at the time', () => {
  using ends = new Ends();
  const bytes = Uint8Array.of(1, 2, 3);
  expect(ends.send(bytes)).toBe(3);
  expect(ends.received()).toEqual([1, 2, 3]);
  bytes.set([7, 8, 9]);
  ends.send(bytes, 2);
  expect(ends.received()).toEqual([7, 8]);
});

test('buffers take turns, and parts of one are buffers of their own', () => {
  using ends = new Ends();
  const first = Uint8Array.of(1, 2, 3, 4);
  for (const bytes of [first, Uint8Array.of(5), first, first.subarray(2)]) ends.send(bytes);
  expect(ends.received()).toEqual([1, 2, 3, 4, 5, 1, 2, 3, 4, 3, 4]);
});

test('a buffer let go of is found again', () => {
  using ends = new Ends();
  const bytes = Uint8Array.of(1);
  ends.send(bytes);
  ends.sender.forget();
  ends.send(bytes);
  expect(ends.received()).toEqual([1, 1]);
});

test('a buffer detached since the last time is refused: EINVAL, nothing is sent', () => {
  using ends = new Ends();
  const bytes = Uint8Array.of(1, 2);
  ends.send(bytes);
  ends.received();
  bytes.buffer.transfer();
  expect(() => ends.send(bytes, 2)).toThrow(expect.objectContaining({ code: 'EINVAL' }));
  expect(ends.received()).toEqual([]);
});

test('a peer that is gone is EPIPE', () => {
  const ends = new Ends();
  const [a, b] = libc.socketpairUnix();
  libc.close(b);
  const { sender } = ends;
  expect(() => sender.send(a, Uint8Array.of(1), 1, MSG_DONTWAIT)).toThrow(
    expect.objectContaining({ code: 'EPIPE' }),
  );
  libc.close(a);
  ends[Symbol.dispose]();
});
