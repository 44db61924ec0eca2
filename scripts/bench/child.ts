// The process of one benchmark: `node --expose-gc child.ts FILE`.

import { loadBenchmark } from './registry.ts';
import type { Said } from './run.ts';

function say(said: Said): void {
  process.send?.(said);
}

const [, , file = ''] = process.argv;
const { benchmark } = await loadBenchmark(file);
const measurements = await benchmark.run({
  progress: (progress) => say({ progress }),
  note: (note) => say({ note }),
});
say({ measurements });
process.disconnect?.();
