// What a look at a picture of 1920x1080 costs: one that has not changed, one that has changed everywhere, and one that
// has scrolled by a line of text. Beside it a plain comparison, or a plain copy, of as many bytes.

import { MemfdMemory } from '@vfio-ts/vfio-user';
import type { Benchmark, BenchmarkRun, Measurement } from '../../../scripts/bench/benchmark.ts';
import { median, medianRatio } from '../../../scripts/bench/statistics.ts';
import { FrameCopy } from '../src/screen/frame-copy.ts';
import type { Frame } from '../src/index.ts';

const WIDTH = 1920;
const HEIGHT = 1080;
const ROUNDS = 200;
const WARM_UP = 50;
const LINE = 16;

interface Bench {
  /** Of a device: mapped. */
  readonly memory: MemfdMemory;
  readonly pixels: Uint32Array;
  readonly frame: Frame;
  readonly copy: FrameCopy;
}

function make(): Bench {
  const memory = new MemfdMemory('picture', WIDTH * HEIGHT * 4);
  const bytes = memory.bytes.subarray(0, WIDTH * HEIGHT * 4);
  const pixels = new Uint32Array(bytes.buffer, bytes.byteOffset, WIDTH * HEIGHT);
  for (let i = 0; i < pixels.length; i++) pixels[i] = Math.imul(i, 0x9e37_79b1) >>> 8;
  const frame = { width: WIDTH, height: HEIGHT, stride: WIDTH * 4, pixels: bytes };
  const copy = new FrameCopy(WIDTH, HEIGHT);
  copy.update(frame);
  return { memory, pixels, frame, copy };
}

function rest(): void {}

/** Milliseconds of each of two things done in turns, after something that is not measured. */
function inTurns(
  prepare: () => void,
  ours: () => void,
  bare: () => void,
): readonly [number[], number[]] {
  const times: readonly [number[], number[]] = [[], []];
  for (let i = -WARM_UP; i < ROUNDS; i++) {
    prepare();
    for (const [which, act] of [ours, bare].entries()) {
      const began = performance.now();
      act();
      if (i >= 0) times[which]?.push(performance.now() - began);
    }
  }
  return times;
}

async function run(bench: BenchmarkRun): Promise<readonly Measurement[]> {
  const { memory, pixels, frame, copy } = make();
  using _ = memory;
  const live = Buffer.from(pixels.buffer, pixels.byteOffset, pixels.byteLength);
  const other = Buffer.from(live);
  bench.progress('nothing has changed');
  const [same, compared] = inTurns(
    rest,
    () => void copy.update(frame),
    () => void live.compare(other),
  );
  bench.progress('everything has changed');
  const change = (): void => {
    for (let i = 0; i < pixels.length; i++) pixels[i] = ((pixels[i] ?? 0) + 1) >>> 0;
  };
  const [all, copied] = inTurns(
    change,
    () => void copy.update(frame),
    () => void live.copy(other),
  );
  bench.progress('scrolled by a line');
  const scroll = (): void =>
    void pixels.copyWithin(0, LINE * WIDTH).fill(0, (HEIGHT - LINE) * WIDTH);
  const [moved] = inTurns(scroll, () => void copy.update(frame), rest);
  return [
    {
      name: 'damage/unchanged-1080p',
      value: median(same),
      unit: 'ms',
      ratio: medianRatio(same, compared),
      ratioTo: 'a comparison of two buffers',
      goal: { of: 'value', atMost: 2 },
    },
    {
      name: 'damage/changed-1080p',
      value: median(all),
      unit: 'ms',
      ratio: medianRatio(all, copied),
      ratioTo: 'a copy of a buffer',
      // It was five while the copy lay where copies are slow: see copy-target.ts.
      goal: { of: 'ratio', atMost: 3 },
    },
    { name: 'damage/scrolled-1080p', value: median(moved), unit: 'ms' },
  ];
}

/** Looks at a picture. */
export const benchmark: Benchmark = {
  name: 'damage',
  about: 'what a look at a picture of 1920x1080 costs',
  run,
};
