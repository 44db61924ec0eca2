// Numbers on their way to another thread and back: in one piece of memory that both share, in place of an object for
// each, of which the garbage collectors of both would hear.

import type { Job } from './job.ts';

/** Some numbers that belong together. */
export type Numbers = readonly Uint8Array[];

const WORD = 4;

/** Bytes that lists of numbers take up when they are packed. */
export function packedSize(lists: Iterable<Numbers>): number {
  let size = WORD;
  for (const numbers of lists) size += sizeInPack(numbers);
  return size;
}

/** Bytes that one list adds to a pack. */
export function sizeInPack(numbers: Numbers): number {
  let size = WORD * (1 + numbers.length);
  for (const { length } of numbers) size += length;
  return size;
}

/**
 * Copies lists of numbers into memory of {@link packedSize} bytes or more, a multiple of 4: how many lists, for each how
 * many numbers and their sizes, and all bytes.
 */
export function pack(lists: readonly Numbers[], into: ArrayBufferLike): void {
  const words = new Uint32Array(into);
  const bytes = new Uint8Array(into);
  let word = 0;
  words[word++] = lists.length;
  for (const numbers of lists) {
    words[word++] = numbers.length;
    for (const { length } of numbers) words[word++] = length;
  }
  let at = word * WORD;
  for (const numbers of lists) {
    for (const number of numbers) {
      bytes.set(number, at);
      at += number.length;
    }
  }
}

/** Opposite of {@link pack}: views of the same memory. */
export function unpack(packed: ArrayBufferLike): readonly Numbers[] {
  const header = new Uint32Array(packed);
  let word = 0;
  const next = (): number => header[word++] ?? 0;
  const sizes = Array.from({ length: next() }, () => Array.from({ length: next() }, next));
  let at = word * WORD;
  const view = (size: number): Uint8Array => new Uint8Array(packed, (at += size) - size, size);
  return sizes.map((list) => list.map(view));
}

/** The numbers of a job. */
export function numbersOf(job: Job): Numbers {
  if (job.kind === 'modexpo') return [job.base, job.exponent, job.modulus];
  const { p, q, dp, dq, u } = job.key;
  return [job.input, p, q, dp, dq, u];
}

/** Opposite of {@link numbersOf}. @throws RangeError they are of no job */
export function jobOf([first, second, third, ...rest]: Numbers): Job {
  if (first === undefined || second === undefined || third === undefined) throw noJob();
  if (rest.length === 0) return { kind: 'modexpo', base: first, exponent: second, modulus: third };
  const [dp, dq, u] = rest;
  if (dp === undefined || dq === undefined || u === undefined) throw noJob();
  return { kind: 'crt', input: first, key: { p: second, q: third, dp, dq, u } };
}

function noJob(): RangeError {
  return new RangeError('numbers of no job');
}
