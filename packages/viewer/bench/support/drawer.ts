// A guest, as far as its screen goes: a thread that writes frames to shared memory, so many a second.

import { parentPort, workerData } from 'node:worker_threads';
import { makeFrames, writeNumber, type Content } from './frames.ts';

interface Job {
  readonly memory: SharedArrayBuffer;
  readonly content: Content;
  /** Frames a second. */
  readonly rate: number;
  /** When each frame was written, by its number: milliseconds since the epoch. */
  readonly written: SharedArrayBuffer;
}

const job: Job = workerData;
const screen = new Uint32Array(job.memory);
const written = new Float64Array(job.written);
const frames = makeFrames(job.content);
const began = performance.now();
let number = 0;

function draw(): void {
  const frame = frames[number % frames.length];
  if (frame === undefined || number >= written.length) return;
  writeNumber(frame, number);
  // Upwards, so that the number is the last that is written.
  screen.set(frame.subarray(frame.length / 2), frame.length / 2);
  screen.set(frame.subarray(0, frame.length / 2));
  written[number] = performance.timeOrigin + performance.now();
  number++;
  setTimeout(draw, Math.max(0, began + (number * 1000) / job.rate - performance.now()));
}

// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread's port has no origins
parentPort?.postMessage('ready');
draw();
