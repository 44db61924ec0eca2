import { describe, expect, test } from 'vitest';
import { ApMask } from '../../src/bus/mask.ts';
import { AP_RESPONSE } from '../../src/hardware/status.ts';
import { FakeCard } from '../hardware/fake-card.ts';
import { RecordingDriver, testBus, type TestBus } from './support.ts';

async function withDriver(): Promise<TestBus & { readonly driver: RecordingDriver }> {
  const made = await testBus({ apmask: ApMask.NONE, domains: [4] });
  const driver = new RecordingDriver();
  await made.bus.registerDriver(driver);
  driver.take();
  return { ...made, driver };
}

describe('a change of the configuration', () => {
  test('is told before devices go, and again when they are gone', async () => {
    const { bus, driver } = await withDriver();
    await bus.configure({ config: { adapters: ApMask.of(6) } });
    expect(driver.take()).toEqual([
      'changed 5,6 to 6',
      'remove 05.0004',
      'removed 05.0004',
      'complete 6',
    ]);
    expect(bus.queues.map(({ name }) => name)).toEqual(['06.0004']);
  });

  test('is told before devices come, and again when they are there', async () => {
    const { bus, driver, cards } = await withDriver();
    const more = new Map([...cards, [7, new FakeCard([4])] as const]);
    await bus.configure({ config: { adapters: ApMask.of(5, 6, 7) }, cards: more });
    expect(driver.take()).toEqual(['changed 5,6 to 5,6,7', 'probe 07.0004', 'complete 5,6,7']);
  });

  test('of control domains moves no device', async () => {
    const { bus, driver } = await withDriver();
    await bus.configure({ config: { controlDomains: ApMask.of(9) } });
    expect(driver.take()).toEqual(['changed 5,6 to 5,6', 'complete 5,6']);
  });

  test('of usage domains takes the queues of all cards', async () => {
    const { bus, driver } = await withDriver();
    await bus.configure({ config: { usageDomains: ApMask.NONE } });
    expect(driver.take()).toEqual([
      'changed 5,6 to 5,6',
      'remove 05.0004',
      'removed 05.0004',
      'remove 06.0004',
      'removed 06.0004',
      'complete 5,6',
    ]);
    expect(bus.cards).toEqual([]);
  });

  test('to the same as before is told to nobody', async () => {
    const { bus, driver } = await withDriver();
    await bus.configure({ config: { adapters: ApMask.of(6, 5) } });
    expect(driver.take()).toEqual([]);
  });

  test('is seen as it was before until the scan', async () => {
    const { bus, driver } = await withDriver();
    const seen: string[] = [];
    driver.onConfigChanged = () => {
      seen.push([...bus.config.adapters].join(), bus.queues.map(({ name }) => name).join());
    };
    await bus.configure({ config: { adapters: ApMask.of(6) } });
    expect(seen).toEqual(['6', '05.0004,06.0004']);
  });

  test('goes on when a driver throws', async () => {
    const { bus, driver } = await withDriver();
    driver.onConfigChanged = () => {
      throw new Error('no');
    };
    await bus.configure({ config: { adapters: ApMask.of(6) } });
    expect(driver.take()).toContain('complete 6');
  });
});

describe('a card', () => {
  test('that is exchanged for another is removed and found', async () => {
    const { bus, driver, cards } = await withDriver();
    const other = new Map([...cards, [5, new FakeCard([4], { hwtype: 13 })] as const]);
    await bus.configure({ cards: other });
    expect(driver.take()).toEqual(['remove 05.0004', 'removed 05.0004', 'probe 05.0004']);
    expect(bus.cards[0]?.info.hwtype).toBe(13);
  });

  test('that is deconfigured keeps its devices, and udev is told', async () => {
    const { bus, driver, cards, uevents } = await withDriver();
    uevents.length = 0;
    cards.get(5)?.respond(AP_RESPONSE.DECONFIGURED);
    await bus.scan();
    expect(driver.take()).toEqual([]);
    expect(bus.cards[0]?.isConfigured).toBe(false);
    expect(uevents).toEqual([
      { action: 'change', device: 'devices/ap/card05/05.0004', env: { CONFIG: '0' } },
      { action: 'change', device: 'devices/ap/card05', env: { CONFIG: '0' } },
    ]);
    cards.get(5)?.respond(AP_RESPONSE.NORMAL);
    await bus.scan();
    expect(bus.cards[0]?.isConfigured).toBe(true);
    expect(uevents.at(-1)?.env).toEqual({ CONFIG: '1' });
  });

  test('that is checkstopped keeps its devices', async () => {
    const { bus, cards } = await withDriver();
    cards.get(5)?.respond(AP_RESPONSE.CHECKSTOPPED);
    await bus.scan();
    expect(bus.cards.map(({ isCheckstopped }) => isCheckstopped)).toEqual([true, false]);
    expect(bus.queues.length).toBe(2);
  });
});

test('work of the bus waits for what is being done', async () => {
  const { bus, driver } = await withDriver();
  const gate = Promise.withResolvers<void>();
  const work = bus.exclusive(() => gate.promise);
  const scan = bus.configure({ config: { adapters: ApMask.of(6) } });
  await Promise.resolve();
  expect(driver.take()).toEqual([]);
  gate.resolve();
  await Promise.all([work, scan]);
  expect(driver.take()).toContain('complete 6');
});
