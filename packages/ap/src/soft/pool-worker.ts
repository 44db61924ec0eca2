// The thread that computes: one job after the other.

import { parentPort } from 'node:worker_threads';
import { runJob, type Job } from './job.ts';
import type { FromWorker, ToWorker } from './pool-messages.ts';

function compute(job: Job): Uint8Array | undefined {
  try {
    return runJob(job);
  } catch {
    return undefined;
  }
}

parentPort?.on('message', ({ id, job }: ToWorker) => {
  const said: FromWorker = { id, result: compute(job) };
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
  parentPort?.postMessage(said);
});
