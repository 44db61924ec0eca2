// Numbers on their way to another thread: one piece of memory that goes over, in place of an object for each, of which
// the garbage collectors of both threads would hear.

import type { Job } from './job.ts';

/** Some numbers that belong together. */
export type Numbers = readonly Uint8Array[];

const WORD = 4;

/** Copies lists of numbers into one piece: how many lists, for each how many numbers and their sizes, and all bytes. */
export function pack(lists: readonly Numbers[]): Uint8Array<ArrayBuffer> {
  let words = 1;
  let bytes = 0;
  for (const numbers of lists) {
    words += 1 + numbers.length;
    for (const { length } of numbers) bytes += length;
  }
  const packed = new Uint8Array(words * WORD + bytes);
  const header = new Uint32Array(packed.buffer, 0, words);
  let word = 0;
  let at = header.byteLength;
  header[word++] = lists.length;
  for (const numbers of lists) {
    header[word++] = numbers.length;
    for (const number of numbers) {
      header[word++] = number.length;
      packed.set(number, at);
      at += number.length;
    }
  }
  return packed;
}

/** Opposite of {@link pack}: views of the same memory. */
export function unpack(packed: Uint8Array<ArrayBuffer>): readonly Numbers[] {
  const header = new Uint32Array(packed.buffer, 0, packed.length >> 2);
  let word = 0;
  const next = (): number => header[word++] ?? 0;
  const sizes = Array.from({ length: next() }, () => Array.from({ length: next() }, next));
  let at = word * WORD;
  return sizes.map((list) => list.map((size) => packed.subarray(at, (at += size))));
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
