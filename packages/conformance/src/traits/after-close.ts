// What every operation must do on a session that is closed: nothing, and say so.

import { expect } from 'vitest';
import { outcome, refused } from '../assert.ts';
import type { DeviceHarness } from '../harness.ts';
import { pathRules } from '../probe/path.ts';
import { spyOps } from '../spy-ops.ts';
import { declareSuite, type SuiteOptions } from '../suite.ts';
import { operations } from './operations.ts';

/** Statement 84, for every operation. */
export function afterCloseTrait<T extends object>(
  harness: DeviceHarness<T>,
  options: SuiteOptions = {},
): void {
  declareSuite('after close', harness, options, ({ test }) => {
    const { closed } = pathRules(harness);

    for (const { name, attempt } of operations(harness)) {
      test(`[84] ${name} on a closed session is refused and does not reach the driver`, async (t) => {
        const calls: string[] = [];
        const { access, session } = await t.open(spyOps(harness.ops, calls));
        await session.close();
        calls.length = 0;
        await refused(closed, () => attempt(access));
        expect(calls).toEqual([]);
      });
    }

    test('[84] a second close does nothing', async (t) => {
      const calls: string[] = [];
      const { access, session } = await t.open(spyOps(harness.ops, calls));
      await session.close();
      calls.length = 0;
      await session.close();
      expect(await outcome(() => access.close())).toBe('ok');
      expect(calls).toEqual([]);
    });
  });
}
