// What every operation must do while an unregister waits for the session to end: what it always does.

import { unregisterGroupDev } from '@vfio-ts/core';
import { expect } from 'vitest';
import { isSettled } from '../assert.ts';
import type { OpenDevice } from '../context.ts';
import type { DeviceHarness } from '../harness.ts';
import { hooksOf } from '../probe/hooks.ts';
import { assign, countOf, implementedIrqs } from '../probe/irqs.ts';
import { declareSuite, type SuiteOptions } from '../suite.ts';
import { operations } from './operations.ts';

/** Statement 43, for every operation. */
export function whileUnregisteringTrait<T extends object>(
  harness: DeviceHarness<T>,
  options: SuiteOptions = {},
): void {
  declareSuite('while unregistering', harness, options, ({ test }) => {
    const { trigger } = hooksOf(harness);

    for (const { name, run } of operations(harness)) {
      test(`[43] ${name} works while an unregister waits`, async (t) => {
        const opened = await t.open();
        await unregistering(opened, () => run(opened.session));
      });
    }

    if (harness.supports.irqs) {
      test('[43] interrupts come while an unregister waits', async (t) => {
        const opened = await t.open();
        const { access, device, session } = opened;
        const signal = session.signal();
        const [irq] = await implementedIrqs(access);
        if (irq === undefined) throw new TypeError('the manifest says that there are interrupts');
        await assign(access, irq.index, 0, [signal]);
        await unregistering(opened, async () => {
          // The device may have used this very interrupt to ask to be let go.
          const before = await countOf(session, signal);
          trigger(device, irq.index, 0);
          expect(await countOf(session, signal)).toBe(before + 1);
        });
      });
    }
  });
}

/** Runs `action` while an unregister waits, which ends when the session does. */
async function unregistering<T extends object>(
  { vdev, session }: OpenDevice<T>,
  action: () => Promise<unknown>,
): Promise<void> {
  const done = unregisterGroupDev(vdev);
  expect(await isSettled(done)).toBe(false);
  try {
    await action();
    expect(vdev.state).toBe('unregistering');
  } finally {
    await session.close();
  }
  await done;
  expect(vdev.state).toBe('unregistered');
}
