// The thread that computes: one job after the other.

import { parentPort } from 'node:worker_threads';
import { runJob, type Job } from './job.ts';
import type { FromWorker, ToWorker } from './pool-messages.ts';

function compute(job: Job): Uint8Array<ArrayBuffer> | undefined {
  try {
    return runJob(job);
  } catch {
    return undefined;
  }
}

parentPort?.on('message', ({ id, job }: ToWorker) => {
  const said = { id, result: compute(job) } satisfies FromWorker;
  parentPort?.postMessage(said, said.result === undefined ? [] : [said.result.buffer]);
});
