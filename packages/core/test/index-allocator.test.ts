import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { VfioCore, HeapMemory } from '../src/index.ts';
import { IndexAllocator } from '../src/index-allocator.ts';
import { thrown } from './device/fixture.ts';
import { TestClock } from './support.ts';

function take(allocator: IndexAllocator, count: number): number[] {
  return Array.from({ length: count }, () => allocator.alloc());
}

/** The index, or the code of the error. */
function allocated(allocator: IndexAllocator): unknown {
  let index: unknown;
  return thrown(() => (index = allocator.alloc())) ?? index;
}

describe('IndexAllocator', () => {
  test('gives the lowest index first', () => {
    expect(take(new IndexAllocator(100), 5)).toEqual([0, 1, 2, 3, 4]);
  });

  test('gives a freed index again before a higher one', () => {
    const allocator = new IndexAllocator(100);
    take(allocator, 70);
    allocator.free(65);
    allocator.free(3);
    expect(take(allocator, 3)).toEqual([3, 65, 70]);
  });

  test.for([0, 1, 31, 32, 33, 64, 1023, 1024, 1025, 32 * 32 * 32 + 1])(
    'gives %i indexes and then ENOSPC',
    (limit) => {
      const allocator = new IndexAllocator(limit);
      expect(take(allocator, limit)).toEqual(Array.from({ length: limit }, (_, i) => i));
      expect(thrown(() => allocator.alloc())).toBe('ENOSPC');
    },
  );

  test('a refused alloc takes nothing', () => {
    const allocator = new IndexAllocator(32);
    take(allocator, 32);
    thrown(() => allocator.alloc());
    allocator.free(31);
    expect(allocator.alloc()).toBe(31);
  });

  test('2^20 indexes are all different, and the last is the highest', () => {
    const allocator = new IndexAllocator(2 ** 20);
    let last = -1;
    while (last < 2 ** 20 - 1) {
      const index = allocator.alloc();
      if (index !== last + 1) break;
      last = index;
    }
    expect(last).toBe(2 ** 20 - 1);
    expect(thrown(() => allocator.alloc())).toBe('ENOSPC');
    allocator.free(524_288);
    expect(allocator.alloc()).toBe(524_288);
  });

  test('gives and takes as a sorted set does', () => {
    const step = fc.oneof(fc.constant('alloc' as const), fc.nat());
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1100 }),
        fc.array(step, { maxLength: 400 }),
        (limit, steps) => {
          const allocator = new IndexAllocator(limit);
          const alive = new Set<number>();
          const said: unknown[] = [];
          const expected: unknown[] = [];
          for (const each of steps) {
            if (each === 'alloc') {
              let lowest = 0;
              while (alive.has(lowest)) lowest++;
              said.push(allocated(allocator));
              expected.push(lowest === limit ? 'ENOSPC' : lowest);
              if (lowest < limit) alive.add(lowest);
            } else {
              const index = [...alive][each % Math.max(alive.size, 1)];
              if (index === undefined) continue;
              alive.delete(index);
              allocator.free(index);
            }
          }
          expect(said).toEqual(expected);
        },
      ),
    );
  });
});

describe('maxDevices', () => {
  const host = { clock: new TestClock(), logger: { log() {} }, memory: new HeapMemory() };

  test.for([-1, 0.5, Number.NaN, 2 ** 20 + 1, Infinity])('%d is EINVAL', (maxDevices) => {
    expect(thrown(() => new VfioCore(host, { maxDevices }))).toBe('EINVAL');
  });

  test.for([0, 1, 2 ** 20])('%d is accepted', (maxDevices) => {
    expect(new VfioCore(host, { maxDevices }).leaks()).toEqual([]);
  });
});
