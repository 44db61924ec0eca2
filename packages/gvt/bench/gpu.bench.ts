// What a guest waits for when it reads a register, and what the software GPU does in a second beside what the same thread
// does with the same bytes by itself.
//
// Commands are state of the 3D pipeline, stores and flushes of batches in a process's own addresses. Fills and copies are
// of surfaces of 8 MiB, of which the pages are side by side or anywhere; they are compared with TypedArray.fill and
// TypedArray.set over the same memory, all of it at once or page by page in the same order, in rounds next to each
// other.

import type { Benchmark, BenchmarkRun, Measurement } from '../../../scripts/bench/benchmark.ts';
import { median, medianRatio } from '../../../scripts/bench/statistics.ts';
import { accesses } from './support/accesses.ts';
import { BlitStand, SURFACE, type Pages } from './support/blit-stand.ts';
import { CommandStand } from './support/command-stand.ts';
import { messages } from './support/messages.ts';

const ROUNDS = 30;
const WARM_UP = 10;
const PER_SECOND = 1000;

/** Milliseconds. */
function time(work: () => void): number {
  const begin = performance.now();
  work();
  return performance.now() - begin;
}

/** Both in turn: rates in units of `amount` a second. */
function inTurn(amount: number, ours: () => void, bare: () => void): [number[], number[]] {
  const rates: [number[], number[]] = [[], []];
  for (let round = -WARM_UP; round < ROUNDS; round++) {
    const times = [time(ours), time(bare)] as const;
    if (round < 0) continue;
    for (const which of [0, 1] as const) rates[which].push((amount / times[which]) * PER_SECOND);
  }
  return rates;
}

/** What is done in turns: rates in units of `amount` a second. */
function alone(amount: number, work: () => void): readonly number[] {
  return Array.from({ length: WARM_UP + ROUNDS }, () => (amount / time(work)) * PER_SECOND).slice(
    WARM_UP,
  );
}

function commands(): Measurement {
  const stand = new CommandStand();
  const count = stand.execute();
  const rates = alone(count, () => stand.execute());
  return { name: 'gvt/commands', value: median(rates) / 1e6, unit: 'M/s' };
}

const GOAL = { of: 'ratio', atLeast: 0.5 } as const;

function blits(pages: Pages): readonly Measurement[] {
  const stand = new BlitStand(pages);
  const line = (what: string, ratioTo: string, ours: () => void, bare: () => void): Measurement => {
    const [rates, peers] = inTurn(SURFACE, ours, bare);
    return {
      name: `gvt/${what}-${pages}`,
      value: median(rates) / 1e9,
      unit: 'GB/s',
      ratio: medianRatio(rates, peers),
      ratioTo,
      goal: GOAL,
    };
  };
  const lines = [
    line(
      'fill',
      'Uint32Array.fill',
      () => stand.fill(),
      () => stand.bareFill(),
    ),
    line(
      'copy',
      'Uint8Array.set',
      () => stand.copy(),
      () => stand.bareCopy(),
    ),
  ];
  stand.check();
  return lines;
}

async function run(bench: BenchmarkRun): Promise<readonly Measurement[]> {
  const measurements: Measurement[] = [await messages(bench)];
  bench.progress('register accesses in this process');
  measurements.push(...accesses(alone));
  bench.progress('commands');
  measurements.push(commands());
  for (const pages of ['side-by-side', 'anywhere'] as const) {
    bench.progress(`blits, pages ${pages}`);
    measurements.push(...blits(pages));
  }
  return measurements;
}

/** A vGPU over a socket, and its GPU in this process. */
export const benchmark: Benchmark = {
  name: 'gvt',
  about: 'register accesses, commands, fills and copies of a vGPU, beside TypedArray.fill and set',
  run,
};
