import { describe, expect, test } from 'vitest';
import { UNMAP_ROUNDS } from '../../src/dma/eviction.ts';
import { codeOf, FakeMemory, FakeUser, Fixture, PAGE, R, RW } from './fixture.ts';

const ALL = 2;

describe('unmap of pinned memory', () => {
  test('tells the user before it returns, with the whole mapping, then revokes once', () => {
    const fixture = new Fixture();
    const backing = fixture.map(0x10000, 4);
    fixture.map(0x20000, 1);
    const [view] = fixture.space.pin(fixture.user, 0x11000, 1, RW);
    let revokedBefore = -1;
    fixture.user.onUnmap = () => {
      revokedBefore = backing.revoked;
      fixture.space.unpin(fixture.user, 0x11000, 1);
    };
    expect(fixture.space.unmap({ iova: 0x10000, size: 0x20000 })).toEqual({ size: 5 * PAGE });
    expect(fixture.user.told).toEqual([[0x10000, 4 * PAGE]]);
    expect([revokedBefore, backing.revoked, view?.length]).toEqual([0, 1, 0]);
    expect(fixture.lines).toEqual([]);
  });

  test('tells nobody when nothing is pinned', () => {
    const fixture = new Fixture();
    fixture.map(0, 1);
    fixture.space.unmap({ iova: 0, size: PAGE });
    expect(fixture.user.told).toEqual([]);
  });

  test('tells every user, also one that pinned nothing there or has no callback', () => {
    const fixture = new Fixture();
    const other = new FakeUser('vfio1');
    fixture.space.attachUser(other);
    fixture.space.attachUser({ name: 'vfio2' });
    fixture.map(0, 1);
    fixture.space.pin(fixture.user, 0, 1, R);
    fixture.space.unmap({ iova: 0, size: PAGE });
    expect([fixture.user.told, other.told]).toEqual([[[0, PAGE]], [[0, PAGE]]]);
  });

  test('asks again while pins become fewer, however long that takes', () => {
    const fixture = new Fixture();
    const { space, user } = fixture;
    fixture.map(0, 32);
    space.pin(user, 0, 16, R);
    space.pin(user, 0, 16, R);
    let next = 0;
    user.onUnmap = () => space.unpin(user, (next++ % 16) * PAGE, 1);
    space.unmap({ iova: 0, size: 32 * PAGE });
    expect(user.told.length).toBe(32);
    expect(fixture.lines).toEqual([]);
  });

  test('gives up after ten rounds without progress, names the owner and revokes', () => {
    const fixture = new Fixture();
    const { space, user, lines } = fixture;
    const other = new FakeUser('vfio1');
    space.attachUser(other);
    const backing = fixture.map(0, 4);
    space.pin(user, PAGE, 1, R);
    const [view] = space.pin(user, 2 * PAGE, 1, R);
    user.onUnmap = () => {};
    expect(space.unmap({ iova: 0, size: 4 * PAGE })).toEqual({ size: 4 * PAGE });
    expect(user.told.length).toBe(UNMAP_ROUNDS);
    expect(lines.map(({ level, message }) => [level, message])).toEqual([
      ['error', 'vfio0 keeps 0x2000 bytes at 0x1000 pinned; revoked'],
    ]);
    expect([backing.revoked, view?.length, space.pinnedPages(user)]).toEqual([1, 0, 0]);
    expect(fixture.tracker.list()).toEqual([]);
  });

  test('a late unpin of what was revoked is ignored', () => {
    const fixture = new Fixture();
    const { space, user } = fixture;
    fixture.map(0, 1);
    space.pin(user, 0, 1, R);
    user.onUnmap = () => {};
    space.unmap({ iova: 0, size: PAGE });
    fixture.map(0, 1);
    space.unpin(user, 0, 1);
    expect(space.pinnedPages(user)).toBe(0);
  });

  test('a callback that throws is logged and does not stop the unmap', () => {
    const fixture = new Fixture();
    const { space, user, lines } = fixture;
    const other = new FakeUser('vfio1');
    other.onUnmap = () => space.unpin(other, 0, 1);
    space.attachUser(other);
    const backing = fixture.map(0, 1);
    space.pin(other, 0, 1, R);
    const error = new Error('driver');
    user.onUnmap = () => {
      throw error;
    };
    expect(space.unmap({ iova: 0, size: PAGE })).toEqual({ size: PAGE });
    expect(lines).toMatchObject([{ level: 'error', component: 'ioas0', error }]);
    expect(lines[0]?.message).toBe('vfio0: dmaUnmap of 0x0 threw');
    expect(backing.revoked).toBe(1);
  });

  test('an observer of writes that throws is logged and does not stop the unmap', () => {
    const fixture = new Fixture();
    const { space, user, lines } = fixture;
    const backing = fixture.map(0, 1);
    space.pin(user, 0, 1, RW);
    user.onUnmap = () => {};
    const error = new Error('observer');
    user.onWrite = () => {
      throw error;
    };
    expect(space.unmap({ iova: 0, size: PAGE })).toEqual({ size: PAGE });
    expect(lines[0]).toMatchObject({ level: 'error', component: 'ioas0', error });
    expect(backing.revoked).toBe(1);
    expect(codeOf(() => fixture.map(0, 1))).toBe('ok');
  });

  test('a user that detaches in the callback of another is not told any more', () => {
    const fixture = new Fixture();
    const { space, user } = fixture;
    const other = new FakeUser('vfio1');
    space.attachUser(other);
    fixture.map(0, 1);
    space.pin(user, 0, 1, R);
    user.onUnmap = () => {
      space.unpin(user, 0, 1);
      space.detachUser(other);
    };
    space.unmap({ iova: 0, size: PAGE });
    expect(other.told).toEqual([]);
  });
});

/** What `action` gives when called while [0, 4 pages) of two mappings is being unmapped. */
function during(action: (fixture: Fixture) => unknown): [code: string, fixture: Fixture] {
  const fixture = new Fixture();
  const { space, user } = fixture;
  fixture.map(0, 1);
  fixture.map(2 * PAGE, 1);
  fixture.map(16 * PAGE, 1);
  space.pin(user, 0, 1, R);
  let code = 'not called';
  user.onUnmap = () => {
    user.onUnmap = () => {};
    code = codeOf(() => action(fixture));
    space.unpin(user, 0, 1);
  };
  expect(space.unmap({ iova: 0, size: 4 * PAGE })).toEqual({ size: 2 * PAGE });
  return [code, fixture];
}

describe('from within dmaUnmap', () => {
  test.each<[string, (fixture: Fixture) => unknown, string, number]>([
    ['unmap of the same range', ({ space }) => space.unmap({ iova: 0, size: PAGE }), 'EBUSY', 1],
    ['unmap of ALL', ({ space }) => space.unmap({ iova: 0, size: 0, flags: ALL }), 'EBUSY', 1],
    ['map in the same range', (fixture) => fixture.map(0, 1), 'EBUSY', 1],
    ['map in a hole of the range', (fixture) => fixture.map(PAGE, 1), 'EBUSY', 1],
    ['pin in the range', ({ space, user }) => space.pin(user, 0, 1, R), 'EBUSY', 1],
    ['map elsewhere', (fixture) => fixture.map(32 * PAGE, 1), 'ok', 2],
    ['pin elsewhere', ({ space, user }) => space.pin(user, 16 * PAGE, 1, R), 'ok', 1],
    ['unmap elsewhere', ({ space }) => space.unmap({ iova: 16 * PAGE, size: PAGE }), 'ok', 0],
    ['clear', ({ space }) => space.clear(), 'ok', 0],
    ['reading the memory', ({ space }) => space.rw(0, new Uint8Array(8), false), 'ok', 1],
  ])('%s', (_, action, expected, left) => {
    const [code, { space, lines }] = during(action);
    expect(code).toBe(expected);
    expect(space.mappingCount).toBe(left);
    expect(lines).toEqual([]);
  });

  test('the range can be mapped again afterwards', () => {
    const [, fixture] = during(() => {});
    expect(codeOf(() => fixture.map(0, 4))).toBe('ok');
  });

  test('memory is not found any more while it is revoked', () => {
    const { space } = new Fixture();
    const backing = new FakeMemory(PAGE);
    const codes: string[] = [];
    backing.revoke = () => codes.push(codeOf(() => space.rw(0, new Uint8Array(1), false)));
    space.map({ iova: 0, size: PAGE, flags: RW, backing });
    space.unmap({ iova: 0, size: PAGE });
    expect(codes).toEqual(['EINVAL']);
  });
});
