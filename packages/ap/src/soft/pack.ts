// Jobs on their way to another thread: one piece of memory that goes over, in place of a copy of each number, of which
// the garbage collectors of both threads would hear.

import type { Job } from './job.ts';

/** A job whose numbers all lie in one buffer, and nothing else does. */
export interface PackedJob {
  readonly job: Job;
  readonly buffer: ArrayBuffer;
}

/** Copies a job's numbers into one buffer. */
export function packJob(job: Job): PackedJob {
  const buffer = new ArrayBuffer(sizeOf(job));
  let at = 0;
  const copy = (number: Uint8Array): Uint8Array => {
    const to = new Uint8Array(buffer, at, number.length);
    to.set(number);
    at += number.length;
    return to;
  };
  return { job: mapNumbers(job, copy), buffer };
}

function sizeOf(job: Job): number {
  let size = 0;
  mapNumbers(job, (number) => {
    size += number.length;
    return number;
  });
  return size;
}

function mapNumbers(job: Job, map: (number: Uint8Array) => Uint8Array): Job {
  if (job.kind === 'modexpo') {
    const { kind, base, exponent, modulus } = job;
    return { kind, base: map(base), exponent: map(exponent), modulus: map(modulus) };
  }
  const { p, q, dp, dq, u } = job.key;
  const key = { p: map(p), q: map(q), dp: map(dp), dq: map(dq), u: map(u) };
  return { kind: job.kind, input: map(job.input), key };
}
