import { describe, expect, test } from 'vitest';
import { DMA_ENTRY_LIMIT } from '../../src/dma/address-space.ts';
import { codeOf, FakeMemory, fakeFile, Fixture, PAGE, R, RW, W } from './fixture.ts';

const TOP = 2 ** 52;
const BITMAP = 1;
const ALL = 2;
const VADDR = 4;

describe('map', () => {
  test.each([
    ['an unknown flag', 0, PAGE, 8 | RW],
    ['the VADDR flag', 0, PAGE, 4 | RW],
    ['neither READ nor WRITE', 0, PAGE, 0],
    ['size 0', 0, 0, RW],
    ['a negative size', PAGE, -PAGE, RW],
    ['an unaligned size', 0, PAGE + 1, RW],
    ['an unaligned iova', 12, PAGE, RW],
    ['a negative iova', -PAGE, PAGE, RW],
    ['an iova that is no number', Number.NaN, PAGE, RW],
    ['a range past the limit', TOP - PAGE, 2 * PAGE, RW],
    ['an iova at the limit', TOP, PAGE, RW],
    ['a range that wraps', Number.MAX_SAFE_INTEGER - PAGE + 1, 2 * PAGE, RW],
  ])('%s is EINVAL and maps nothing', (_, iova, size, flags) => {
    const { space } = new Fixture();
    const backing = new FakeMemory(2 * PAGE);
    expect(codeOf(() => space.map({ iova, size, flags, backing }))).toBe('EINVAL');
    expect(codeOf(() => space.checkMap({ iova, size, flags }))).toBe('EINVAL');
    expect([space.mappingCount, backing.revoked]).toEqual([0, 0]);
  });

  test('a mapped backing shorter than the range is EINVAL', () => {
    const { space } = new Fixture();
    const backing = new FakeMemory(PAGE);
    expect(codeOf(() => space.map({ iova: 0, size: 2 * PAGE, flags: R, backing }))).toBe('EINVAL');
  });

  test.each([
    ['the same range', 4, 4, 'EEXIST'],
    ['the first page', 4, 1, 'EEXIST'],
    ['the last page', 7, 1, 'EEXIST'],
    ['from before', 3, 2, 'EEXIST'],
    ['to behind', 7, 2, 'EEXIST'],
    ['all around', 0, 16, 'EEXIST'],
    ['right before', 0, 4, 'ok'],
    ['right behind', 8, 4, 'ok'],
  ])('overlap with a mapping: %s', (_, page, npage, expected) => {
    const fixture = new Fixture();
    fixture.map(4 * PAGE, 4);
    expect(codeOf(() => fixture.map(page * PAGE, npage))).toBe(expected);
    expect(fixture.space.mappingCount).toBe(expected === 'ok' ? 2 : 1);
  });

  test('one mapping more than the limit is ENOSPC, and one less makes room', () => {
    const fixture = new Fixture(2);
    fixture.map(0, 1);
    fixture.map(PAGE, 1);
    expect(codeOf(() => fixture.map(2 * PAGE, 1))).toBe('ENOSPC');
    expect(codeOf(() => fixture.map(0, 1))).toBe('EEXIST');
    fixture.space.unmap({ iova: 0, size: PAGE });
    expect(codeOf(() => fixture.map(2 * PAGE, 1))).toBe('ok');
  });

  test('the limit is 65535 when left out', () => {
    const { space } = new Fixture();
    const backing = { kind: 'file', read() {}, write() {}, revoke() {} } as const;
    const size = PAGE;
    for (let i = 0; i < DMA_ENTRY_LIMIT; i++) {
      const iova = ((i * 40503) % 65536) * PAGE;
      space.map({ iova, size, flags: RW, backing });
    }
    expect(space.mappingCount).toBe(65535);
    const iova = 65536 * PAGE;
    expect(codeOf(() => space.map({ iova, size, flags: RW, backing }))).toBe('ENOSPC');
    expect(space.unmap({ iova: 0, size: 0, flags: ALL }).size).toBe(65535 * PAGE);
  });

  test('thousands of mappings made in any order are found, those unmapped are not', () => {
    const { space } = new Fixture();
    const count = 4096;
    for (let i = 0; i < count; i++) {
      const iova = ((i * 2029) % count) * PAGE;
      space.map({ iova, size: PAGE, flags: RW, backing: fakeFile(PAGE) });
    }
    expect(space.unmap({ iova: 100 * PAGE, size: 3000 * PAGE })).toEqual({ size: 3000 * PAGE });
    for (let i = 0; i < count; i += 64) space.unmap({ iova: i * PAGE, size: PAGE });
    const found = Array.from({ length: count }, (_, i) => i).filter(
      (i) => codeOf(() => space.rw(i * PAGE, new Uint8Array(1), false)) === 'ok',
    );
    const expected = Array.from({ length: count }, (_, i) => i).filter(
      (i) => (i < 100 || i >= 3100) && i % 64 !== 0,
    );
    expect(found).toEqual(expected);
    expect(space.mappings().map(({ iova }) => iova / PAGE)).toEqual(expected);
    expect(space.mappingCount).toBe(expected.length);
  });

  test('mappings lists them in order', () => {
    const fixture = new Fixture();
    for (const page of [8, 0, 4]) fixture.map(page * PAGE, 1, R);
    const list = fixture.space.mappings().map(({ iova, size, flags }) => [iova, size, flags]);
    expect(list).toEqual([0, 4, 8].map((page) => [page * PAGE, PAGE, R]));
  });
});

describe('unmap', () => {
  test.each([
    ['an unknown flag', 0, PAGE, 8, 'EINVAL'],
    ['size 0 without ALL', 0, 0, 0, 'EINVAL'],
    ['an unaligned size', 0, 100, 0, 'EINVAL'],
    ['an unaligned iova', 4, PAGE, 0, 'EINVAL'],
    ['a range past the limit', TOP - PAGE, 2 * PAGE, 0, 'EINVAL'],
    ['ALL with an iova', PAGE, 0, ALL, 'EINVAL'],
    ['ALL with a size', 0, PAGE, ALL, 'EINVAL'],
    ['ALL with GET_DIRTY_BITMAP', 0, 0, ALL | BITMAP, 'EINVAL'],
    ['VADDR with GET_DIRTY_BITMAP', 0, PAGE, VADDR | BITMAP, 'EINVAL'],
    ['GET_DIRTY_BITMAP while tracking is off', 0, PAGE, BITMAP, 'EINVAL'],
    ['VADDR with a device attached', 0, PAGE, VADDR, 'EBUSY'],
    ['the first half of a mapping', 0, 2 * PAGE, 0, 'EINVAL'],
    ['the second half of a mapping', 2 * PAGE, 2 * PAGE, 0, 'EINVAL'],
    ['the middle of a mapping', PAGE, PAGE, 0, 'EINVAL'],
    ['one mapping and a half', 0, 6 * PAGE, 0, 'EINVAL'],
  ])('%s is refused and unmaps nothing', (_, iova, size, flags, expected) => {
    const fixture = new Fixture();
    const backings = [fixture.map(0, 4), fixture.map(4 * PAGE, 4)];
    expect(codeOf(() => fixture.space.unmap({ iova, size, flags, pageSize: PAGE }))).toBe(expected);
    expect(fixture.space.mappingCount).toBe(2);
    expect(backings.map(({ revoked }) => revoked)).toEqual([0, 0]);
  });

  test('VADDR without a device is EINVAL', () => {
    const { space, user } = new Fixture();
    space.detachUser(user);
    expect(codeOf(() => space.unmap({ iova: 0, size: PAGE, flags: VADDR }))).toBe('EINVAL');
  });

  test('nothing in the range is size 0', () => {
    const fixture = new Fixture();
    fixture.map(0, 4);
    expect(fixture.space.unmap({ iova: 4 * PAGE, size: PAGE })).toEqual({ size: 0 });
    expect(fixture.space.unmap({ iova: 8 * PAGE, size: 8 * PAGE, flags: 0 })).toEqual({ size: 0 });
  });

  test('takes all mappings inside the range and tells their size', () => {
    const fixture = new Fixture();
    const backings = [0, 4, 8].map((page) => fixture.map(page * PAGE, 2));
    expect(fixture.space.unmap({ iova: 0, size: 8 * PAGE })).toEqual({ size: 4 * PAGE });
    expect(backings.map(({ revoked }) => revoked)).toEqual([1, 1, 0]);
    expect(fixture.space.mappings().map(({ iova }) => iova)).toEqual([8 * PAGE]);
  });

  test('ALL takes everything, up to the last page there can be', () => {
    const fixture = new Fixture();
    fixture.map(0, 1);
    const last = fixture.map(TOP - PAGE, 1);
    expect(fixture.space.unmap({ iova: 0, size: 0, flags: ALL })).toEqual({ size: 2 * PAGE });
    expect([fixture.space.mappingCount, last.revoked]).toEqual([0, 1]);
    expect(fixture.space.unmap({ iova: 0, size: 0, flags: ALL })).toEqual({ size: 0 });
  });

  test('a view handed out before is empty afterwards', () => {
    const fixture = new Fixture();
    fixture.map(0, 1);
    const view = fixture.space.view(0, 16, RW);
    expect(view?.length).toBe(16);
    fixture.space.unmap({ iova: 0, size: PAGE });
    expect(view?.length).toBe(0);
  });

  test('a revoke that throws is logged and the rest is unmapped', () => {
    const fixture = new Fixture();
    const error = new Error('munmap');
    const backing = new FakeMemory(PAGE);
    backing.revoke = () => {
      throw error;
    };
    fixture.space.map({ iova: 0, size: PAGE, flags: W, backing });
    const other = fixture.map(PAGE, 1);
    expect(fixture.space.unmap({ iova: 0, size: 0, flags: ALL })).toEqual({ size: 2 * PAGE });
    expect(other.revoked).toBe(1);
    expect(fixture.lines).toMatchObject([{ level: 'error', component: 'ioas0', error }]);
  });

  test('each live mapping is on the leak list, none after clear', () => {
    const fixture = new Fixture();
    fixture.map(0x10000, 1);
    fixture.map(0x20000, 2);
    expect(fixture.tracker.list()).toEqual([
      { kind: 'dma-mapping', what: 'ioas0: mapped mapping of 0x1000 bytes at 0x10000' },
      { kind: 'dma-mapping', what: 'ioas0: mapped mapping of 0x2000 bytes at 0x20000' },
    ]);
    fixture.space.clear();
    expect(fixture.tracker.list()).toEqual([]);
  });
});
