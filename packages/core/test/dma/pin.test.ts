import { describe, expect, test } from 'vitest';
import type { DmaUser } from '../../src/dma/dma-user.ts';
import { codeOf, FakeOwner, FakeUser, fakeFile, Fixture, PAGE, R, RW, W } from './fixture.ts';

const BASE = 0x100000;

/** 600 read-write pages at BASE, then one read-only, then a hole. */
function pinned(): Fixture {
  const fixture = new Fixture();
  fixture.map(BASE, 600);
  fixture.map(BASE + 600 * PAGE, 1, R);
  return fixture;
}

describe('pin', () => {
  test.each([
    ['npage 0', BASE, 0, R, 'EINVAL'],
    ['a negative npage', BASE, -1, R, 'EINVAL'],
    ['half a page', BASE, 0.5, R, 'EINVAL'],
    ['a negative iova', -PAGE, 1, R, 'EINVAL'],
    ['no prot', BASE, 1, 0, 'EINVAL'],
    ['512 pages', BASE, 512, RW, 'ok'],
    ['513 pages', BASE, 513, RW, 'E2BIG'],
    ['more pages than there are addresses', BASE, 2 ** 50, RW, 'E2BIG'],
    ['a range past the limit', 2 ** 52 - PAGE, 2, R, 'EOVERFLOW'],
    ['an iova that is not mapped', 0, 1, R, 'EINVAL'],
    ['a hole behind the mapping', BASE + 600 * PAGE, 2, R, 'EINVAL'],
    ['write to a read-only page', BASE + 600 * PAGE, 1, W, 'EPERM'],
    ['a read-only page among others', BASE + 599 * PAGE, 2, RW, 'EPERM'],
    ['two mappings in a row', BASE + 599 * PAGE, 2, R, 'ok'],
    ['an unknown prot bit', BASE, 1, 8 | R, 'EPERM'],
  ])('%s', (_, iova, npage, prot, expected) => {
    const { space, user, tracker } = pinned();
    expect(codeOf(() => space.pin(user, iova, npage, prot))).toBe(expected);
    const count = expected === 'ok' ? npage : 0;
    expect(space.pinnedPages(user)).toBe(count);
    expect(tracker.list().filter(({ kind }) => kind === 'pin').length).toBe(Math.min(count, 1));
  });

  test.each([
    ['a file', fakeFile(PAGE)],
    ['messages', new FakeOwner(PAGE)],
  ])('memory behind %s is EFAULT', (_, backing) => {
    const { space, user } = new Fixture();
    space.map({ iova: 0, size: PAGE, flags: RW, backing });
    expect(codeOf(() => space.pin(user, 0, 1, R))).toBe('EFAULT');
  });

  test('memory that went away under the mapping is EFAULT', () => {
    const fixture = new Fixture();
    fixture.map(0, 1).revoke();
    expect(codeOf(() => fixture.space.pin(fixture.user, 0, 1, R))).toBe('EFAULT');
  });

  test('a user that is not attached is EINVAL', () => {
    const { space } = pinned();
    expect(codeOf(() => space.pin(new FakeUser('vfio1'), BASE, 1, R))).toBe('EINVAL');
  });

  test('a user without dmaUnmap is EINVAL', () => {
    const { space } = pinned();
    const user: DmaUser = { name: 'vfio1' };
    space.attachUser(user);
    expect(codeOf(() => space.pin(user, BASE, 1, R))).toBe('EINVAL');
  });

  test('gives a view of each page, over the memory itself', () => {
    const fixture = new Fixture();
    const first = fixture.map(BASE, 2);
    const second = fixture.map(BASE + 2 * PAGE, 1);
    const views = fixture.space.pin(fixture.user, BASE + PAGE, 2, RW);
    expect(views.map((view) => view.length)).toEqual([PAGE, PAGE]);
    views[0]?.fill(1);
    views[1]?.fill(2);
    expect([first.bytes[PAGE - 1], first.bytes[PAGE], second.bytes[0]]).toEqual([0, 1, 2]);
  });

  test('rounds iova down to its page, as does unpin', () => {
    const fixture = new Fixture();
    fixture.map(BASE, 2);
    expect(fixture.space.pin(fixture.user, BASE + 123, 1, R)[0]?.byteOffset).toBe(0);
    fixture.space.unpin(fixture.user, BASE + 77, 1);
    expect(fixture.space.pinnedPages(fixture.user)).toBe(0);
  });

  test('a page pinned twice and unpinned once is still pinned', () => {
    const { space, user, tracker } = pinned();
    space.pin(user, BASE, 2, R);
    space.pin(user, BASE + PAGE, 2, R);
    expect(space.pinnedPages(user)).toBe(3);
    space.unpin(user, BASE, 3);
    expect(space.pinnedPages(user)).toBe(1);
    space.unpin(user, BASE + PAGE, 1);
    expect(space.pinnedPages(user)).toBe(0);
    expect(tracker.list().map(({ kind }) => kind)).toEqual(['dma-mapping', 'dma-mapping']);
  });

  test('one user cannot unpin what another pinned', () => {
    const { space, user } = pinned();
    const other = new FakeUser('vfio1');
    space.attachUser(other);
    space.pin(user, BASE, 1, R);
    space.unpin(other, BASE, 1);
    expect(space.pinnedPages(user)).toBe(1);
  });

  test.each([
    ['pages not pinned', BASE + 5 * PAGE, 1],
    ['an iova not mapped', 0, 16],
    ['npage 0', BASE, 0],
    ['a negative npage', BASE, -4],
  ])('unpin of %s is ignored', (_, iova, npage) => {
    const { space, user } = pinned();
    space.pin(user, BASE, 2, R);
    space.unpin(user, iova, npage);
    expect(space.pinnedPages(user)).toBe(2);
  });

  test('unpin of everything there is at once', () => {
    const { space, user } = pinned();
    space.pin(user, BASE + 598 * PAGE, 3, R);
    space.unpin(user, 0, 2 ** 40);
    expect(space.pinnedPages(user)).toBe(0);
  });

  test('unpin by a user that is not attached is ignored', () => {
    const { space, user } = pinned();
    space.pin(user, BASE, 1, R);
    space.unpin(new FakeUser('vfio1'), BASE, 1);
    expect(space.pinnedPages(user)).toBe(1);
  });

  test('each run of pages is on the leak list until its last page is unpinned', () => {
    const { space, user, tracker } = pinned();
    const pins = (): string[] =>
      tracker
        .list()
        .filter(({ kind }) => kind === 'pin')
        .map(({ what }) => what);
    space.pin(user, BASE, 4, R);
    space.unpin(user, BASE + PAGE, 1);
    expect(pins()).toEqual(['vfio0: 3 of 4 pages pinned from 0x100000']);
    space.unpin(user, BASE, 4);
    expect(pins()).toEqual([]);
  });
});

describe('users', () => {
  test('attaching twice is EEXIST', () => {
    const { space, user } = new Fixture();
    expect(codeOf(() => space.attachUser(user))).toBe('EEXIST');
  });

  test('detaching twice is EINVAL', () => {
    const { space, user } = new Fixture();
    expect(space.detachUser(user)).toEqual([]);
    expect(codeOf(() => space.detachUser(user))).toBe('EINVAL');
  });

  test('detaching drops the pins that remain, reports and logs them', () => {
    const { space, user, lines, tracker } = pinned();
    space.pin(user, BASE, 2, R);
    space.pin(user, BASE, 1, R);
    space.pin(user, BASE + 8 * PAGE, 1, W);
    expect(space.detachUser(user)).toEqual([
      { iova: BASE, length: 2 * PAGE },
      { iova: BASE + 8 * PAGE, length: PAGE },
    ]);
    expect(lines.map(({ level, message }) => [level, message])).toEqual([
      ['error', 'vfio0 detached with 0x2000 bytes at 0x100000 pinned'],
      ['error', 'vfio0 detached with 0x1000 bytes at 0x108000 pinned'],
    ]);
    expect(tracker.list().map(({ kind }) => kind)).toEqual(['dma-mapping', 'dma-mapping']);
    expect(space.unmap({ iova: 0, size: 0, flags: 2 })).toEqual({ size: 601 * PAGE });
    expect(user.told).toEqual([]);
  });
});
