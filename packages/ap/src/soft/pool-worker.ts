// The thread that computes: one job after the other.

import { parentPort } from 'node:worker_threads';
import { runJob } from './job.ts';
import { jobOf, pack, unpack, type Numbers } from './pack.ts';
import type { FromWorker, ToWorker } from './pool-messages.ts';

function compute(numbers: Numbers): Numbers {
  try {
    return [runJob(jobOf(numbers))];
  } catch {
    return [];
  }
}

parentPort?.on('message', ({ id, jobs }: ToWorker) => {
  const said = { id, results: pack(unpack(jobs).map(compute)) } satisfies FromWorker;
  parentPort?.postMessage(said, [said.results.buffer]);
});
