// From pixels that a guest has written to pixels on the page: 1920x1080, changed everywhere 60 times a second, in
// Chromium on loopback. The guest is a thread that writes to shared memory; server and page are as everywhere.
//
// Chromium draws by processor alone where there is no graphics card, and then it has most of the work.

import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { LinuxClock } from '@vfio-ts/vfio-user';
import type { Benchmark, BenchmarkRun, Measurement } from '../../../scripts/bench/benchmark.ts';
import { quantile } from '../../../scripts/bench/statistics.ts';
import { localTarget, PageServer, PictureServer } from '../src/index.ts';
import { Chromium } from './support/chromium.ts';
import { HEIGHT, NUMBER_BITS, WIDTH, type Content } from './support/frames.ts';
import { watchPage, type Seen } from './support/watch-page.ts';

const CHROMIUM = '/usr/bin/chromium';
const RATE = 60;
const WARM_UP_MS = 3000;
const MEASURED_MS = 6000;
const MAX_FRAMES = 4096;
const POLL_MS = 100;
const CONTENTS: readonly Content[] = ['text', 'desktop', 'video'];

/** A benchmark's own process has one processor; browser, guest and server are several. */
function leaveProcessor(): void {
  try {
    const list = `0-${cpus().length - 1}`;
    const args = ['--all-tasks', '--cpu-list', '--pid', list, `${process.pid}`];
    execFileSync('taskset', args, { stdio: 'ignore' });
  } catch {
    // Without taskset nothing has been pinned.
  }
}

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
  await browser.open(await site.listen(), `(${watchPage.toString()})(${NUMBER_BITS})`);
  while ((await browser.value(`document.querySelector('.view')?.dataset.state`)) !== 'live') {
    await delay(POLL_MS);
  }
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
    rate: (new Set(counted.map(([number]) => number)).size * 1000) / MEASURED_MS,
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
  const measurements: Measurement[] = [];
  await using browser = await Chromium.start(CHROMIUM, WIDTH + 30, HEIGHT + 80);
  for (const content of CONTENTS) {
    bench.progress(content);
    const { rate, latencies } = await watch(browser, content);
    measurements.push(
      {
        name: `picture/${content}-1080p`,
        value: rate,
        unit: 'frames/s',
        ratio: rate / RATE,
        ratioTo: `${RATE} that are drawn`,
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
