// Things that do jobs, without threads.

import { runJob, type Job, type JobRunner } from '../../../src/soft/job.ts';

/** Does each job in a moment, in this thread. */
export const promptRunner: JobRunner = {
  submit(job, done) {
    let isCancelled = false;
    queueMicrotask(() => {
      if (!isCancelled) done(runJob(job));
    });
    return () => {
      isCancelled = true;
    };
  },
};

interface Held {
  readonly job: Job;
  readonly done: (result: Uint8Array | undefined) => void;
}

/** Keeps jobs until they are let go, in any order. Calls `done` even for what was taken back, as a worker may. */
export class HeldRunner implements JobRunner {
  readonly held: Held[] = [];
  cancelled = 0;

  submit(job: Job, done: (result: Uint8Array | undefined) => void): () => void {
    this.held.push({ job, done });
    return () => {
      this.cancelled++;
    };
  }

  /** Does the job number `index` of those that wait. */
  finish(index = 0): void {
    const [held] = this.held.splice(index, 1);
    held?.done(runJob(held.job));
  }

  /** Fails it. */
  fail(): void {
    this.held.shift()?.done(undefined);
  }
}

/** Lets everything happen that only waits for its turn. */
export function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
