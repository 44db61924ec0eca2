import { ManualClock } from '@vfio-ts/conformance/fakes';
import { expect, test } from 'vitest';
import { ApSysfs } from '../../src/bus/sysfs.ts';
import { testBus } from './support.ts';

test('a bus scans every config_time seconds until it is closed', async () => {
  const clock = new ManualClock();
  const { bus } = await testBus({ clock, periodicScan: true });
  clock.advance(29_999);
  expect(bus.scans).toBe(1);
  clock.advance(1);
  await bus.exclusive(() => undefined);
  expect(bus.scans).toBe(2);
  await new ApSysfs(bus).write('bus/ap/config_time', '5');
  clock.advance(5000);
  await bus.exclusive(() => undefined);
  expect(bus.scans).toBe(3);
  await bus.close();
  clock.advance(60_000);
  await bus.exclusive(() => undefined);
  expect(bus.scans).toBe(3);
});

test('a bus scans only when asked otherwise', async () => {
  const clock = new ManualClock();
  const { bus } = await testBus({ clock });
  clock.advance(600_000);
  await bus.exclusive(() => undefined);
  expect(bus.scans).toBe(1);
});

test('a scan that still waits for a driver is not followed by another', async () => {
  const clock = new ManualClock();
  const { bus } = await testBus({ clock, periodicScan: true });
  const gate = Promise.withResolvers<void>();
  const work = bus.exclusive(() => gate.promise);
  clock.advance(300_000);
  gate.resolve();
  await work;
  await bus.exclusive(() => undefined);
  expect(bus.scans).toBe(1);
});
