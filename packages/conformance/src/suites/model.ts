// Random sequences of steps against the model.

import fc from 'fast-check';
import { withContext } from '../context.ts';
import type { DeviceHarness } from '../harness.ts';
import { Run } from '../model/run.ts';
import { sequences } from '../model/steps.ts';
import { declareSuite, type SuiteOptions } from '../suite.ts';

/** What single statements cannot see: that everything holds in any order. A failure prints its seed. */
export function modelSuite<T extends object>(
  harness: DeviceHarness<T>,
  options: SuiteOptions = {},
): void {
  declareSuite('random sequences', harness, options, ({ test }) => {
    test('any sequence of steps does what the model says and leaves nothing behind', async () => {
      await fc.assert(
        fc.asyncProperty(sequences, async (steps) => {
          await withContext(harness, undefined, async (t) => {
            const run = new Run(t);
            // The order of the steps is what is tested.
            // oxlint-disable-next-line no-await-in-loop
            for (const step of steps) await run.take(step);
            await run.end();
          });
        }),
        { numRuns: options.sequences ?? 100 },
      );
    });
  });
}
