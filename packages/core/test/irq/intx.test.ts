import { describe, expect, test } from 'vitest';
import { IrqTable } from '../../src/irq/table.ts';
import { thrown } from '../device/fixture.ts';
import {
  bare,
  bools,
  enable,
  EVENTFD,
  INTX,
  MASK,
  pciTable,
  Signal,
  TRIGGER,
  UNMASK,
} from './fixture.ts';

function intx(): { table: IrqTable; signal: Signal } {
  const table = pciTable();
  const signal = new Signal();
  enable(table, INTX, [signal]);
  return { table, signal };
}

describe('INTx', () => {
  test('a level is delivered once and masks itself', () => {
    const { table, signal } = intx();
    table.setLevel(true);
    table.setLevel(true);
    expect(signal.signals).toBe(1);
  });

  test('while the level is up each unmask delivers again', () => {
    const { table, signal } = intx();
    table.setLevel(true);
    bare(table, UNMASK, INTX, 0, 1);
    bare(table, UNMASK, INTX, 0, 1);
    expect(signal.signals).toBe(3);
    table.setLevel(false);
    bare(table, UNMASK, INTX, 0, 1);
    expect(signal.signals).toBe(3);
  });

  test('a level that came and went while masked is not delivered', () => {
    const { table, signal } = intx();
    bare(table, MASK, INTX, 0, 1);
    table.setLevel(true);
    table.setLevel(false);
    bare(table, UNMASK, INTX, 0, 1);
    expect(signal.signals).toBe(0);
  });

  test('an edge while masked is delivered by the unmask, once', () => {
    const { table, signal } = intx();
    bare(table, MASK, INTX, 0, 1);
    table.trigger(INTX, 0);
    table.trigger(INTX, 0);
    bare(table, UNMASK, INTX, 0, 1);
    expect(signal.signals).toBe(1);
    bare(table, UNMASK, INTX, 0, 1);
    expect(signal.signals).toBe(1);
  });

  test('a level that is up when the guest enables is delivered', () => {
    const table = pciTable();
    table.setLevel(true);
    const signal = new Signal();
    enable(table, INTX, [signal]);
    expect(signal.signals).toBe(1);
  });

  test('a level stays up through a disable, and an assigned signal does not deliver what is masked', () => {
    const { table, signal } = intx();
    table.setLevel(true);
    const next = new Signal();
    enable(table, INTX, [next]);
    expect([signal.signals, next.signals]).toEqual([1, 0]);
    bare(table, TRIGGER, INTX, 0, 0);
    const last = new Signal();
    enable(table, INTX, [last]);
    expect(last.signals).toBe(1);
  });

  test('BOOL 0 masks nothing', () => {
    const { table, signal } = intx();
    bools(table, MASK, INTX, [0]);
    table.trigger(INTX, 0);
    expect(signal.signals).toBe(1);
    table.trigger(INTX, 0);
    bools(table, UNMASK, INTX, [0]);
    expect(signal.signals).toBe(1);
    bools(table, UNMASK, INTX, [1]);
    expect(signal.signals).toBe(2);
  });

  test('a device without INTx has no level', () => {
    expect(thrown(() => new IrqTable(5, true).setLevel(true))).toBe('EINVAL');
  });

  test.for([
    [0, 1],
    [1, 4],
    [9, 0],
    [0.5, 0],
    [0, 0.5],
  ])('a trigger of irq %d.%d is EINVAL', ([index = 0, subindex = 0]) => {
    expect(thrown(() => pciTable().trigger(index, subindex))).toBe('EINVAL');
  });
});

function resampling(): { table: IrqTable; signal: Signal; resample: Signal; told: number[][] } {
  const table = pciTable();
  const [signal, resample] = [new Signal(), new Signal()];
  const told: number[][] = [];
  enable(table, INTX, [signal]);
  table.set(
    { flags: EVENTFD | UNMASK, index: INTX, start: 0, count: 1, signals: [resample] },
    (index, start, count, masked) => void told.push([index, start, count, Number(masked)]),
  );
  return { table, signal, resample, told };
}

describe('the unmask signal', () => {
  test('ends the masking, delivers what is still up, and the driver hears of it', () => {
    const { table, signal, resample, told } = resampling();
    table.setLevel(true);
    resample.fire();
    expect([signal.signals, told]).toEqual([2, [[INTX, 0, 1, 0]]]);
    table.setLevel(false);
    resample.fire();
    expect(signal.signals).toBe(2);
  });

  test('is closed when replaced, and comes too late after that', () => {
    const { table, signal, resample } = resampling();
    table.setLevel(true);
    table.set({ flags: EVENTFD | UNMASK, index: INTX, start: 0, count: 1, signals: [null] });
    resample.fire();
    expect([signal.signals, resample.closes]).toEqual([1, 1]);
  });

  test('assigned again is neither closed nor watched twice', () => {
    const { table, resample } = resampling();
    let watches = 0;
    resample.watch = () => void watches++;
    table.set({ flags: EVENTFD | UNMASK, index: INTX, start: 0, count: 1, signals: [resample] });
    expect([watches, resample.closes]).toEqual([0, 0]);
  });

  test('is closed with the index', () => {
    const { table, signal, resample } = resampling();
    bare(table, TRIGGER, INTX, 0, 0);
    expect([signal.closes, resample.closes]).toEqual([1, 1]);
  });
});
