import { describe, expect, test } from 'vitest';
import { ApMask } from '../../src/bus/mask.ts';
import { AP_RESPONSE } from '../../src/hardware/status.ts';
import { bindings, errno, RecordingDriver, testBus, unscannedBus } from './support.ts';

describe('a scan', () => {
  test('finds a queue for each domain of each card', async () => {
    const { bus } = await testBus();
    expect(bus.cards.map(({ name }) => name)).toEqual(['card05', 'card06']);
    expect(bus.queues.map(({ name }) => name)).toEqual([
      '05.0004',
      '05.00ab',
      '06.0004',
      '06.00ab',
    ]);
    expect(bus.queue(0x05ab)?.name).toBe('05.00ab');
    expect(bus.queue(0x0505)).toBe(undefined);
  });

  test('does not see cards and domains that the configuration lacks', async () => {
    const config = { adapters: ApMask.of(6, 7), usageDomains: ApMask.of(0xab, 0xff) };
    const { bus } = await testBus({ config });
    expect(bus.queues.map(({ name }) => name)).toEqual(['06.00ab']);
  });

  test.each([
    [AP_RESPONSE.RESET_IN_PROGRESS, true],
    [AP_RESPONSE.DECONFIGURED, true],
    [AP_RESPONSE.CHECKSTOPPED, true],
    [AP_RESPONSE.BUSY, true],
    [AP_RESPONSE.Q_NOT_AVAIL, false],
    [AP_RESPONSE.INVALID_DOMAIN, false],
  ])('of a card that answers 0x%s has its queues: %s', async (responseCode, isThere) => {
    const { bus, cards } = unscannedBus({ adapters: [5] });
    cards.get(5)?.respond(responseCode);
    await bus.scan();
    expect(bus.queues.length > 0).toBe(isThere);
    expect(bus.cards.length > 0).toBe(isThere);
  });

  test('tells udev of each device, and of the end of the first scan', async () => {
    const { bus, uevents } = unscannedBus({ adapters: [5], domains: [4] });
    await bus.scan();
    await bus.scan();
    expect(uevents).toEqual([
      {
        action: 'add',
        device: 'devices/ap/card05',
        env: { DEV_TYPE: '000E', MODALIAS: 'ap:t0E', MODE: 'accel' },
      },
      { action: 'add', device: 'devices/ap/card05/05.0004', env: { MODE: 'accel' } },
      { action: 'bind', device: 'devices/ap/card05/05.0004', env: { DRIVER: 'cex4queue' } },
      { action: 'change', device: 'devices/ap', env: { INITSCAN: 'done' } },
      {
        action: 'change',
        device: 'devices/ap',
        env: { BINDINGS: 'complete', COMPLETECOUNT: '1' },
      },
    ]);
    expect(bus.scans).toBe(2);
  });

  test('goes on when the listener throws', async () => {
    const { bus } = unscannedBus({
      uevent: () => {
        throw new Error('deaf');
      },
    });
    await bus.scan();
    expect(bus.queues.length).toBe(4);
  });
});

describe('drivers', () => {
  test('the host gets the queues that are in both masks, others the rest', async () => {
    const { bus } = await testBus({ apmask: ApMask.of(5), aqmask: ApMask.of(4) });
    expect(bindings(bus)).toEqual({
      '05.0004': 'cex4queue',
      '05.00ab': '-',
      '06.0004': '-',
      '06.00ab': '-',
    });
    await bus.registerDriver(new RecordingDriver());
    expect(bindings(bus)).toEqual({
      '05.0004': 'cex4queue',
      '05.00ab': 'vfio_ap',
      '06.0004': 'vfio_ap',
      '06.00ab': 'vfio_ap',
    });
  });

  test('a driver does not get adapter types it does not name', async () => {
    const { bus } = await testBus({ apmask: ApMask.NONE, info: { hwtype: 9 } });
    const driver = new RecordingDriver();
    await bus.registerDriver(driver);
    expect(driver.calls).toEqual([]);
  });

  test('a queue whose probe throws is offered to the next driver', async () => {
    const { bus } = await testBus({ adapters: [5], apmask: ApMask.NONE });
    const first = new RecordingDriver('first');
    first.refused.add('05.0004').add('05.00ab');
    await bus.registerDriver(first);
    expect(bindings(bus)).toEqual({ '05.0004': '-', '05.00ab': '-' });
    await bus.registerDriver(new RecordingDriver('second'));
    expect(bindings(bus)).toEqual({ '05.0004': 'second', '05.00ab': 'second' });
  });

  test('of two that would take a queue the older one has it alone', async () => {
    const { bus } = unscannedBus({ adapters: [5], domains: [4], apmask: ApMask.NONE });
    const drivers = [new RecordingDriver('first'), new RecordingDriver('second')] as const;
    await bus.registerDriver(drivers[0]);
    await bus.registerDriver(drivers[1]);
    await bus.scan();
    expect(drivers.map(({ calls }) => calls)).toEqual([['probe 05.0004'], []]);
    expect(bindings(bus)).toEqual({ '05.0004': 'first' });
  });

  test('of the host resets a queue that it gets', async () => {
    const { cards } = await testBus({ adapters: [5], domains: [4] });
    expect(cards.get(5)?.queue(4)?.calls).toEqual(['reset']);
  });

  test('a second driver of a name is EBUSY', async () => {
    const { bus } = await testBus();
    await bus.registerDriver(new RecordingDriver());
    await expect(bus.registerDriver(new RecordingDriver())).rejects.toThrow(errno('EBUSY'));
    expect(bus.drivers.map(({ name }) => name)).toEqual(['cex4queue', 'vfio_ap']);
  });

  test('a driver that goes leaves its queues zeroized and without a driver', async () => {
    const { bus, cards } = await testBus({ adapters: [5], domains: [4], apmask: ApMask.NONE });
    const driver = new RecordingDriver();
    await bus.registerDriver(driver);
    await bus.unregisterDriver(driver);
    expect(driver.calls).toEqual(['probe 05.0004', 'remove 05.0004', 'removed 05.0004']);
    expect(bindings(bus)).toEqual({ '05.0004': '-' });
    expect(cards.get(5)?.queue(4)?.calls).toEqual(['zeroize']);
    await expect(bus.unregisterDriver(driver)).rejects.toThrow(errno('ENODEV'));
  });

  test('a remove that throws does not keep the queue', async () => {
    const { bus } = await testBus({ adapters: [5], domains: [4], apmask: ApMask.NONE });
    const driver = new RecordingDriver();
    driver.remove = () => Promise.reject(new Error('mine'));
    await bus.registerDriver(driver);
    await bus.unregisterDriver(driver);
    expect(bindings(bus)).toEqual({ '05.0004': '-' });
  });
});

describe('binding by hand', () => {
  test('a queue that was unbound stays so until it is bound', async () => {
    const { bus } = await testBus({ apmask: ApMask.NONE });
    const driver = new RecordingDriver();
    await bus.registerDriver(driver);
    driver.take();
    await bus.unbind('vfio_ap', '05.00ab');
    await bus.scan();
    expect(bus.queue(0x05ab)?.driver).toBe(undefined);
    await bus.bind('vfio_ap', '05.00ab');
    expect(bus.queue(0x05ab)?.driver).toBe('vfio_ap');
    expect(driver.take()).toEqual(['remove 05.00ab', 'removed 05.00ab', 'probe 05.00ab']);
  });

  test.each([
    ['bind', 'vfio_ap', '07.0004', 'ENODEV'],
    ['bind', 'vfio_ap', '5.4', 'ENODEV'],
    ['bind', 'nobody', '06.0004', 'ENODEV'],
    ['bind', 'vfio_ap', '06.0004', 'EBUSY'],
    ['bind', 'cex4queue', '06.0004', 'EBUSY'],
    ['unbind', 'cex4queue', '06.0004', 'ENODEV'],
    ['unbind', 'vfio_ap', '05.0004', 'ENODEV'],
    ['bind', 'vfio_ap', '05.0004', 'ENODEV'],
  ] as const)('%s of %s for %s is %s', async (verb, driver, queue, code) => {
    const { bus } = await testBus({ apmask: ApMask.of(5) });
    await bus.registerDriver(new RecordingDriver());
    await bus.unbind('cex4queue', '05.0004');
    const before = bindings(bus);
    await expect(bus[verb](driver, queue)).rejects.toThrow(errno(code));
    expect(bindings(bus)).toEqual(before);
  });

  test('what the probe throws is the answer to bind', async () => {
    const { bus } = await testBus({ apmask: ApMask.NONE });
    const driver = new RecordingDriver();
    driver.refused.add('05.0004');
    await bus.registerDriver(driver);
    await expect(bus.bind('vfio_ap', '05.0004')).rejects.toThrow('no 05.0004');
  });
});

test('a closed bus has no devices, and its cards are still alive', async () => {
  const { bus, cards } = await testBus({ apmask: ApMask.NONE });
  const driver = new RecordingDriver();
  await bus.registerDriver(driver);
  driver.take();
  await bus.close();
  expect(bus.cards).toEqual([]);
  expect(driver.take().filter((call) => call.startsWith('remove '))).toHaveLength(4);
  expect([...cards.values()].some(({ isClosed }) => isClosed)).toBe(false);
});
