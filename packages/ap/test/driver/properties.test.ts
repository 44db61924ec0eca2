import { outcome } from '@vfio-ts/conformance';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Administrator } from '../support/administrator.ts';
import { configText, MACHINE, type Numbers } from './model.ts';
import { matrix, Run, step, type Step } from './steps.ts';

/* oxlint-disable no-await-in-loop -- an administrator does one thing after the other */

const FILES = [
  ['adapter', 'adapters'],
  ['domain', 'domains'],
  ['control_domain', 'controlDomains'],
] as const;

/** Takes away what is too much, then gives what is missing, number by number. */
async function storeSingly(
  machine: Administrator,
  n: number,
  from: Numbers,
  to: Numbers,
): Promise<void> {
  for (const verb of ['unassign', 'assign'] as const) {
    for (const [file, part] of FILES) {
      const [has, wants] = verb === 'assign' ? [from[part], to[part]] : [to[part], from[part]];
      for (const number of wants) {
        if (!has.includes(number)) await machine.write(n, `${verb}_${file}`, String(number));
      }
    }
  }
}

test('ap_config is the same as the single writes', async () => {
  await fc.assert(
    fc.asyncProperty(matrix, matrix, matrix, async (other, before, after) => {
      const seen: unknown[] = [];
      for (const isWhole of [true, false]) {
        await using machine = await Administrator.of(MACHINE);
        await machine.create(1);
        await machine.create(2);
        await outcome(() => machine.write(2, 'ap_config', configText(other)));
        const first = await outcome(() => machine.write(1, 'ap_config', configText(before)));
        const from = first === 'ok' ? before : { adapters: [], domains: [], controlDomains: [] };
        const result = await outcome(() =>
          isWhole
            ? machine.write(1, 'ap_config', configText(after))
            : storeSingly(machine, 1, from, after),
        );
        // A refused sequence stands where it was refused; a refused ap_config where it began.
        const mdev = machine.mdev(1);
        const shown = ['ap_config', 'matrix', 'control_domains'].map((file) =>
          machine.read(1, file),
        );
        // Only filtering brings back what was left out for a domain that is gone, and unassigning does not filter.
        const hasGone = FILES.some(([, part]) => from[part].some((n) => !after[part].includes(n)));
        const got = hasGone ? [] : [machine.read(1, 'guest_matrix')];
        const linked = [...mdev.queues.keys()].toSorted((a, b) => a - b);
        seen.push(result === 'ok' ? [...shown, ...got, linked] : 'refused');
      }
      expect(seen[1]).toEqual(seen[0]);
    }),
    { numRuns: 150 },
  );
});

const START: readonly Step[] = [
  { kind: 'create', n: 1 },
  { kind: 'config', n: 1, to: { adapters: [5, 6], domains: [4], controlDomains: [] } },
  { kind: 'open', n: 1 },
  { kind: 'create', n: 2 },
  { kind: 'config', n: 2, to: { adapters: [5], domains: [0x47], controlDomains: [] } },
  { kind: 'open', n: 2 },
];

test('no sequence of what administrators and guests do gives one queue to two devices', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 20, maxLength: 60, size: 'max' }),
      async (steps) => {
        await using machine = await Administrator.of(MACHINE);
        const run = new Run(machine);
        // Two guests, so that there is something to take.
        for (const next of START) await run.do(next);
        for (const next of steps) await run.do(next);
        for (const number of [1, 2, 3]) await run.close(number);
        expect(run.reachable()).toEqual(new Map());
      },
    ),
    { numRuns: 100 },
  );
});
