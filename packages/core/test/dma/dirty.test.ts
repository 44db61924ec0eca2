import { describe, expect, test } from 'vitest';
import { DmaLog, dmaLogOps } from '../../src/dma/dma-log.ts';
import { IovaBitmap } from '../../src/dma/iova-bitmap.ts';
import { bits, codeOf, FakeUser, Fixture, PAGE, R, RW } from './fixture.ts';

const BITMAP = 1;
const BASE = 0x100000;

function tracked(npage = 32): Fixture {
  const fixture = new Fixture();
  fixture.map(BASE, npage);
  fixture.space.startDirtyTracking(PAGE);
  return fixture;
}

function write({ space, user }: Fixture, page: number, length = 1): void {
  space.rw(BASE + page * PAGE, new Uint8Array(length), true, user);
}

describe('dirty tracking of an address space', () => {
  test.each([0, 1, 2048, 3 * PAGE, -PAGE, Number.NaN])('page size %d is EINVAL', (pageSize) => {
    expect(codeOf(() => new Fixture().space.startDirtyTracking(pageSize))).toBe('EINVAL');
  });

  test.each([
    [PAGE, 'ok'],
    [2 * PAGE, 'EINVAL'],
  ])('a second start with page size %d is %s and loses nothing', (pageSize, expected) => {
    const fixture = tracked();
    write(fixture, 3);
    expect(codeOf(() => fixture.space.startDirtyTracking(pageSize))).toBe(expected);
    expect(bits(fixture.space.readDirty(BASE, 8 * PAGE, PAGE))).toEqual([3]);
  });

  test.each([
    ['length 0', BASE, 0, PAGE],
    ['a negative iova', -PAGE, PAGE, PAGE],
    ['a range past the limit', 2 ** 52 - PAGE, 2 * PAGE, PAGE],
    ['three pages as page size', BASE, PAGE, 3 * PAGE],
  ])('a report with %s is EINVAL', (_, iova, length, pageSize) => {
    const { space } = tracked();
    expect(codeOf(() => space.readDirty(iova, length, pageSize))).toBe('EINVAL');
  });

  test('a report while it is off is EINVAL, also after a stop', () => {
    const { space } = new Fixture();
    expect(codeOf(() => space.readDirty(0, PAGE, PAGE))).toBe('EINVAL');
    space.startDirtyTracking(PAGE);
    space.stopDirtyTracking();
    expect(codeOf(() => space.readDirty(0, PAGE, PAGE))).toBe('EINVAL');
  });

  test('reports the pages written, once', () => {
    const fixture = tracked();
    write(fixture, 0);
    write(fixture, 6, 3 * PAGE + 1);
    fixture.space.rw(BASE + 20 * PAGE, new Uint8Array(4), false);
    expect(bits(fixture.space.readDirty(BASE, 32 * PAGE, PAGE))).toEqual([0, 6, 7, 8, 9]);
    expect(bits(fixture.space.readDirty(BASE, 32 * PAGE, PAGE))).toEqual([]);
  });

  test('a report of a part leaves the rest dirty', () => {
    const fixture = tracked();
    write(fixture, 1);
    write(fixture, 9);
    expect(bits(fixture.space.readDirty(BASE, 8 * PAGE, PAGE))).toEqual([1]);
    expect(bits(fixture.space.readDirty(BASE, 32 * PAGE, PAGE))).toEqual([9]);
  });

  test.each([
    [PAGE / 2, [4, 5, 6, 7]],
    [2 * PAGE, [1]],
    [16 * PAGE, [0]],
  ])('a report in pages of %d', (pageSize, expected) => {
    const fixture = tracked();
    write(fixture, 2, 2 * PAGE);
    expect(bits(fixture.space.readDirty(BASE, 32 * PAGE, pageSize))).toEqual(expected);
  });

  test('writes before the start are not reported', () => {
    const fixture = new Fixture();
    fixture.map(BASE, 1);
    write(fixture, 0);
    fixture.space.startDirtyTracking(PAGE);
    expect(bits(fixture.space.readDirty(BASE, PAGE, PAGE))).toEqual([]);
  });

  test('pages pinned for writing are in every report until one after the unpin', () => {
    const { space, user } = tracked();
    space.pin(user, BASE + PAGE, 2, RW);
    space.pin(user, BASE + 4 * PAGE, 1, R);
    const read = (): number[] => bits(space.readDirty(BASE, 32 * PAGE, PAGE));
    expect([read(), read()]).toEqual([
      [1, 2],
      [1, 2],
    ]);
    space.unpin(user, BASE + 2 * PAGE, 1);
    space.unpin(user, BASE + 4 * PAGE, 1);
    expect([read(), read()]).toEqual([[1, 2], [1]]);
  });

  test('a user that detaches with pins leaves their pages dirty', () => {
    const { space, user } = tracked();
    space.pin(user, BASE + PAGE, 1, RW);
    space.readDirty(BASE, PAGE * 32, PAGE);
    space.detachUser(user);
    expect(bits(space.readDirty(BASE, 32 * PAGE, PAGE))).toEqual([1]);
  });
});

describe('unmap with GET_DIRTY_BITMAP', () => {
  test('gives the bitmap of the range, what dmaUnmap wrote and unpinned included', () => {
    const fixture = tracked();
    const { space, user } = fixture;
    write(fixture, 3);
    space.pin(user, BASE + 5 * PAGE, 1, RW);
    user.onUnmap = () => {
      write(fixture, 8);
      space.unpin(user, BASE + 5 * PAGE, 1);
    };
    const reply = space.unmap({ iova: BASE, size: 32 * PAGE, flags: BITMAP, pageSize: PAGE });
    expect(reply.size).toBe(32 * PAGE);
    expect(reply.bitmap?.length).toBe(8);
    expect(bits(reply.bitmap)).toEqual([3, 5, 8]);
  });

  test('gives a clean bitmap where nothing is mapped', () => {
    const { space } = tracked();
    const reply = space.unmap({ iova: 0, size: PAGE, flags: BITMAP, pageSize: PAGE });
    expect(reply).toEqual({ size: 0, bitmap: new Uint8Array(8) });
  });

  test.each([undefined, 2 * PAGE, 0])('page size %s is EINVAL', (pageSize) => {
    const { space } = tracked();
    const request = { iova: BASE, size: 32 * PAGE, flags: BITMAP };
    const withSize = pageSize === undefined ? request : { ...request, pageSize };
    expect(codeOf(() => space.unmap(withSize))).toBe('EINVAL');
    expect(space.mappingCount).toBe(1);
  });

  test('a range too large for a bitmap is EINVAL and unmaps nothing', () => {
    const { space } = tracked();
    const request = { iova: 0, size: 2 ** 51, flags: BITMAP, pageSize: PAGE };
    expect(codeOf(() => space.unmap(request))).toBe('EINVAL');
    expect(space.mappingCount).toBe(1);
  });

  test('the dirt of an unmapped range does not show in its next mapping', () => {
    const fixture = tracked();
    write(fixture, 3);
    fixture.space.unmap({ iova: BASE, size: 32 * PAGE });
    fixture.map(BASE, 32);
    expect(bits(fixture.space.readDirty(BASE, 32 * PAGE, PAGE))).toEqual([]);
  });
});

function logged(): {
  fixture: Fixture;
  log: DmaLog;
  read: (page: number, n: number) => number[];
} {
  const fixture = new Fixture();
  fixture.map(BASE, 64);
  const { space, user } = fixture;
  const log = new DmaLog((iova, length, sink) => space.writablePins(user, iova, length, sink));
  user.onWrite = (iova, length) => log.onWrite(iova, length);
  const read = (page: number, n: number): number[] => {
    const bitmap = new IovaBitmap(BASE + page * PAGE, n * PAGE, PAGE);
    log.readAndClear(bitmap.iova, bitmap.length, bitmap);
    return bits(bitmap.bytes);
  };
  return { fixture, log, read };
}

const range = (page: number, npage: number): { iova: number; length: number } => ({
  iova: BASE + page * PAGE,
  length: npage * PAGE,
});

describe('DmaLog', () => {
  test('reports exactly what its device wrote in the ranges, once', () => {
    const { fixture, log, read } = logged();
    const other = new FakeUser('vfio1');
    fixture.space.attachUser(other);
    log.start([range(16, 8), range(0, 8)], PAGE);
    write(fixture, 7, 2 * PAGE);
    write(fixture, 12, 6 * PAGE);
    write(fixture, 23);
    write(fixture, 40);
    fixture.space.rw(BASE + PAGE, new Uint8Array(1), true, other);
    expect(read(0, 64)).toEqual([7, 16, 17, 23]);
    expect(read(0, 64)).toEqual([]);
  });

  test('without ranges logs everything', () => {
    const { fixture, log, read } = logged();
    log.start([], PAGE);
    write(fixture, 40);
    expect(read(32, 16)).toEqual([8]);
  });

  test('a page pinned for writing inside the ranges is in every report until one after the unpin', () => {
    const { fixture, log, read } = logged();
    log.start([range(0, 2)], PAGE);
    const { space, user } = fixture;
    space.pin(user, BASE + PAGE, 2, RW);
    expect([read(0, 8), read(0, 8)]).toEqual([[1], [1]]);
    space.unpin(user, BASE + PAGE, 2);
    expect([read(0, 8), read(0, 8)]).toEqual([[1], []]);
  });

  test('what was pinned before the start is reported', () => {
    const { fixture, log, read } = logged();
    fixture.space.pin(fixture.user, BASE, 1, RW);
    log.start([], PAGE);
    expect(read(0, 8)).toEqual([0]);
  });

  test('a second start is EINVAL and keeps the log', () => {
    const { fixture, log, read } = logged();
    log.start([], PAGE);
    write(fixture, 2);
    expect(codeOf(() => log.start([], PAGE))).toBe('EINVAL');
    expect(read(0, 8)).toEqual([2]);
  });

  test('uses pages of 4096 bytes at least, and says so', () => {
    expect(new DmaLog().start([], 512)).toBe(PAGE);
    expect(new DmaLog().start([], 4 * PAGE)).toBe(4 * PAGE);
  });

  test.each<[string, (log: DmaLog) => void]>([
    ['before a start', () => {}],
    ['after stop', (log) => log.stop()],
    ['after clear', (log) => log.clear()],
  ])('a report %s is EINVAL', (name, end) => {
    const { log, read } = logged();
    if (name !== 'before a start') log.start([], PAGE);
    end(log);
    expect(log.isStarted).toBe(false);
    expect(codeOf(() => read(0, 8))).toBe('EINVAL');
  });

  test('a start after a stop begins clean', () => {
    const { fixture, log, read } = logged();
    log.start([], PAGE);
    write(fixture, 2);
    log.stop();
    write(fixture, 3);
    log.start([], PAGE);
    expect(read(0, 8)).toEqual([]);
  });

  test('serves as the log callbacks of a driver', () => {
    const device = { log: new DmaLog() };
    const ops = dmaLogOps((it: typeof device) => it.log);
    expect(ops.logStart(device, [], PAGE)).toBe(PAGE);
    device.log.onWrite(PAGE, 1);
    const bitmap = new IovaBitmap(0, 4 * PAGE, PAGE);
    ops.logReadAndClear(device, 0, 4 * PAGE, bitmap);
    expect(bits(bitmap.bytes)).toEqual([1]);
    ops.logStop(device);
    expect(device.log.isStarted).toBe(false);
  });
});
