// From pixels that a guest has written to pixels on the page: 1920x1080, changed everywhere 60 times a second, in
// Chromium on loopback, full screen on a screen of that size. The guest is a thread that writes to shared memory; server
// and page are as everywhere.
//
// Chromium draws by processor alone where there is no graphics card, and then it has most of the work. What it manages
// of frames that are ready on a page, and of frames that only come through a WebSocket, is measured beside.

import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { LinuxClock } from '@vfio-ts/vfio-user';
import type { Benchmark, BenchmarkRun, Measurement } from '../../../scripts/bench/benchmark.ts';
import { leaveProcessor } from '../../../scripts/bench/processors.ts';
import { quantile } from '../../../scripts/bench/statistics.ts';
import { localTarget, PageServer, PictureServer } from '../src/index.ts';
import { Chromium } from './support/chromium.ts';
import { HEIGHT, NUMBER_BITS, WIDTH, type Content } from './support/frames.ts';
import { readyFrames, sentFrames } from './support/limits.ts';
import { watchPage, type Seen } from './support/watch-page.ts';

const CHROMIUM = '/usr/bin/chromium';
const RATE = 60;
const WARM_UP_MS = 3000;
const MEASURED_MS = 6000;
const MAX_FRAMES = 4096;
const POLL_MS = 100;
/** Images of which one is read for the latency. */
const READ_ONE_OF = 8;
const CONTENTS: readonly Content[] = ['console', 'text', 'desktop', 'video'];

interface Figures {
  /** Frames a second that were on the page. */
  readonly rate: number;
  readonly latencies: readonly number[];
}

async function watch(browser: Chromium, content: Content): Promise<Figures> {
  const memory = new SharedArrayBuffer(WIDTH * HEIGHT * 4);
  const written = new SharedArrayBuffer(MAX_FRAMES * 8);
  const pixels = new Uint8Array(memory);
  const host = { clock: new LinuxClock(), logger: { log: () => undefined } };
  const source = {
    name: content,
    frame: () => ({ width: WIDTH, height: HEIGHT, stride: WIDTH * 4, pixels }),
  };
  await using server = new PictureServer(source, host);
  await using site = new PageServer({ ...host, targets: () => [localTarget('a', server)] });
  await browser.open(
    await site.listen(),
    `(${watchPage.toString()})(${NUMBER_BITS}, ${READ_ONE_OF})`,
  );
  while ((await browser.value(`document.querySelector('.view')?.dataset.state`)) !== 'live') {
    await delay(POLL_MS);
  }
  await browser.press(`document.querySelector('#full').click()`);
  const workerData = { memory, content, rate: RATE, written };
  const guest = new Worker(new URL('support/drawer.ts', import.meta.url), { workerData });
  await new Promise((resolve) => void guest.once('message', resolve));
  await delay(WARM_UP_MS);
  const begin = performance.timeOrigin + performance.now();
  await delay(MEASURED_MS);
  const seen = seenFrom(await browser.value('JSON.stringify(seenFrames)'));
  await guest.terminate();
  await browser.close();
  const times = new Float64Array(written);
  const counted = seen.filter(([, at]) => at >= begin && at < begin + MEASURED_MS);
  return {
    // Each has been drawn, and the server sends nothing that has not changed.
    rate: (counted.length * 1000) / MEASURED_MS,
    latencies: counted
      .map(([number, at]) => at - (times[number] ?? Number.NaN))
      .filter(Number.isFinite),
  };
}

function seenFrom(json: unknown): readonly Seen[] {
  const seen: readonly Seen[] = JSON.parse(String(json));
  return seen;
}

async function run(bench: BenchmarkRun): Promise<readonly Measurement[]> {
  leaveProcessor();
  bench.note(`${availableParallelism()} processors for guest, server and browser together`);
  await using browser = await Chromium.start(CHROMIUM, WIDTH, HEIGHT);
  bench.progress('ready frames');
  const ready = await readyFrames(browser, MEASURED_MS);
  bench.progress('frames through a WebSocket');
  const sent = await sentFrames(browser, MEASURED_MS);
  const share = (rate: number): Pick<Measurement, 'ratio' | 'ratioTo'> => ({
    ratio: rate / ready,
    ratioTo: 'frames that are ready on a page',
  });
  const measurements: Measurement[] = [
    { name: 'picture/ready-1080p', value: ready, unit: 'frames/s' },
    { name: 'picture/raw-socket-1080p', value: sent, unit: 'frames/s', ...share(sent) },
  ];
  for (const content of CONTENTS) {
    bench.progress(content);
    const { rate, latencies } = await watch(browser, content);
    measurements.push(
      {
        name: `picture/${content}-1080p`,
        value: rate,
        unit: 'frames/s',
        ...share(rate),
        goal: { of: 'value', atLeast: RATE * 0.98 },
      },
      { name: `picture/${content}-latency`, value: quantile(latencies, 0.5), unit: 'ms' },
      { name: `picture/${content}-latency-90`, value: quantile(latencies, 0.9), unit: 'ms' },
    );
  }
  return measurements;
}

/** From the guest's pixels to those of the page. */
export const benchmark: Benchmark = {
  name: 'picture',
  about: 'frames a second and latency from guest to browser at 1920x1080, changed everywhere',
  missing: existsSync(CHROMIUM) ? undefined : 'no /usr/bin/chromium',
  run,
};
