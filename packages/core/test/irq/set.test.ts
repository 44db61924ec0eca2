import { describe, expect, test } from 'vitest';
import { VfioError, type IrqSetRequest } from '../../src/index.ts';
import { IrqTable } from '../../src/irq/table.ts';
import { prepareIrqSet } from '../../src/irq/set.ts';
import { thrown, wrong } from '../device/fixture.ts';
import {
  BOOL,
  EVENTFD,
  INTX,
  MASK,
  MSI,
  NONE,
  pciTable,
  Signal,
  TRIGGER,
  UNMASK,
} from './fixture.ts';

/** A request that is in order: trigger 2 of the 4 MSI. */
const GOOD: IrqSetRequest = { flags: NONE | TRIGGER, index: MSI, start: 1, count: 2 };

function refusal(request: Record<string, unknown>, numIrqs = 4): string {
  try {
    prepareIrqSet(wrong<IrqSetRequest>({ ...GOOD, ...request }), numIrqs, 5);
    return 'accepted';
  } catch (error) {
    return error instanceof VfioError ? error.message : `not ours: ${String(error)}`;
  }
}

describe('a request that is malformed', () => {
  test.for<[string, Record<string, unknown>, string]>([
    ['argsz 19', { argsz: 19 }, 'EINVAL: setIrqs: argsz 19 is below 20'],
    ['argsz NaN', { argsz: Number.NaN }, 'EINVAL: setIrqs: not a natural number'],
    ['index 5 of 5', { index: 5 }, 'EINVAL: setIrqs: no irq index 5'],
    ['index -1', { index: -1 }, 'EINVAL: setIrqs: not a natural number'],
    ['index 0.5', { index: 0.5 }, 'EINVAL: setIrqs: not a natural number'],
    ['index text', { index: '1' }, 'EINVAL: setIrqs: not a natural number'],
    [
      'start + count past 32 bits',
      { start: 1, count: 0xffff_fffe },
      'EINVAL: setIrqs: start + count overflows',
    ],
    ['count Infinity', { count: Infinity }, 'EINVAL: setIrqs: not a natural number'],
    ['flags undefined', { flags: undefined }, 'EINVAL: setIrqs: not a natural number'],
    ['an unknown flag', { flags: 0x61 }, 'EINVAL: setIrqs: unknown flags 0x61'],
    [
      'a flag past 32 bits',
      { flags: 2 ** 32 + 0x21 },
      'EINVAL: setIrqs: unknown flags 0x100000021',
    ],
    ['start past the end', { start: 4, count: 1 }, 'EINVAL: setIrqs: irq 1: 4+1 is past the end 4'],
    ['end past the end', { start: 3 }, 'EINVAL: setIrqs: irq 1: 3+2 is past the end 4'],
    ['no data type', { flags: TRIGGER }, 'EINVAL: setIrqs: not exactly one data type'],
    ['two data types', { flags: TRIGGER | 3 }, 'EINVAL: setIrqs: not exactly one data type'],
    [
      'no room for bools',
      { flags: BOOL | TRIGGER, argsz: 21 },
      'EINVAL: setIrqs: argsz has no room for the data',
    ],
    [
      'no room for eventfds',
      { flags: EVENTFD | TRIGGER, argsz: 27 },
      'EINVAL: setIrqs: argsz has no room for the data',
    ],
    ['no action', { flags: NONE }, 'ENOTTY: setIrqs: not exactly one action'],
    ['two actions', { flags: NONE | MASK | UNMASK }, 'ENOTTY: setIrqs: not exactly one action'],
    ['bools missing', { flags: BOOL | TRIGGER }, 'EINVAL: setIrqs: needs 2 bools'],
    [
      'one bool',
      { flags: BOOL | TRIGGER, bools: new Uint8Array(1) },
      'EINVAL: setIrqs: needs 2 bools',
    ],
    [
      'an array of bools',
      { flags: BOOL | TRIGGER, bools: [1, 1] },
      'EINVAL: setIrqs: needs 2 bools',
    ],
    ['signals missing', { flags: EVENTFD | TRIGGER }, 'EINVAL: setIrqs: needs 2 signals'],
    [
      'one signal',
      { flags: EVENTFD | TRIGGER, signals: [null] },
      'EINVAL: setIrqs: needs 2 signals',
    ],
    [
      'a signal that is none',
      { flags: EVENTFD | TRIGGER, signals: [null, 7] },
      'EINVAL: setIrqs: needs 2 signals',
    ],
    [
      'undefined for a signal',
      { flags: EVENTFD | TRIGGER, signals: [null, undefined] },
      'EINVAL: setIrqs: needs 2 signals',
    ],
  ])('%s', ([, request, message]) => {
    expect(refusal(request)).toBe(message);
  });

  test.for<[string, Record<string, unknown>, string]>([
    ['argsz before index', { argsz: 19, index: 5 }, 'argsz'],
    ['index before overflow', { index: 5, count: 0xffff_ffff }, 'no irq index'],
    ['overflow before flags', { count: 0xffff_ffff, flags: 0x61 }, 'overflows'],
    ['flags before range', { flags: 0x61, start: 4 }, 'unknown flags'],
    ['range before data type', { start: 4, flags: TRIGGER }, 'past the end'],
    ['data type before action', { flags: MASK | UNMASK }, 'data type'],
    ['room before action', { flags: BOOL, argsz: 20 }, 'no room'],
    ['action before data', { flags: BOOL }, 'action'],
  ])('is looked at in order: %s', ([, request, fact]) => {
    expect(refusal(request)).toContain(fact);
  });

  test('count 0, start 0 of an index without irqs is EINVAL', () => {
    expect(refusal({ start: 0, count: 0 }, 0)).toBe(
      'EINVAL: setIrqs: irq 1: 0+0 is past the end 0',
    );
  });

  test.for<[string, number, number]>([
    ['MASK', NONE | MASK, 0],
    ['BOOL', BOOL | TRIGGER, 0],
    ['EVENTFD', EVENTFD | TRIGGER, 0],
    ['another start', NONE | TRIGGER, 1],
  ])('count 0 with %s is EINVAL', ([, flags, start]) => {
    expect(refusal({ flags, start, count: 0, bools: new Uint8Array(0), signals: [] })).toMatch(
      /^EINVAL/,
    );
  });

  test('every subindex of a table without irqs is EINVAL', () => {
    const table = new IrqTable(5, true);
    for (const index of [0, 1, 2, 3, 4]) {
      expect(thrown(() => table.set({ flags: 0x21, index, start: 0, count: 0 }))).toBe('EINVAL');
    }
  });
});

describe('a refused request', () => {
  test.for<[string, (signal: Signal) => Record<string, unknown>]>([
    ['argsz too small', (signal) => ({ argsz: 20, signals: [signal] })],
    ['a second signal that is none', (signal) => ({ count: 2, signals: [signal, {}] })],
    ['MASK by eventfd', (signal) => ({ flags: EVENTFD | MASK, signals: [signal] })],
    ['an unmask of MSI', (signal) => ({ flags: EVENTFD | UNMASK, signals: [signal] })],
    ['no such index', (signal) => ({ index: 9, signals: [signal] })],
  ])('leaves the signals to the caller: %s', ([, make]) => {
    const signal = new Signal();
    const table = pciTable();
    const request = { flags: EVENTFD | TRIGGER, index: MSI, start: 0, count: 1, ...make(signal) };
    expect(thrown(() => table.set(wrong<IrqSetRequest>(request)))).toMatch(/EINVAL|ENOTTY/);
    table.clear();
    expect([signal.closes, signal.signals]).toEqual([0, 0]);
  });

  test('by a host that cannot wait is ENOTTY and takes nothing', () => {
    const waits = new Signal();
    const table = pciTable();
    const deaf = { signal() {}, close() {} };
    const request = { flags: EVENTFD | UNMASK, index: INTX, start: 0, count: 1 };
    expect(thrown(() => table.set({ ...request, signals: [deaf] }))).toBe('ENOTTY');
    table.set({ ...request, signals: [waits] });
    table.clear();
    expect(waits.closes).toBe(1);
  });
});
