import { beforeEach, describe, expect, it } from 'vitest';
import type { SharedTable } from '../../../src/gpu/gpu.ts';
import { Ggtt } from '../../../src/gpu/memory/ggtt.ts';
import { MIB, PAGE, Ram } from '../execution/guest.ts';

const BASE = 128 * MIB;
const WINDOWS = [
  { base: BASE, size: 64 * MIB },
  { base: 640 * MIB, size: 384 * MIB },
];

let ram: Ram;
let ggtt: Ggtt;
let faults: number;

beforeEach(() => {
  ram = new Ram(MIB);
  faults = 0;
  ggtt = new Ggtt(ram, { fault: () => void faults++ }, WINDOWS);
});

const entryOf = (address: number): number => (address / PAGE) * 8;

function entry(...words: readonly number[]): Uint8Array {
  return new Uint8Array(new Uint32Array(words).buffer);
}

function read(offset: number, length: number): readonly number[] {
  const bytes = new Uint8Array(length);
  ggtt.readEntries(offset, bytes);
  return [...new Uint32Array(bytes.buffer)];
}

/** Where the first page of the aperture is in memory. */
function target(): number {
  ggtt.renew();
  ggtt.write32(BASE, 0x77);
  return ram.words.indexOf(0x77) * 4;
}

describe('an entry', () => {
  it('maps a page', () => {
    ggtt.writeEntries(entryOf(BASE), entry(0x5000 | 1, 0));
    ggtt.write32(BASE + 12, 0xdead_beef);
    expect(ram.words[0x500c / 4]).toBe(0xdead_beef);
  });

  it('reads as it was written', () => {
    ggtt.writeEntries(entryOf(BASE), entry(0x5fff, 0x8000_007f));
    expect(read(entryOf(BASE), 8)).toEqual([0x5fff, 0x8000_007f]);
    expect(read(entryOf(BASE) + 4, 4)).toEqual([0x8000_007f]);
  });

  it('that is not present maps nothing', () => {
    ggtt.writeEntries(entryOf(BASE), entry(0x5000, 0));
    expect([ggtt.read32(BASE), faults]).toEqual([0, 1]);
  });

  it.each([0, BASE - PAGE, BASE + 64 * MIB, 640 * MIB - PAGE, 1024 * MIB])(
    "of address %i is not the vGPU's and dropped",
    (address) => {
      ggtt.writeEntries(entryOf(address), entry(0x5001, 0));
      expect(read(entryOf(address), 8)).toEqual([0, 0]);
      expect(ggtt.write32(address, 1)).toBe(false);
    },
  );

  it("of an address behind the guest's memory is a fault", () => {
    ggtt.writeEntries(entryOf(BASE), entry(0xffff_f001, 0x7f));
    expect([ggtt.read32(BASE), ggtt.write32(BASE, 1), faults]).toEqual([0, false, 2]);
  });
});

describe('two halves', () => {
  beforeEach(() => {
    ggtt.writeEntries(entryOf(BASE), entry(0x5001, 0));
  });

  it('take effect once both have come', () => {
    ggtt.writeEntries(entryOf(BASE), entry(0x6001));
    expect(target()).toBe(0x5000);
    ggtt.writeEntries(entryOf(BASE) + 4, entry(0));
    ram.words.fill(0);
    expect(target()).toBe(0x6000);
  });

  it('come in either order', () => {
    ggtt.writeEntries(entryOf(BASE) + 4, entry(0));
    ggtt.writeEntries(entryOf(BASE), entry(0x6001));
    expect(target()).toBe(0x6000);
  });

  it('are read before both have come', () => {
    ggtt.writeEntries(entryOf(BASE), entry(0x6001));
    expect(read(entryOf(BASE), 8)).toEqual([0x6001, 0]);
  });

  it('are overtaken by a whole entry', () => {
    ggtt.writeEntries(entryOf(BASE), entry(0x6001));
    ggtt.writeEntries(entryOf(BASE), entry(0x7001, 0));
    expect(target()).toBe(0x7000);
  });
});

it('a table that is cleared maps nothing', () => {
  ggtt.writeEntries(entryOf(BASE), entry(0x5001, 0));
  ggtt.write32(BASE, 1);
  ggtt.clear();
  expect(ggtt.write32(BASE, 2)).toBe(false);
  expect(read(entryOf(BASE), 8)).toEqual([0, 0]);
});

describe('a table of which the guest has a part', () => {
  const HIGH = 640 * MIB;
  const range = { base: HIGH, size: 384 * MIB };
  let table: { bytes: Uint8Array } & SharedTable;

  beforeEach(() => {
    table = { bytes: new Uint8Array(8 * MIB), range };
    ggtt = new Ggtt(ram, { fault: () => void faults++ }, WINDOWS, table);
  });

  it('has what the guest stores in it, from the next turn on', () => {
    table.bytes.set(entry(0x5001, 0), entryOf(HIGH));
    expect(ggtt.write32(HIGH, 7)).toBe(true);
    table.bytes.set(entry(0x6001, 0), entryOf(HIGH));
    ggtt.renew();
    ggtt.write32(HIGH, 8);
    expect([ram.words[0x5000 / 4], ram.words[0x6000 / 4]]).toEqual([7, 8]);
  });

  it('takes each half at once there, and both together elsewhere', () => {
    for (const address of [BASE, HIGH]) {
      ggtt.writeEntries(entryOf(address), entry(0x5001, 0));
      ggtt.writeEntries(entryOf(address), entry(0x6001));
    }
    ggtt.write32(BASE, 1);
    ggtt.write32(HIGH, 2);
    expect([ram.words[0x5000 / 4], ram.words[0x6000 / 4]]).toEqual([1, 2]);
  });

  it('has nothing for addresses of others, whatever is stored there', () => {
    for (const address of [0, BASE - PAGE, BASE + 64 * MIB, HIGH - PAGE, 1024 * MIB]) {
      table.bytes.set(entry(0x5001, 0), entryOf(address));
      expect(ggtt.write32(address, 1)).toBe(false);
      expect(read(entryOf(address), 8)).toEqual([0, 0]);
    }
    expect(ram.words.every((word) => word === 0)).toBe(true);
  });

  it('may move between turns', () => {
    ggtt.writeEntries(entryOf(HIGH), entry(0x5001, 0));
    table.bytes = table.bytes.slice();
    table.bytes.set(entry(0x6001, 0), entryOf(HIGH));
    ggtt.renew();
    ggtt.write32(HIGH, 3);
    expect([ram.words[0x5000 / 4], ram.words[0x6000 / 4]]).toEqual([0, 3]);
  });

  it('maps nothing once its memory is gone', () => {
    ggtt.writeEntries(entryOf(HIGH), entry(0x5001, 0));
    table.bytes = new Uint8Array(0);
    ggtt.renew();
    expect([ggtt.write32(HIGH, 3), faults]).toEqual([false, 1]);
  });

  it('is cleared with the rest', () => {
    table.bytes.set(entry(0x5001, 0), entryOf(HIGH));
    ggtt.writeEntries(entryOf(BASE), entry(0x5001, 0));
    ggtt.clear();
    expect(table.bytes.every((byte) => byte === 0)).toBe(true);
  });
});
