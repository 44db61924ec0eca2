// What a thread that computes and the one that asks say to each other.

import type { Job } from './job.ts';

/** A job to do. */
export interface ToWorker {
  readonly id: number;
  readonly job: Job;
}

/** A job that is done; without a result when it could not be. */
export interface FromWorker {
  readonly id: number;
  readonly result: Uint8Array | undefined;
}
