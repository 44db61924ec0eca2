import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DirtyPages } from '../../src/dma/dirty-pages.ts';
import { IovaBitmap } from '../../src/dma/iova-bitmap.ts';
import { bits, codeOf, PAGE } from './fixture.ts';

describe('IovaBitmap', () => {
  test.each([
    ['first byte', 0x10000, 1, [0]],
    ['last byte of a page', 0x10fff, 1, [0]],
    ['across a border', 0x10fff, 2, [0, 1]],
    ['pages 6 to 9', 0x16000, 4 * PAGE, [6, 7, 8, 9]],
    ['all and more', 0, 0x100000, Array.from({ length: 70 }, (_, i) => i)],
    ['before', 0xf000, PAGE, []],
    ['begins before', 0xf000, PAGE + 1, [0]],
    ['behind', 0x10000 + 70 * PAGE, PAGE, []],
    ['ends behind', 0x10000 + 69 * PAGE, 9 * PAGE, [69]],
    ['nothing', 0x12000, 0, []],
  ])('set marks the pages touched: %s', (_, iova, length, expected) => {
    const bitmap = new IovaBitmap(0x10000, 70 * PAGE, PAGE);
    bitmap.set(iova, length);
    expect(bits(bitmap.bytes)).toEqual(expected);
  });

  test('has whole 64-bit words', () => {
    expect(new IovaBitmap(0, 64 * PAGE, PAGE).bytes.length).toBe(8);
    expect(new IovaBitmap(0, 64 * PAGE + 1, PAGE).bytes.length).toBe(16);
  });

  test('counts pages from iova, aligned or not', () => {
    const bitmap = new IovaBitmap(0x1000, 4 * 0x4000, 0x4000);
    bitmap.set(0x5000, 1);
    expect(bits(bitmap.bytes)).toEqual([1]);
    expect([bitmap.has(0x4fff), bitmap.has(0x5000), bitmap.has(0)]).toEqual([false, true, false]);
  });

  test('merging sets bits and clears none', () => {
    const bitmap = new IovaBitmap(0, 8 * PAGE, PAGE);
    bitmap.set(PAGE, 1);
    const into = new Uint8Array(9).fill(0x10);
    bitmap.mergeInto(into);
    expect(into[0]).toBe(0x12);
    expect(into[8]).toBe(0x10);
    expect(codeOf(() => bitmap.mergeInto(new Uint8Array(7)))).toBe('EINVAL');
  });

  test.each([
    [0, PAGE],
    [-PAGE, PAGE],
    [Number.NaN, PAGE],
    [PAGE, 0],
    [PAGE, 3 * PAGE],
    [PAGE, -PAGE],
    [2 ** 52, PAGE],
  ])('length %d with pages of %d is EINVAL', (length, pageSize) => {
    expect(codeOf(() => new IovaBitmap(0, length, pageSize))).toBe('EINVAL');
  });
});

describe('DirtyPages', () => {
  const iovas = fc.record({
    iova: fc.integer({ min: 0, max: 3 * 4096 * PAGE }),
    length: fc.oneof(
      fc.integer({ min: 1, max: 5 * PAGE }),
      fc.integer({ min: 1, max: 5000 * PAGE }),
    ),
  });

  test('agrees with a plain set of pages', () => {
    const steps = fc.array(fc.record({ range: iovas, isRead: fc.boolean() }), { maxLength: 12 });
    fc.assert(
      fc.property(steps, (list) => {
        const pages = new DirtyPages(PAGE);
        const model = new Set<number>();
        for (const { range, isRead } of list) {
          const first = Math.floor(range.iova / PAGE);
          const last = Math.floor((range.iova + range.length - 1) / PAGE);
          const bitmap = new IovaBitmap(first * PAGE, (last + 1 - first) * PAGE, PAGE);
          const expected: number[] = [];
          if (isRead) pages.collect(bitmap.iova, bitmap.length, bitmap);
          else pages.set(range.iova, range.length);
          for (let page = first; page <= last; page++) {
            if (!isRead) model.add(page);
            else if (model.delete(page)) expected.push(page - first);
          }
          expect(bits(bitmap.bytes)).toEqual(expected);
        }
      }),
      { numRuns: 60 },
    );
  });

  test.each([0x4000, 0x5000, 0x7000])('a page that the range at %d cuts stays dirty', (iova) => {
    const pages = new DirtyPages(0x4000);
    pages.set(0x4000, 1);
    for (const expected of [[0], [0]]) {
      const half = new IovaBitmap(iova, 0x1000, 0x1000);
      pages.collect(half.iova, half.length, half);
      expect(bits(half.bytes)).toEqual(expected);
    }
  });

  test('calls everything dirty once writes are spread past the limit, until cleared', () => {
    const pages = new DirtyPages(PAGE, 2);
    for (const i of [1, 2, 3]) pages.set(i * 2 ** 40, 1);
    const read = (): number[] => {
      const bitmap = new IovaBitmap(0, 3 * PAGE, PAGE);
      pages.collect(0, 3 * PAGE, bitmap);
      return bits(bitmap.bytes);
    };
    expect(read()).toEqual([0, 1, 2]);
    pages.clear();
    expect(read()).toEqual([]);
  });

  test('the whole address space can be asked at once, and is clean then', () => {
    const pages = new DirtyPages(PAGE);
    pages.set(2 ** 52 - PAGE, PAGE);
    const seen: number[] = [];
    const sink = { set: (iova: number) => seen.push(iova) };
    pages.collect(0, 2 ** 52, sink);
    pages.collect(0, 2 ** 52, sink);
    expect(seen).toEqual([2 ** 52 - PAGE]);
  });
});
