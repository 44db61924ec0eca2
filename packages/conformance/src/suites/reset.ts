// VFIO_DEVICE_RESET. What it does to migration and logging is with these.

import { expect } from 'vitest';
import { outcome, refused } from '../assert.ts';
import type { DeviceHarness } from '../harness.ts';
import { expectBytes, sameBytes } from '../probe/bytes.ts';
import { hooksOf } from '../probe/hooks.ts';
import { assign, implementedIrqs } from '../probe/irqs.ts';
import { pattern, readBytes } from '../probe/regions.ts';
import { declareSuite, type SuiteOptions } from '../suite.ts';

/** Statements 83 and 86. */
export function resetSuite<T extends object>(
  harness: DeviceHarness<T>,
  options: SuiteOptions = {},
): void {
  declareSuite('reset', harness, options, ({ test }) => {
    const { supports, ram } = harness;
    const { snapshot, mutate, trigger } = hooksOf(harness);

    if (!supports.reset) {
      test('[83] a device without reset refuses one and stays as it is', async (t) => {
        const { access, device } = await t.open();
        mutate?.(device);
        const before = snapshot?.(device);
        await refused('EINVAL', () => access.reset());
        expectBytes(snapshot?.(device), before);
      });
      return;
    }

    if (snapshot !== undefined) {
      test('[83] everything a guest can see is as it was at first', async (t) => {
        const { access, device } = await t.open();
        const initial = snapshot(device);
        mutate?.(device);
        if (mutate !== undefined) expect(sameBytes(snapshot(device), initial)).toBe(false);
        await access.reset();
        expectBytes(snapshot(device), initial);
      });

      test('[83] a second reset changes nothing', async (t) => {
        const { access, device } = await t.open();
        mutate?.(device);
        await access.reset();
        const once = snapshot(device);
        await access.reset();
        expectBytes(snapshot(device), once);
      });

      test('[86] a reset touches no other device', async (t) => {
        const { access } = await t.open();
        const other = await t.open();
        mutate?.(other.device);
        const before = snapshot(other.device);
        await access.reset();
        expectBytes(snapshot(other.device), before);
      });
    }

    if (ram !== undefined) {
      test('[83] what the guest wrote to the memory window is gone', async (t) => {
        const { access } = await t.open();
        const initial = await readBytes(access, ram.region, ram.offset, ram.length);
        await access.write(ram.region, ram.offset, pattern(ram.length, 1));
        await access.reset();
        expectBytes(await readBytes(access, ram.region, ram.offset, ram.length), initial);
      });
    }

    if (supports.irqs) {
      test('[83] interrupts stay as they were configured', async (t) => {
        const { access, device, session } = await t.open();
        const [irq] = await implementedIrqs(access);
        if (irq === undefined) throw new TypeError('the manifest says that there are interrupts');
        const signal = session.signal();
        await assign(access, irq.index, 0, [signal]);
        await access.reset();
        trigger(device, irq.index, 0);
        await session.settle();
        expect(signal.count()).toBe(1);
      });
    }
  });

  const create = harness.createShared?.bind(harness);
  if (!harness.supports.reset || create === undefined) return;
  const sharing: DeviceHarness<T> = { ...harness, create };
  declareSuite('shared reset', sharing, options, ({ test }) => {
    const { mutate, snapshot } = hooksOf(harness);

    test('[86] a reset that would hit a device somebody else has open is refused', async (t) => {
      const devices = [await t.open(), await t.open()] as const;
      for (const { device } of devices) mutate?.(device);
      const before = devices.map(({ device }) => snapshot?.(device));
      expect(await outcome(() => devices[0].access.reset())).not.toBe('ok');
      expect(devices.map(({ device }) => snapshot?.(device))).toEqual(before);
    });

    test('[86] the reset is allowed once the other device is closed', async (t) => {
      const { access } = await t.open();
      const other = await t.open();
      await other.session.close();
      expect(await outcome(() => access.reset())).toBe('ok');
    });
  });
}
