import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DmaTable, type DmaRange } from '../../src/dma-table.ts';

const range = fc.record({
  iova: fc.integer({ min: 0, max: 40 }),
  size: fc.integer({ min: 1, max: 8 }),
});

function touch(a: DmaRange, b: DmaRange): boolean {
  return a.iova < b.iova + b.size && b.iova < a.iova + a.size;
}

describe('a table of mappings', () => {
  test('finds what a plain list finds', () => {
    const steps = fc.array(fc.tuple(fc.boolean(), range), { maxLength: 60 });
    fc.assert(
      fc.property(steps, range, (all, asked) => {
        const table = new DmaTable<DmaRange>();
        let list: DmaRange[] = [];
        for (const [adds, one] of all) {
          const hit = list.find(({ iova, size }) => iova === one.iova && size === one.size);
          if (adds && !list.some((other) => touch(other, one))) {
            table.add(one);
            list.push(one);
          } else if (!adds && hit !== undefined) {
            table.remove(hit);
            list = list.filter((other) => other !== hit);
          }
        }
        const found = list.filter((other) => touch(other, asked));
        expect(table.count).toBe(list.length);
        expect(table.overlapping(asked.iova, asked.size)).toEqual(
          found.toSorted((a, b) => a.iova - b.iova),
        );
        const exact = list.find(({ iova, size }) => iova === asked.iova && size === asked.size);
        expect(table.exact(asked.iova, asked.size)).toBe(exact);
      }),
    );
  });

  test('removes only the range it is given', () => {
    const table = new DmaTable<DmaRange>();
    const mapped = { iova: 0, size: 8 };
    table.add(mapped);
    table.remove({ iova: 0, size: 8 });
    expect(table.count).toBe(1);
    table.remove(mapped);
    expect(table.count).toBe(0);
  });

  test('is empty once it is cleared', () => {
    const table = new DmaTable<DmaRange>();
    table.add({ iova: 0, size: 8 });
    table.clear();
    expect(table.overlapping(0, Infinity)).toEqual([]);
  });
});
