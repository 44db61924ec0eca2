import { VfioError } from '@vfio-ts/core';
import { describe, expect, test } from 'vitest';
import { ApMask } from '../../src/bus/mask.ts';
import { bindings, errno, RecordingDriver, testBus, type TestBus } from './support.ts';

/** A bus whose card 5 is for a driver and card 6 for the host. */
async function divided(): Promise<TestBus & { readonly driver: RecordingDriver }> {
  const made = await testBus({ apmask: ApMask.ALL.without(5) });
  const driver = new RecordingDriver();
  await made.bus.registerDriver(driver);
  driver.take();
  made.uevents.length = 0;
  return { ...made, driver };
}

test('queues follow apmask, and udev is told', async () => {
  const { bus, driver, uevents } = await divided();
  await bus.storeApmask('+5,-6\n');
  expect(bindings(bus)).toEqual({
    '05.0004': 'cex4queue',
    '05.00ab': 'cex4queue',
    '06.0004': 'vfio_ap',
    '06.00ab': 'vfio_ap',
  });
  expect(driver.take()).toEqual([
    'in use 5 x 256 numbers',
    'remove 05.0004',
    'removed 05.0004',
    'remove 05.00ab',
    'removed 05.00ab',
    'probe 06.0004',
    'probe 06.00ab',
  ]);
  expect(uevents.at(-1)).toEqual({
    action: 'change',
    device: 'devices/ap',
    env: { APMASK: `0xfd${'f'.repeat(62)}` },
  });
});

test('queues follow aqmask', async () => {
  const { bus, driver, uevents } = await divided();
  await bus.storeAqmask('-4');
  expect(driver.take()).toEqual(['probe 06.0004']);
  await bus.storeAqmask('+4');
  expect(driver.take()).toEqual(['in use 255 numbers x 4', 'remove 06.0004', 'removed 06.0004']);
  expect(uevents.at(-1)?.env).toEqual({ AQMASK: `0x${'f'.repeat(64)}` });
});

test('a queue in use makes the store EBUSY, and nothing changes', async () => {
  const { bus, driver, uevents } = await divided();
  driver.refusal = new VfioError('EADDRINUSE', 'inUse', 'mine');
  await expect(bus.storeApmask('+5,-6')).rejects.toThrow(errno('EBUSY'));
  expect(bus.apmask.equals(ApMask.ALL.without(5))).toBe(true);
  expect(driver.take()).toEqual(['in use 5 x 256 numbers']);
  expect(uevents).toEqual([]);
  await bus.storeAqmask('-4');
  await expect(bus.storeAqmask('+4')).rejects.toThrow(errno('EBUSY'));
});

test('numbers are taken from the host without asking anybody', async () => {
  const { bus, driver } = await divided();
  driver.refusal = new VfioError('EADDRINUSE', 'inUse', 'mine');
  await bus.storeApmask('-6');
  expect(driver.take()).toEqual(['probe 06.0004', 'probe 06.00ab']);
});

test.each(['+5-', '0xzz', '+256'])('%j is EINVAL, and nothing changes', async (text) => {
  const { bus, driver, uevents } = await divided();
  await expect(bus.storeApmask(text)).rejects.toThrow(errno('EINVAL'));
  await expect(bus.storeAqmask(text)).rejects.toThrow(errno('EINVAL'));
  expect([driver.take(), uevents]).toEqual([[], []]);
});

test('a store of what is there already tells nobody', async () => {
  const { bus, driver, uevents } = await divided();
  await bus.storeApmask('-5');
  await bus.storeAqmask('+0-255');
  expect([driver.take(), uevents]).toEqual([[], []]);
});

test('a store does not bind a queue of the same party that was unbound by hand', async () => {
  const { bus } = await divided();
  await bus.unbind('vfio_ap', '05.0004');
  await bus.storeApmask('-6');
  expect(bus.queue(0x0504)?.driver).toBe(undefined);
});

test('a queue unbound by hand is bound when it changes sides', async () => {
  const { bus } = await divided();
  await bus.unbind('vfio_ap', '05.0004');
  await bus.storeApmask('+5');
  expect(bus.queue(0x0504)?.driver).toBe('cex4queue');
});

describe('what the masks leave to the host', () => {
  test('is a queue with both bits set', async () => {
    const { bus } = await testBus({ apmask: ApMask.of(5), aqmask: ApMask.of(4) });
    const answers = [
      [5, 4],
      [5, 5],
      [6, 4],
    ] as const;
    expect(answers.map(([adapter, domain]) => bus.ownedByDefDrv(adapter, domain))).toEqual([
      true,
      false,
      false,
    ]);
  });

  test.each([
    [[5], [4], true],
    [[5, 6], [4, 5], true],
    [[6], [4], false],
    [[5], [5], false],
    [[], [4], false],
    [[5], [], false],
  ])('adapters %j and domains %j: %s', async (adapters, domains, expected) => {
    const { bus } = await testBus({ apmask: ApMask.of(5), aqmask: ApMask.of(4) });
    const isOwned = bus.apqnInMatrixOwnedByDefDrv(ApMask.of(...adapters), ApMask.of(...domains));
    expect(isOwned).toBe(expected);
  });
});
