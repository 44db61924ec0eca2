// What card hardware computes, as plain data that can go to another thread. Its numbers may be views of the request, which
// stays as it is.

import { crt, type CrtKey } from './crt.ts';
import { modexp } from './modexp.ts';

/** base^exponent mod modulus. The modulus is odd, the base less than it. */
export interface ModExpoJob {
  readonly kind: 'modexpo';
  readonly base: Uint8Array;
  readonly exponent: Uint8Array;
  readonly modulus: Uint8Array;
}

/** The private operation; p and q are odd, and the input less than their product. */
export interface CrtJob {
  readonly kind: 'crt';
  readonly input: Uint8Array;
  readonly key: CrtKey;
}

/** Something that takes too long for the thread that answers guests. */
export type Job = ModExpoJob | CrtJob;

/** Takes back a job: its `done` is not called any more. Does nothing after that. */
export type CancelJob = () => void;

/** Does jobs, in whatever order. */
export interface JobRunner {
  /**
   * Does a job some time later and calls `done` once: with as many bytes as the modulus has or more, which it may look
   * at until it returns, or with `undefined` when it could not be done.
   */
  submit(job: Job, done: (result: Uint8Array | undefined) => void): CancelJob;
}

/** Does a job at once. */
export function runJob(job: Job): Uint8Array<ArrayBuffer> {
  switch (job.kind) {
    case 'modexpo':
      return modexp(job.base, job.exponent, job.modulus);
    case 'crt':
      return crt(job.input, job.key);
  }
}
