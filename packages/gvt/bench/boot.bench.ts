// What a guest with stock i915 takes until its console is there: messages, and time from modprobe to text in the
// picture, beside the boot of the same guest.

/* oxlint-disable no-await-in-loop -- one guest after the other */

import { readFileSync } from 'node:fs';
import { labStatus, parsePsf } from '@vfio-ts/lab';
import type { Benchmark, BenchmarkRun, Measurement } from '../../../scripts/bench/benchmark.ts';
import { leaveProcessor } from '../../../scripts/bench/processors.ts';
import { loadDriver, show } from '../test/vm/guest.ts';
import { Stand } from '../test/vm/stand.ts';

const MESSAGES = { of: 'value', atMost: 4000 } as const;
const SECONDS = { of: 'value', atMost: 10 } as const;

const BOOTS = [
  { kernel: 'stable', type: 'GVTg_V5_8', size: '1024x768' },
  { kernel: 'backports', type: 'GVTg_V5_8', size: '1024x768' },
  { kernel: 'stable', type: 'GVTg_V5_4', size: '1920x1200' },
  { kernel: 'backports', type: 'GVTg_V5_4', size: '1920x1200' },
] as const;

const lab = labStatus();

async function boot(
  stand: Stand,
  { kernel, type, size }: (typeof BOOTS)[number],
): Promise<readonly Measurement[]> {
  const served = await stand.serve(type);
  const begin = performance.now();
  const guest = await stand.boot(served, { kernel });
  const up = performance.now();
  await loadDriver(guest);
  await show(guest, served, 'the console is there');
  const console = performance.now() - up;
  const name = `gvt-boot/${kernel}-${size}`;
  return [
    { name: `${name}-messages`, value: served.messages, unit: 'messages', goal: MESSAGES },
    {
      name: `${name}-console`,
      value: console / 1000,
      unit: 's',
      ratio: console / (up - begin),
      ratioTo: 'the boot of the guest before it',
      goal: SECONDS,
    },
  ];
}

async function run(bench: BenchmarkRun): Promise<readonly Measurement[]> {
  if (!lab.ready) throw new Error(lab.missing);
  leaveProcessor();
  const font = parsePsf(readFileSync(lab.font));
  const measurements: Measurement[] = [];
  for (const which of BOOTS) {
    bench.progress(`${which.kernel} kernel, ${which.size}`);
    const stand = new Stand(font);
    measurements.push(...(await boot(stand, which)));
    const left = await stand.end();
    if (left.length > 0) throw new Error(`left behind:\n  ${left.join('\n  ')}`);
  }
  return measurements;
}

/** Boots of a real guest. */
export const benchmark: Benchmark = {
  name: 'gvt-boot',
  about: 'what a guest with stock i915 takes until its console is there',
  missing: lab.ready ? undefined : `no guest lab: ${lab.missing}. ${lab.howTo}`,
  run,
};
