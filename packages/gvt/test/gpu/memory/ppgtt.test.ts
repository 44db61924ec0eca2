import { beforeEach, describe, expect, it } from 'vitest';
import { Ppgtt } from '../../../src/gpu/memory/ppgtt.ts';
import { Guest, MIB, PAGE, Process } from '../execution/guest.ts';

const KIB = 1024;
const GIB = 1024 * MIB;
const RW = 3;

let guest: Guest;
let process: Process;
let ppgtt: Ppgtt;
let faults: (readonly [number, boolean])[];

beforeEach(() => {
  guest = new Guest();
  process = new Process(guest);
  faults = [];
  ppgtt = new Ppgtt(guest.ram, { fault: (...fault) => void faults.push(fault) });
  ppgtt.use4Levels(process.root);
});

describe('a page', () => {
  it.each([0, PAGE, 2 * MIB - PAGE, 3 * GIB, 2 ** 47 + 5 * PAGE, 2 ** 48 - PAGE])(
    'of 4 KiB at %i is found',
    (address) => {
      const physical = process.pages(address);
      ppgtt.write32(address + 8, 0x1234_5678);
      expect(guest.word(physical + 8)).toBe(0x1234_5678);
      expect(ppgtt.read32(address + 8)).toBe(0x1234_5678);
    },
  );

  it('of 64 KiB is found by the first entry of sixteen', () => {
    process.map(16 * 64 * KIB, 2 * MIB);
    const directory = process.directory(16 * 64 * KIB, 2);
    guest.setWord(directory, guest.word(directory) | (1 << 11));
    ppgtt.write32(16 * 64 * KIB + 60 * KIB, 7);
    expect(guest.word(2 * MIB + 60 * KIB)).toBe(7);
  });

  it('of 2 MiB is found', () => {
    process.mapLarge(8 * MIB, 2, 4 * MIB, RW | (1 << 7));
    ppgtt.write32(9 * MIB + 4, 7);
    expect(guest.word(5 * MIB + 4)).toBe(7);
  });

  it('of 1 GiB is found', () => {
    process.mapLarge(5 * GIB, 1, 0, RW | (1 << 7));
    ppgtt.write32(5 * GIB + 3 * MIB, 7);
    expect(guest.word(3 * MIB)).toBe(7);
  });

  it('is read and not written without the bit for it', () => {
    const physical = guest.pages();
    process.map(0, physical, 1, 1);
    guest.setWord(physical, 5);
    expect([ppgtt.read32(0), ppgtt.write32(0, 6), guest.word(physical)]).toEqual([5, false, 5]);
    expect(ppgtt.piece(0, 4, true)).toBeUndefined();
    expect(faults).toEqual([[0, true]]);
  });
});

describe('an address', () => {
  it.each([
    ['of no entry', 0x5000],
    ['behind 48 bits', 2 ** 48],
    ['below 0', -PAGE],
    ['far below 0', -(2 ** 50)],
  ])('%s is a fault and reads as 0', (_name, address) => {
    process.pages(0);
    expect([ppgtt.read32(address), ppgtt.write32(address, 1)]).toEqual([0, false]);
    expect(ppgtt.read(address, new Uint8Array(4))).toBe(false);
    expect(faults).toHaveLength(3);
  });

  it('of a page that is not memory is a fault', () => {
    process.map(0, 2 ** 38 - PAGE);
    expect([ppgtt.read32(0), ppgtt.write32(0, 1)]).toEqual([0, false]);
    expect(ppgtt.write(0, new Uint8Array(16))).toBe(false);
    expect(faults).toHaveLength(3);
  });

  it('of a table that is not memory is a fault', () => {
    const table = process.directory(0, 1);
    guest.setWord(table, 0xffff_f003);
    guest.setWord(table + 4, 0x7f);
    expect(ppgtt.read32(0)).toBe(0);
    expect(faults).toEqual([[0, false]]);
  });
});

describe('reads and writes', () => {
  it('cross pages that are not side by side', () => {
    const second = guest.pages();
    const first = guest.pages();
    process.map(0, first);
    process.map(PAGE, second);
    ppgtt.write(PAGE - 2, Uint8Array.of(1, 2, 3, 4));
    expect([...guest.ram.bytes.subarray(first + PAGE - 2, first + PAGE)]).toEqual([1, 2]);
    expect([...guest.ram.bytes.subarray(second, second + 2)]).toEqual([3, 4]);
    const back = new Uint8Array(4);
    expect([ppgtt.read(PAGE - 2, back), ...back]).toEqual([true, 1, 2, 3, 4]);
  });

  it('say that a part was not there', () => {
    process.pages(0);
    const back = Uint8Array.of(9, 9);
    expect([ppgtt.read(PAGE - 1, back), ...back]).toEqual([false, 0, 0]);
  });
});

describe('pieces', () => {
  it('are as long as pages are side by side', () => {
    const physical = guest.pages(3);
    process.map(0, physical, 3);
    process.map(3 * PAGE, guest.pages(2) + PAGE);
    expect(ppgtt.piece(8, 10 * PAGE, true)?.length).toBe(3 * PAGE - 8);
    expect(ppgtt.piece(8, 2 * PAGE, true)?.length).toBe(2 * PAGE);
    expect(ppgtt.piece(3 * PAGE, 10 * PAGE, true)?.length).toBe(PAGE);
  });

  it('are the memory itself', () => {
    const physical = process.pages(0);
    ppgtt.piece(16, 4, true)?.fill(7);
    expect(guest.word(physical + 16)).toBe(0x0707_0707);
  });
});

describe('tables', () => {
  it('are read anew after the loop has run', () => {
    const [first, second] = [guest.pages(), guest.pages()];
    process.map(0, first);
    ppgtt.write32(0, 1);
    process.map(0, second);
    ppgtt.write32(0, 2);
    ppgtt.renew();
    ppgtt.write32(0, 3);
    expect([guest.word(first), guest.word(second)]).toEqual([2, 3]);
  });

  it('of another process are others', () => {
    const other = new Process(guest);
    const [first, second] = [process.pages(0), other.pages(0)];
    ppgtt.write32(0, 1);
    ppgtt.use4Levels(other.root);
    ppgtt.write32(0, 2);
    expect([guest.word(first), guest.word(second)]).toEqual([1, 2]);
  });

  it('of three levels are four directories', () => {
    const physical = process.pages(3 * GIB + 4 * PAGE);
    const directories = new Float64Array([0, 0, 0, process.directory(3 * GIB, 2)]);
    ppgtt.use3Levels(directories);
    ppgtt.write32(3 * GIB + 4 * PAGE, 9);
    expect(guest.word(physical)).toBe(9);
    expect(ppgtt.write32(4 * GIB, 9)).toBe(false);
  });
});
