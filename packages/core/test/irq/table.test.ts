import { describe, expect, test } from 'vitest';
import type { IrqDefinition } from '../../src/index.ts';
import { IrqTable } from '../../src/irq/table.ts';
import { setupIrq, type DeviceFile } from '../../src/index.ts';
import { opened, thrown, wrong } from '../device/fixture.ts';
import { testCore } from '../support.ts';
import {
  bare,
  bools,
  enable,
  ERR,
  EVENTFD,
  INTX,
  MASK,
  MSI,
  MSIX,
  pciTable,
  REQ,
  Signal,
  TRIGGER,
  UNMASK,
} from './fixture.ts';

function signals(count: number): Signal[] {
  return Array.from({ length: count }, () => new Signal());
}

function counts(all: readonly Signal[]): number[] {
  return all.map((signal) => signal.signals);
}

describe('setup', () => {
  test.for<[string, number, Record<string, unknown> | null]>([
    ['no definition', 0, null],
    ['index -1', -1, {}],
    ['index 0.5', 0.5, {}],
    ['count 0', 0, { count: 0 }],
    ['count NaN', 0, { count: Number.NaN }],
    ['two INTx', INTX, { count: 2 }],
    ['33 MSI', MSI, { count: 33 }],
    ['2049 MSI-X', MSIX, { count: 2049 }],
    ['two ERR', ERR, { count: 2 }],
    ['two REQ', REQ, { count: 2 }],
    ['65536 of another index', 5, { count: 65_536 }],
    ['flags NaN', 0, { flags: Number.NaN }],
    ['unknown flags', 0, { flags: 16 }],
  ])('%s is EINVAL', ([, index, part]) => {
    const whole = part === null ? null : { count: 1, ...part };
    const table = new IrqTable(5, true);
    expect(thrown(() => table.setup(index, wrong<IrqDefinition>(whole)))).toBe('EINVAL');
  });

  test('the same index twice is EBUSY', () => {
    expect(thrown(() => pciTable().setup(0, { count: 1 }))).toBe('EBUSY');
  });
});

describe('info', () => {
  test.for([15, Number.NaN])('argsz %d is EINVAL', (argsz) => {
    expect(thrown(() => pciTable().info(0, argsz))).toBe('EINVAL');
  });

  test.for([5, -1, 0.5, Number.NaN])('index %d is EINVAL', (index) => {
    expect(thrown(() => pciTable().info(index, 16))).toBe('EINVAL');
  });

  test('an index that is not set up has count 0', () => {
    expect(new IrqTable(5, true).info(4, 16)).toEqual({ argsz: 16, flags: 0, index: 4, count: 0 });
  });

  test('flags are EVENTFD when left out', () => {
    expect(pciTable().info(MSIX, 64)).toEqual({ argsz: 16, flags: 1, index: 2, count: 8 });
  });

  test('the count reaches to the highest index, with holes of count 0', () => {
    const table = new IrqTable(0, false);
    table.setup(2, { count: 3 });
    expect([table.count, table.info(1, 16).count, table.info(2, 16).count]).toEqual([3, 0, 3]);
  });
});

describe('MSI and MSI-X', () => {
  test.for([MSI, MSIX])('index %i: each trigger signals exactly once', (index) => {
    const table = pciTable();
    const all = signals(3);
    enable(table, index, all);
    table.trigger(index, 1);
    table.trigger(index, 1);
    table.trigger(index, 2);
    expect(counts(all)).toEqual([0, 2, 1]);
  });

  test('a part is assigned and the rest is kept', () => {
    const table = pciTable();
    const [one, two] = signals(2);
    enable(table, MSIX, [one ?? null], 0);
    enable(table, MSIX, [two ?? null], 7);
    table.trigger(MSIX, 0);
    table.trigger(MSIX, 7);
    expect([
      one?.signals,
      two?.signals,
      table.isEnabled(MSIX, 0),
      table.isEnabled(MSIX, 1),
    ]).toEqual([1, 1, true, false]);
  });

  test('a replaced signal is closed once and signalled no more', () => {
    const table = pciTable();
    const [old, next] = signals(2);
    enable(table, MSI, [old ?? null]);
    enable(table, MSI, [next ?? null]);
    table.trigger(MSI, 0);
    expect([old?.signals, old?.closes, next?.signals, next?.closes]).toEqual([0, 1, 1, 0]);
    table.clear();
    table.clear();
    expect([old?.closes, next?.closes]).toEqual([1, 1]);
  });

  test('the same signal again is not closed', () => {
    const table = pciTable();
    const signal = new Signal();
    enable(table, MSI, [signal]);
    enable(table, MSI, [signal]);
    table.trigger(MSI, 0);
    expect([signal.signals, signal.closes]).toEqual([1, 0]);
  });

  test('null de-assigns: a trigger is no error and signals nobody', () => {
    const table = pciTable();
    const signal = new Signal();
    enable(table, MSI, [signal]);
    enable(table, MSI, [null]);
    table.trigger(MSI, 0);
    expect([signal.signals, signal.closes, table.isEnabled(MSI, 0)]).toEqual([0, 1, false]);
  });

  test('one of INTx, MSI and MSI-X is enabled at a time, the others are EINVAL', () => {
    const table = pciTable();
    const kept = new Signal();
    for (const on of [INTX, MSI, MSIX]) {
      enable(table, on, [new Signal()]);
      for (const other of [INTX, MSI, MSIX].filter((index) => index !== on)) {
        expect(thrown(() => enable(table, other, [kept]))).toBe('EINVAL');
      }
      bare(table, TRIGGER, on, 0, 0);
    }
    expect([kept.closes, thrown(() => enable(table, MSI, [kept]))]).toEqual([0, undefined]);
  });

  test('signals that are all null still enable', () => {
    const table = pciTable();
    enable(table, MSIX, [null, null]);
    expect(thrown(() => enable(table, MSI, [null]))).toBe('EINVAL');
    expect(thrown(() => bare(table, TRIGGER, MSIX, 0, 1))).toBeUndefined();
  });

  test('other devices than PCI exclude nothing', () => {
    const table = new IrqTable(0, false);
    const all = signals(2);
    all.forEach((signal, index) => {
      table.setup(index, { count: 1 });
      enable(table, index, [signal]);
      table.trigger(index, 0);
    });
    expect(counts(all)).toEqual([1, 1]);
  });

  test('disabling closes all signals and may be repeated', () => {
    const table = pciTable();
    const all = signals(4);
    enable(table, MSI, all);
    bare(table, TRIGGER, MSI, 0, 0);
    bare(table, TRIGGER, MSI, 0, 0);
    table.trigger(MSI, 0);
    expect(all.map((signal) => [signal.signals, signal.closes])).toEqual(
      Array.from(all, () => [0, 1]),
    );
  });

  test('a loop-back signals those that are chosen', () => {
    const table = pciTable();
    const all = signals(4);
    enable(table, MSI, all);
    bare(table, TRIGGER, MSI, 1, 2);
    bools(table, TRIGGER, MSI, [1, 0, 0xff, 0]);
    expect(counts(all)).toEqual([1, 1, 2, 0]);
  });

  test.for([INTX, MSI, MSIX, ERR, REQ])(
    'a loop-back of index %i that is not enabled is EINVAL',
    (index) => {
      expect(thrown(() => bare(pciTable(), TRIGGER, index, 0, 1))).toBe('EINVAL');
      expect(thrown(() => bools(pciTable(), TRIGGER, index, [1]))).toBe('EINVAL');
    },
  );

  test.for([MASK, UNMASK])('action %i on what is not maskable is ENOTTY', (action) => {
    expect(thrown(() => bare(pciTable(), action, MSI, 0, 1))).toBe('ENOTTY');
    expect(thrown(() => bools(pciTable(), action, MSIX, [1]))).toBe('ENOTTY');
  });
});

describe('ERR and REQ', () => {
  test.for([ERR, REQ])('index %i is bound beside MSI, fired, and cleared', (index) => {
    const table = pciTable();
    const signal = new Signal();
    enable(table, MSI, [new Signal()]);
    enable(table, index, [signal]);
    table.trigger(index, 0);
    bare(table, TRIGGER, index, 0, 1);
    bools(table, TRIGGER, index, [0]);
    expect(signal.signals).toBe(2);
    bare(table, TRIGGER, index, 0, 0);
    expect([signal.closes, table.isEnabled(index, 0)]).toEqual([1, false]);
  });

  test('an event with many subindexes fires those that have a listener', () => {
    const table = new IrqTable(0, false);
    table.setup(0, { count: 3 });
    const signal = new Signal();
    enable(table, 0, [signal], 1);
    bare(table, TRIGGER, 0, 0, 3);
    expect(signal.signals).toBe(1);
    expect(thrown(() => bare(table, TRIGGER, 0, 2, 1))).toBe('EINVAL');
  });
});

describe('an index that takes signals only', () => {
  const requests: readonly (readonly [string, (table: IrqTable) => void])[] = [
    ['firing', (table) => bare(table, TRIGGER, 0, 0, 1)],
    ['firing with bools', (table) => bools(table, TRIGGER, 0, [1])],
    ['disabling', (table) => bare(table, TRIGGER, 0, 0, 0)],
    ['masking', (table) => bare(table, MASK, 0, 0, 1)],
    ['unmasking', (table) => bools(table, UNMASK, 0, [1])],
  ];
  test.each(requests)('refuses %s with EINVAL, and nothing changes', (_, request) => {
    const table = new IrqTable(0, false);
    table.setup(0, { count: 1, signalsOnly: true });
    const signal = new Signal();
    enable(table, 0, [signal]);
    expect(thrown(() => request(table))).toBe('EINVAL');
    expect([signal.signals, signal.closes, table.isEnabled(0, 0)]).toEqual([0, 0, true]);
  });

  test('takes a signal, another one, and none', () => {
    const table = new IrqTable(0, false);
    table.setup(0, { count: 1, signalsOnly: true });
    const both = [new Signal(), new Signal()] as const;
    enable(table, 0, [both[0]]);
    enable(table, 0, [both[1]]);
    table.trigger(0, 0);
    enable(table, 0, [null]);
    expect(both.map(({ signals: count, closes }) => [count, closes])).toEqual([
      [0, 1],
      [1, 1],
    ]);
    expect(table.isEnabled(0, 0)).toBe(false);
  });
});

describe('the driver', () => {
  test('hears the lines that were meant', () => {
    const table = new IrqTable(0, false);
    table.setup(0, { count: 4, flags: 3 });
    const told: unknown[] = [];
    const hook = (...args: unknown[]): void => void told.push(args);
    bare(table, MASK, 0, 1, 3, hook);
    bools(table, UNMASK, 0, [0, 1, 0, 1], hook);
    bools(table, UNMASK, 0, [0, 0, 0, 0], hook);
    expect(told).toEqual([
      [0, 1, 3, true],
      [0, 1, 1, false],
      [0, 3, 1, false],
    ]);
  });

  test('that throws in irqMask is logged, and the request has been done', () => {
    const { core, lines } = testCore();
    const file: DeviceFile = opened(core, {
      init: ({ vdev }) => setupIrq(vdev, 0, { count: 1, flags: 7 }),
      irqMask() {
        throw new Error('boom');
      },
    }).file;
    const resample = new Signal();
    const request = { flags: EVENTFD | UNMASK, index: 0, start: 0, count: 1, signals: [resample] };
    file.setIrqs(request);
    file.setIrqs({ flags: 1 | MASK, index: 0, start: 0, count: 1 });
    resample.fire();
    expect(lines.map(({ text }) => text)).toEqual([
      'vfio0: irqMask failed',
      'vfio0: irqMask failed',
    ]);
  });
});
