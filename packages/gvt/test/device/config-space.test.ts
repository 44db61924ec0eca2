import { describe, expect, test } from 'vitest';
import { gvtConfigSpace, type ConfigHooks } from '../../src/device/config-space.ts';
import { FakeGpu } from './fake-gpu.ts';
import { makeVgpu, MB, read16, read32, write16, write32 } from './support.ts';

const CONFIG = 7;
const COMMAND = 0x04;
const MEMORY = 2;
const MSI = 0x90;
const PM = 0xd0;
const SWSCI = 0xe8;
const ASLS = 0xfc;

describe('at first', () => {
  test.each([
    ['vendor and device', 0x00, 0x5912_8086],
    ['command and status: capability list', 0x04, 0x0010_0000],
    ['revision 4, display controller, other', 0x08, 0x0380_0004],
    ['BAR 0: 64-bit memory', 0x10, 0x0000_0004],
    ['BAR 2: 64-bit memory, prefetchable', 0x18, 0x0000_000c],
    ['BAR 4: none', 0x20, 0],
    ['BAR 5: none', 0x24, 0],
    ['subsystem', 0x2c, 0x2212_8086],
    ['ROM', 0x30, 0],
    ['capability pointer', 0x34, 0x90],
    ['INTA', 0x3c, 0x0000_0100],
    ['8 MiB of table, no stolen memory', 0x50, 0x0000_00c0],
    ['MSI: one vector, 32 bits, then PM', MSI, 0x0000_d005],
    ['SWSCI', SWSCI, 0],
    ['ASLS', ASLS, 0],
    ['no extended capability', 0x100, 0],
  ])('%s', async (_, offset, value) => {
    await using made = makeVgpu();
    const { file } = made.open();
    expect(read32(file, CONFIG, offset).toString(16)).toBe(value.toString(16));
  });

  test('power management is the last capability', async () => {
    await using made = makeVgpu();
    const { file } = made.open();
    expect(read16(file, CONFIG, PM)).toBe(0x0001);
  });

  test.each([
    [1024, 0x40],
    [2048, 0x80],
    [4096, 0xc0],
  ])('a graphics address space of %d MB has its code', (total, code) => {
    const { capacity } = new FakeGpu({ total: total * MB });
    expect(gvtConfigSpace(capacity, noHooks()).read16(0x50)).toBe(code);
  });
});

describe('what a guest can write', () => {
  test.each([
    ['command: low byte and 3 bits of the high byte', 0x04, 0xffff_ffff, 0x0010_07ff],
    ['cache line', 0x0c, 0xffff_ffff, 0x0000_00ff],
    ['interrupt line', 0x3c, 0xffff_ffff, 0x0000_01ff],
    ['nothing of the class', 0x08, 0xffff_ffff, 0x0380_0004],
    ['nothing of the subsystem', 0x2c, 0xffff_ffff, 0x2212_8086],
    ['BAR 0: 16 MiB, low half', 0x10, 0xffff_ffff, 0xff00_0004],
    ['BAR 0: high half', 0x14, 0xffff_ffff, 0xffff_ffff],
    ['BAR 2: 256 MiB, low half', 0x18, 0xffff_ffff, 0xf000_000c],
    ['BAR 2: high half', 0x1c, 0xffff_ffff, 0xffff_ffff],
    ['BAR 4: nothing', 0x20, 0xffff_ffff, 0],
    ['BAR 5: nothing', 0x24, 0xffff_ffff, 0],
    ['ROM: 2 KiB', 0x30, 0xffff_ffff, 0xffff_f801],
    ['an address in BAR 0', 0x10, 0xfdab_cdef, 0xfd00_0004],
    ['bytes behind the header', 0x44, 0x1234_5678, 0x1234_5678],
    ['the graphics control', 0x50, 0x1234_5678, 0x1234_5678],
    ['ASLS', ASLS, 0x7f00_1018, 0x7f00_1018],
    ['bytes of the extended space', 0xffc, 0xcafe_f00d, 0xcafe_f00d],
  ])('%s', async (_, offset, written, value) => {
    await using made = makeVgpu();
    const { file } = made.open();
    write32(file, CONFIG, offset, written);
    expect(read32(file, CONFIG, offset).toString(16)).toBe(value.toString(16));
  });

  test('memory decoding lets the BARs answer where they lie', async () => {
    await using made = makeVgpu();
    const { file } = made.open();
    const { config } = made.vgpu;
    write32(file, CONFIG, 0x10, 0xfd00_0000);
    write32(file, CONFIG, 0x1c, 0x0000_0010);
    expect(config.bars().map(({ enabled }) => enabled)).toEqual([false, false, false]);
    write16(file, CONFIG, COMMAND, MEMORY);
    expect(config.bar(0)).toMatchObject({ address: 0xfd00_0000, enabled: true, size: 16 * MB });
    expect(config.bar(2)).toMatchObject({ address: 0x10_0000_0000, enabled: true });
    write16(file, CONFIG, COMMAND, 0);
    expect(config.bar(0)?.enabled).toBe(false);
  });

  test('a reset takes all of it back', async () => {
    await using made = makeVgpu();
    const { file } = made.open();
    const { config } = made.vgpu;
    const before = config.save();
    for (let offset = 0; offset < 4096; offset += 4) {
      if (offset !== SWSCI) write32(file, CONFIG, offset, 0x5a5a_5a5a);
    }
    expect(config.save()).not.toEqual(before);
    void file.reset();
    expect(config.save()).toEqual(before);
  });
});

/** Hooks that write down what they are told. */
function noHooks(told: string[] = []): ConfigHooks {
  return {
    sleep: () => void told.push('sleep'),
    softwareSci: (asls) => void told.push(`sci ${asls.toString(16)}`),
    softwareSmi: () => void told.push('smi'),
  };
}

describe('SWSCI', () => {
  test.each([
    ['trigger and SCI', 0x8001, ['sci 7f000000']],
    ['trigger without SCI', 0x0001, ['smi']],
    ['SCI without trigger', 0x8000, []],
    ['neither', 0x7ffe, []],
  ])('%s', (_, value, expected) => {
    const told: string[] = [];
    const config = gvtConfigSpace(new FakeGpu().capacity, noHooks(told));
    config.write(ASLS, Uint8Array.of(0, 0, 0, 0x7f));
    config.write(SWSCI, Uint8Array.of(value & 0xff, value >> 8));
    expect(told).toEqual(expected);
  });

  test('each write of the trigger is a request, and it reads as 0', () => {
    const told: string[] = [];
    const config = gvtConfigSpace(new FakeGpu().capacity, noHooks(told));
    for (let round = 0; round < 3; round++) config.write(SWSCI, Uint8Array.of(1, 0x80));
    expect(told).toEqual(['sci 0', 'sci 0', 'sci 0']);
    expect(config.read16(SWSCI)).toBe(0x8000);
  });
});

describe('PMCSR', () => {
  test.each([
    [3, ['sleep']],
    [0, []],
    [1, []],
    [2, []],
  ])('power state %d', (state, expected) => {
    const told: string[] = [];
    const config = gvtConfigSpace(new FakeGpu().capacity, noHooks(told));
    config.write(PM + 4, Uint8Array.of(state));
    expect(told).toEqual(expected);
  });
});
