import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  GpuResources,
  GVT_TYPES,
  GVT_V5_1,
  GVT_V5_4,
  GVT_V5_8,
  type GpuCapacity,
  type GpuShare,
  type VgpuResources,
} from '../../src/index.ts';
import { errno, MB, outcome } from './support.ts';

const CAPACITY: GpuCapacity = { aperture: 256 * MB, total: 4096 * MB, fences: 32 };
const LARGE: GpuCapacity = { ...CAPACITY, aperture: 1024 * MB };

function availableOf(resources: GpuResources): number[] {
  return GVT_TYPES.map((type) => resources.available(type));
}

describe('what is available', () => {
  test.each([
    [256, 4096, 32, [2, 1, 0, 0]],
    [512, 4096, 32, [6, 3, 1, 0]],
    [1024, 4096, 32, [7, 5, 2, 1]],
    [1024, 4096, 12, [2, 2, 2, 1]],
    [1024, 2048, 32, [1, 1, 0, 0]],
    [128, 4096, 32, [0, 0, 0, 0]],
    [128, 256, 2, [0, 0, 0, 0]],
  ] as const)('of %d MB of %d MB with %d fences', (aperture, total, fences, available) => {
    const capacity = { aperture: aperture * MB, total: total * MB, fences };
    expect(availableOf(new GpuResources(capacity))).toEqual(available);
  });

  test('falls with each vGPU and comes back with it', () => {
    const resources = new GpuResources(LARGE);
    const first = resources.take(GVT_V5_4, 'window');
    expect(availableOf(resources)).toEqual([5, 4, 2, 1]);
    const second = resources.take(GVT_V5_1, 'window');
    expect(availableOf(resources)).toEqual([0, 0, 0, 0]);
    first.release();
    expect(availableOf(resources)).toEqual([1, 1, 0, 0]);
    second.release();
    expect(availableOf(resources)).toEqual([7, 5, 2, 1]);
  });

  test('a second release gives nothing back', () => {
    const resources = new GpuResources(LARGE);
    const taken = resources.take(GVT_V5_4, 'window');
    resources.take(GVT_V5_4, 'window');
    taken.release();
    const before = availableOf(resources);
    taken.release();
    expect(availableOf(resources)).toEqual(before);
  });
});

describe('what a vGPU gets', () => {
  test('the host has the first part of low and high memory', () => {
    const { share } = new GpuResources(CAPACITY).take(GVT_V5_8, 'full');
    expect(share).toEqual({
      id: 1,
      aperture: { base: 128 * MB, size: 64 * MB },
      hidden: { base: (256 + 384) * MB, size: 384 * MB },
      mappable: { base: 128 * MB, size: 64 * MB },
      unmappable: { base: (256 + 384) * MB, size: 384 * MB },
      fences: 4,
      weight: 2,
    });
  });

  test('a window is the first 2 MB of its low memory', () => {
    const { share } = new GpuResources(CAPACITY).take(GVT_V5_8, 'window');
    expect(share.mappable).toEqual({ base: 128 * MB, size: 2 * MB });
    expect(share.aperture.size).toBe(64 * MB);
  });

  test('ids and memory that came back are used again, the lowest first', () => {
    const resources = new GpuResources(CAPACITY);
    const first = resources.take(GVT_V5_8, 'window');
    const second = resources.take(GVT_V5_8, 'window');
    expect(second.share.id).toBe(2);
    first.release();
    const { share } = resources.take(GVT_V5_8, 'window');
    expect([share.id, share.aperture]).toEqual([1, first.share.aperture]);
  });
});

describe('what is refused', () => {
  const LOW = { ...GVT_V5_8, lowGm: 129 * MB };
  const HIGH = { ...GVT_V5_8, highGm: 3457 * MB };
  const FENCES = { ...GVT_V5_8, fences: 29 };
  test.each([
    ['no low memory', { ...GVT_V5_8, lowGm: 0 }, 'EINVAL'],
    ['no high memory', { ...GVT_V5_8, highGm: 0 }, 'EINVAL'],
    ['no fence', { ...GVT_V5_8, fences: 0 }, 'EINVAL'],
    ['more low memory than is left', LOW, 'ENOSPC'],
    ['more high memory than is left', HIGH, 'ENOSPC'],
    ['more fences than are left', FENCES, 'ENOSPC'],
  ] as const)('%s, and nothing is taken', (_, wish, code) => {
    const resources = new GpuResources(CAPACITY);
    expect(() => resources.take(wish, 'window')).toThrow(errno(code));
    expect(availableOf(resources)).toEqual([2, 1, 0, 0]);
    expect(resources.take(GVT_V5_4, 'window').share.id).toBe(1);
  });

  test.each([
    ['low memory is asked for before high memory', { ...LOW, highGm: 4096 * MB }, 'low'],
    ['high memory is asked for before fences', { ...HIGH, fences: 99 }, 'high'],
    ['fences are asked for last', FENCES, 'fences'],
  ] as const)('%s', (_, wish, what) => {
    expect(() => new GpuResources(CAPACITY).take(wish, 'window')).toThrow(what);
  });

  test('an eighth vGPU is ENOSPC whatever is left', () => {
    const resources = new GpuResources({ aperture: 2048 * MB, total: 8192 * MB, fences: 64 });
    for (let id = 1; id <= 7; id++) {
      expect(resources.take(GVT_V5_8, 'window').share.id).toBe(id);
    }
    expect(resources.available(GVT_V5_8)).toBeGreaterThan(0);
    expect(() => resources.take(GVT_V5_8, 'window')).toThrow(errno('ENOSPC'));
  });

  test('low memory that is free in pieces only is ENOSPC, and nothing is taken', () => {
    const resources = new GpuResources(CAPACITY);
    const small = { ...GVT_V5_8, lowGm: 32 * MB };
    const taken = Array.from({ length: 4 }, () => resources.take(small, 'window'));
    taken[0]?.release();
    taken[2]?.release();
    expect(resources.available(GVT_V5_8)).toBe(1);
    expect(() => resources.take(GVT_V5_8, 'window')).toThrow(errno('ENOSPC'));
    expect(resources.available(GVT_V5_8)).toBe(1);
  });
});

type Step = readonly [what: 'create' | 'destroy', which: number];

const steps = fc.array<Step>(
  fc.tuple(fc.constantFrom('create', 'create', 'destroy'), fc.nat({ max: 7 })),
  { maxLength: 60 },
);
const apertures = fc.constantFrom(256, 512, 1024, 2048);

test('any order of creates and destroys never over-commits and gives everything back', () => {
  fc.assert(
    fc.property(apertures, steps, (aperture, order) => {
      const capacity = { aperture: aperture * MB, total: 8192 * MB, fences: 40 };
      const resources = new GpuResources(capacity);
      const fresh = availableOf(resources);
      const alive: VgpuResources[] = [];
      for (const [what, which] of order) {
        if (what === 'destroy') alive.splice(which % Math.max(1, alive.length), 1)[0]?.release();
        else takeOne(resources, alive, which % GVT_TYPES.length);
        expectDisjoint(
          alive.map(({ share }) => share),
          capacity,
        );
      }
      for (const one of alive) one.release();
      expect(availableOf(resources)).toEqual(fresh);
    }),
  );
});

/** A create succeeds where sums and ids allow it and memory is not in pieces, and changes nothing otherwise. */
function takeOne(resources: GpuResources, alive: VgpuResources[], which: number): void {
  const type = GVT_TYPES[which] ?? GVT_V5_8;
  const before = availableOf(resources);
  const result = outcome(() => alive.push(resources.take(type, 'window')));
  expect(['ok', 'ENOSPC']).toContain(result);
  expect(result === 'ok' && before[which] === 0).toBe(false);
  expect(result === 'ok' || availableOf(resources).join() === before.join()).toBe(true);
}

function expectDisjoint(shares: readonly GpuShare[], { aperture, total }: GpuCapacity): void {
  expect(new Set(shares.map(({ id }) => id)).size).toBe(shares.length);
  expect(shares.length).toBeLessThanOrEqual(7);
  expect(shares.reduce((sum, { fences }) => sum + fences, 4)).toBeLessThanOrEqual(40);
  const [low, high] = [(one: GpuShare) => one.aperture, (one: GpuShare) => one.hidden];
  for (const [of, start, end] of [
    [low, 128 * MB, aperture],
    [high, aperture + 384 * MB, total],
  ] as const) {
    const ranges = shares.map(of).toSorted((a, b) => a.base - b.base);
    let free = start;
    for (const { base, size } of ranges) {
      expect(base).toBeGreaterThanOrEqual(free);
      free = base + size;
    }
    expect(free).toBeLessThanOrEqual(end);
  }
}
