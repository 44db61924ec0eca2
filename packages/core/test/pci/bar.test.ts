import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PciConfigSpace, type PciBar, type PciBars, type PciRom } from '../../src/pci/index.ts';
import { errno, ids, le, space } from './fixtures.ts';

const memory = { kind: 'memory', size: 0x1000 } as const;
const memory64 = { kind: 'memory', size: 0x1000, width: 64 } as const;

/** Any layout of BARs that the rules allow. */
const layouts = fc
  .array(
    fc.oneof(
      fc.constant(undefined),
      fc.record({ kind: fc.constant('io' as const), order: fc.integer({ min: 2, max: 16 }) }),
      fc.record({
        kind: fc.constant('memory' as const),
        width: fc.constantFrom(32 as const, 64 as const),
        prefetchable: fc.boolean(),
        order: fc.integer({ min: 4, max: 51 }),
      }),
    ),
    { minLength: 6, maxLength: 6 },
  )
  .map((specs) => {
    const bars: Record<number, PciBar> = {};
    specs.forEach((spec, i) => {
      if (spec === undefined || (i % 2 === 1 && isWide(bars[i - 1]))) return;
      if (spec.kind === 'io') bars[i] = { kind: 'io', size: 2 ** spec.order };
      else {
        const width = i % 2 === 1 ? 32 : spec.width;
        const size = 2 ** Math.min(spec.order, width === 32 ? 31 : 51);
        bars[i] = { kind: 'memory', width, size, prefetchable: spec.prefetchable };
      }
    });
    return bars;
  });

function isWide(bar: PciBar | undefined): boolean {
  return bar?.kind === 'memory' && bar.width === 64;
}

function typeBits(bar: PciBar): number {
  if (bar.kind === 'io') return 1;
  return (bar.width === 64 ? 4 : 0) | (bar.prefetchable === true ? 8 : 0);
}

describe('sizing', () => {
  test.each([
    ['all at once', (config: PciConfigSpace) => config.write(0x10, le(4, 0xffff_ffff))],
    [
      'byte by byte',
      (config: PciConfigSpace) => {
        for (let i = 0; i < 4; i++) config.write(0x10 + i, le(1, 0xff));
      },
    ],
    [
      'word by word',
      (config: PciConfigSpace) => {
        config.write(0x12, le(2, 0xffff));
        config.write(0x10, le(2, 0xffff));
      },
    ],
    [
      'with its neighbours',
      (config: PciConfigSpace) => config.write(0x0c, new Uint8Array(12).fill(0xff)),
    ],
  ])('all ones written %s give mask and type bits', (_, write) => {
    const config = space({ bars: { 0: { kind: 'memory', size: 0x400000, prefetchable: true } } });
    write(config);
    expect(config.read32(0x10)).toBe(0xffc0_0008);
  });

  test('an i/o bar gives its mask with bit 0 set', () => {
    const config = space({ bars: { 2: { kind: 'io', size: 32 } } });
    config.write(0x18, le(4, 0xffff_ffff));
    expect(config.read32(0x18)).toBe(0xffff_ffe1);
  });

  test('a slot without a bar reads 0', () => {
    const config = space({ bars: { 0: memory } });
    config.write(0x14, new Uint8Array(20).fill(0xff));
    expect(config.read32(0x14)).toBe(0);
    expect(config.read32(0x24)).toBe(0);
  });

  test.each([
    [2 ** 32, 0xffff_ffff_0000_000cn],
    [2 ** 33, 0xffff_fffe_0000_000cn],
    [2 ** 34, 0xffff_fffc_0000_000cn],
    [2 ** 31, 0xffff_ffff_8000_000cn],
  ])('a 64-bit bar of %i bytes is sized over both halves', (size, mask) => {
    const options = { kind: 'memory', size, width: 64, prefetchable: true } as const;
    const halves = space({ bars: { 4: options } });
    halves.write(0x20, le(4, 0xffff_ffff));
    halves.write(0x24, le(4, 0xffff_ffff));
    const whole = space({ bars: { 4: options } });
    whole.write(0x20, new Uint8Array(8).fill(0xff));
    expect(halves.save()).toEqual(whole.save());
    expect(le(4, halves.read32(0x20))).toEqual(le(4, mask));
    expect(le(4, halves.read32(0x24))).toEqual(le(4, mask >> 32n));
  });

  test('the rom gives its mask for 0xfffff800 and keeps its enable bit apart', () => {
    const config = space({ rom: { size: 0x10000 } });
    config.write(0x30, le(4, 0xffff_f800));
    expect(config.read32(0x30)).toBe(0xffff_0000);
    config.write(0x30, le(4, 0xffff_ffff));
    expect(config.read32(0x30)).toBe(0xffff_0001);
  });

  test('any layout: all ones give mask and type, the old value comes back, others stay', () => {
    fc.assert(
      fc.property(layouts, fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (bars, value) => {
        const config = new PciConfigSpace({ ...ids, bars });
        for (const [key, bar] of Object.entries(bars)) {
          const offset = 0x10 + 4 * Number(key);
          const width = isWide(bar) ? 8 : 4;
          const limit = 2n ** BigInt(8 * width);
          const mask = limit - BigInt(bar.size);
          const old = config.save();
          config.write(offset, new Uint8Array(width).fill(0xff));
          const sized = config.save();
          expect(sized.slice(offset, offset + width)).toEqual(
            le(width, mask | BigInt(typeBits(bar))),
          );
          config.write(offset, le(width, value));
          expect(config.save().slice(offset, offset + width)).toEqual(
            le(width, (value & mask) | BigInt(typeBits(bar))),
          );
          config.write(offset, old.slice(offset, offset + width));
          expect(config.save()).toEqual(old);
        }
      }),
    );
  });
});

describe('state', () => {
  test('address, size and kind are as programmed', () => {
    const config = space({ bars: { 0: memory64, 3: { kind: 'io', size: 16 } } });
    config.write(0x10, le(8, 0x12_3456_7000n));
    expect(config.bar(0)).toEqual({
      index: 0,
      kind: 'memory',
      width: 64,
      prefetchable: false,
      size: 0x1000,
      address: 0x12_3456_7000,
      enabled: false,
    });
    expect(config.bars().map((bar) => bar.index)).toEqual([0, 3]);
    expect(config.bar(1)).toBeUndefined();
  });

  test('an address at or above 2^52 is no address', () => {
    const config = space({ bars: { 0: memory64 } });
    config.write(0x10, le(8, 2n ** 52n - 0x1000n));
    expect(config.bar(0)?.address).toBe(2 ** 52 - 0x1000);
    config.write(0x10, le(8, 2n ** 52n));
    expect(config.bar(0)?.address).toBeUndefined();
    config.write(0x10, new Uint8Array(8).fill(0xff));
    expect(config.bar(0)?.address).toBeUndefined();
  });

  test('memory, i/o and rom decode as command and rom enable say', () => {
    const config = space({
      bars: { 0: memory, 1: { kind: 'io', size: 16 } },
      rom: { size: 0x800 },
    });
    const enabled = (): boolean[] => config.bars().map((bar) => bar.enabled);
    expect(enabled()).toEqual([false, false, false]);
    config.write(0x04, le(2, 1));
    expect(enabled()).toEqual([false, true, false]);
    config.write(0x04, le(2, 2));
    expect(enabled()).toEqual([true, false, false]);
    config.write(0x30, le(4, 1));
    expect(enabled()).toEqual([true, false, true]);
  });
});

describe('refused with EINVAL', () => {
  const size = 0x1000;
  test.each<[string, PciBars]>([
    ['64-bit at an odd slot', { 1: memory64 }],
    ['64-bit at the last slot', { 5: memory64 }],
    ['a bar in the upper half of another', { 2: memory64, 3: memory }],
    ['size 0', { 0: { kind: 'memory', size: 0 } }],
    ['size not a power of two', { 0: { kind: 'memory', size: 0x1800 } }],
    ['size one above a power of two', { 0: { kind: 'memory', width: 64, size: 2 ** 50 + 1 } }],
    ['size not a number', { 0: { kind: 'memory', size: NaN } }],
    ['size negative', { 0: { kind: 'memory', size: -16 } }],
    ['size a fraction', { 0: { kind: 'memory', size: 0.5 } }],
    ['memory of 8 bytes', { 0: { kind: 'memory', size: 8 } }],
    ['32-bit memory of 4 GiB', { 0: { kind: 'memory', size: 2 ** 32 } }],
    ['64-bit memory of 2^52', { 0: { kind: 'memory', width: 64, size: 2 ** 52 } }],
    ['i/o of 2 bytes', { 0: { kind: 'io', size: 2 } }],
    ['i/o of 128 KiB', { 0: { kind: 'io', size: 2 ** 17 } }],
    ['address below its alignment', { 0: { kind: 'memory', size, address: 0x800 } }],
    ['32-bit address above 4 GiB', { 0: { kind: 'memory', size, address: 2 ** 32 } }],
    ['64-bit address of 2^52', { 0: { ...memory64, address: 2 ** 52 } }],
    ['address negative', { 0: { kind: 'memory', size, address: -size } }],
    // @ts-expect-error a caller without types
    ['a seventh bar', { 6: memory }],
    // @ts-expect-error a caller without types
    ['an unknown kind', { 0: { kind: 'config', size } }],
    // @ts-expect-error a caller without types
    ['a width of 48', { 0: { kind: 'memory', width: 48, size } }],
  ])('%s', (_, bars) => {
    expect(() => space({ bars })).toThrow(errno('EINVAL'));
  });

  test.each<[string, PciRom]>([
    ['rom of 1 KiB', { size: 0x400 }],
    ['rom of 32 MiB', { size: 2 ** 25 }],
    ['rom at an address below its alignment', { size: 0x1000, address: 0x800 }],
  ])('%s', (_, rom) => {
    expect(() => space({ rom })).toThrow(errno('EINVAL'));
  });
});
