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

parentPort?.on('message', ({ id, memory }: ToWorker) => {
  // OpenSSL takes no numbers in memory that others share.
  pack(unpack(new Uint8Array(memory).slice().buffer).map(compute), memory);
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
  parentPort?.postMessage({ id } satisfies FromWorker);
});
