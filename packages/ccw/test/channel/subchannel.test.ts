import { describe, expect, test } from 'vitest';
import { decodeSchib } from '../../src/architecture/schib.ts';
import { ChannelSubsystem } from '../../src/channel/subsystem.ts';
import { NORMAL, ScriptedUnit, Stand } from './support.ts';

const [READ, NOP, TIC] = [0x02, 0x03, 0x08];
const CC = 0x40;
const LOOP = [
  { command: NOP, flags: CC },
  { command: TIC, target: 0 },
];

/** A stand with a read under way that ends when the test says so. */
function reading(): { readonly stand: Stand; readonly end: () => Promise<void> } {
  const stand = new Stand();
  const { promise, resolve } = Promise.withResolvers<void>();
  stand.unit.ends.set(READ, async () => {
    await promise;
    return { status: NORMAL, data: Uint8Array.of(1, 2, 3, 4) };
  });
  expect(stand.start([{ command: READ, count: 4, address: 0x200 }])).toBe(0);
  const end = async (): Promise<void> => {
    resolve();
    await new Promise((done) => setImmediate(done));
  };
  return { stand, end };
}

describe('condition codes', () => {
  test('3 for all that is not enabled', () => {
    const { subchannel, unit } = new Stand();
    subchannel.enable(false);
    expect([subchannel.halt(), subchannel.clear(), subchannel.cancel()]).toEqual([3, 3, 3]);
    expect(unit.calls).toEqual([]);
  });

  test('1 for a start, a halt and a cancel while a status is pending', () => {
    const stand = new Stand();
    stand.start([{ command: NOP }]);
    const { subchannel } = stand;
    expect([stand.start([{ command: NOP }]), subchannel.halt(), subchannel.cancel()]).toEqual([
      1, 1, 1,
    ]);
  });

  test('2 for a start while a program runs, and for disabling it', () => {
    const { stand } = reading();
    expect(stand.start([{ command: NOP }])).toBe(2);
    expect(stand.subchannel.enable(false)).toBe(2);
    expect(stand.subchannel.cancel()).toBe(2);
  });

  test('3 for a start on paths there are not', () => {
    expect(new Stand().start([{ command: NOP }], { lpm: 0x7f })).toBe(3);
  });

  test('2 for a second halt while the first waits', () => {
    const { stand } = reading();
    expect([stand.subchannel.halt(), stand.subchannel.halt()]).toEqual([0, 2]);
  });
});

describe('a halt', () => {
  test('of nothing is a status of the halt function alone', () => {
    const stand = new Stand();
    stand.subchannel.halt();
    expect(stand.status().scsw.control).toBe(0x2001);
  });

  test('ends a program that never would', () => {
    const stand = new Stand();
    stand.start(LOOP);
    expect(stand.heard).toEqual([]);
    stand.subchannel.halt();
    stand.clock.advance(1);
    expect(stand.status().scsw).toMatchObject({ control: 0x6007, deviceStatus: NORMAL });
    expect(stand.unit.calls.at(-1)).toBe('end aborted');
  });

  test('has a command aborted, and nothing of it reaches memory', async () => {
    const { stand, end } = reading();
    stand.subchannel.halt();
    expect(stand.unit.calls).toContain('abort');
    expect(stand.heard).toEqual([]);
    await end();
    expect(stand.status().scsw.control).toBe(0x6007);
    expect(stand.memory.writes).toEqual([]);
  });
});

describe('a clear', () => {
  test('takes back a status that is pending', () => {
    const stand = new Stand();
    stand.start([{ command: NOP }]);
    stand.subchannel.clear();
    expect(stand.status().scsw).toMatchObject({ control: 0x1001, deviceStatus: 0 });
    expect(stand.subchannel.test()).toBeUndefined();
  });

  test('ends a program, and says nothing of it', async () => {
    const { stand, end } = reading();
    stand.subchannel.clear();
    await end();
    expect(stand.status().scsw).toMatchObject({ control: 0x1001, programAddress: 0 });
    expect(stand.heard).toEqual(['interrupt']);
  });
});

test('a program that never ends leaves others their turn', () => {
  const stand = new Stand();
  stand.start(LOOP);
  const first = stand.unit.calls.length;
  expect(stand.heard).toEqual([]);
  stand.clock.advance(1);
  expect(stand.unit.calls.length).toBeGreaterThan(first);
});

describe('a status nobody asked for', () => {
  test('is alert and pending', () => {
    const stand = new Stand();
    stand.unit.listener?.(0x80);
    expect(stand.status().scsw).toMatchObject({ control: 0x0011, deviceStatus: 0x80 });
  });

  test('waits behind another status until that one is taken', async () => {
    const stand = new Stand();
    stand.start([{ command: NOP }]);
    stand.unit.listener?.(0x80);
    stand.unit.listener?.(0x04);
    expect(stand.heard).toEqual(['interrupt']);
    expect(stand.status().scsw.control).toBe(0x4007);
    await new Promise((done) => setImmediate(done));
    expect(stand.heard).toEqual(['interrupt', 'interrupt']);
    expect(stand.status().scsw).toMatchObject({ control: 0x0011, deviceStatus: 0x84 });
  });

  test('is dropped where nobody has enabled the subchannel', () => {
    const stand = new Stand();
    stand.subchannel.enable(false);
    stand.unit.listener?.(0x80);
    stand.subchannel.enable(true);
    expect(stand.subchannel.test()).toBeUndefined();
  });
});

describe('paths', () => {
  test('are shown in the information block, and a program says which it took', () => {
    const stand = new Stand([0x44, 0x45]);
    stand.subchannel.changePath('vary off', 0x44);
    stand.run([{ command: NOP }]);
    const schib = stand.subchannel.store();
    const { pmcw } = decodeSchib(schib ?? new Uint8Array(0));
    expect(pmcw).toMatchObject({
      pim: 0xc0,
      pam: 0xc0,
      pom: 0x40,
      lpum: 0x40,
      deviceNumber: 0x1234,
    });
    expect(stand.heard).toEqual(['vary off 80', 'interrupt']);
  });

  test('come back', () => {
    const stand = new Stand();
    stand.subchannel.changePath('offline', 0x44);
    expect(stand.start([{ command: NOP }])).toBe(3);
    stand.subchannel.changePath('online', 0x44);
    expect(stand.start([{ command: NOP }])).toBe(0);
  });

  test('of others are not told', () => {
    const stand = new Stand();
    stand.subchannel.changePath('offline', 0x55);
    expect(stand.heard).toEqual([]);
  });
});

test('an unplugged device is gone for every instruction, and its program says nothing more', async () => {
  const { stand, end } = reading();
  stand.subchannel.unplug();
  await end();
  const { subchannel } = stand;
  expect([subchannel.halt(), subchannel.clear(), subchannel.enable(true)]).toEqual([3, 3, 3]);
  expect(subchannel.store()).toBeUndefined();
  expect(stand.heard).toEqual(['changed']);
  expect(stand.memory.writes).toEqual([]);
});

describe('a subsystem', () => {
  test('numbers its subchannels, and refuses a device number twice', async () => {
    const { clock, logger } = new Stand();
    const subsystem = new ChannelSubsystem({ clock, logger });
    const unit = new ScriptedUnit();
    const one = subsystem.attach({ unit, deviceNumber: 0x100 });
    expect(one.name).toBe('0.0.0000');
    expect(subsystem.attach({ unit: new ScriptedUnit(), deviceNumber: 0x101 }).name).toBe(
      '0.0.0001',
    );
    const again = (): unknown => subsystem.attach({ unit, deviceNumber: 0x100 });
    expect(again).toThrow('EBUSY');
    await subsystem.close();
    expect(unit.calls).toEqual(['close']);
    expect(subsystem.subchannels).toEqual([]);
  });

  test.each([[-1], [0x10000], [1.5]])('has no device number %d', (deviceNumber) => {
    const { clock, logger } = new Stand();
    const subsystem = new ChannelSubsystem({ clock, logger });
    expect(() => subsystem.attach({ unit: new ScriptedUnit(), deviceNumber })).toThrow('EINVAL');
  });
});
