import { describe, expect, test } from 'vitest';
import {
  codeOf,
  FakeOwner,
  FakeUser,
  fakeFile,
  Fixture,
  PAGE,
  R,
  rejectionOf,
  RW,
  W,
} from './fixture.ts';

function pattern(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => i * 7 + 1);
}

/** Page 0 read-only, 1 write-only, 2 read-write, 3 nothing, 4 messages, 5 mapped. */
function mixed(): { fixture: Fixture; owner: FakeOwner } {
  const fixture = new Fixture();
  fixture.map(0, 1, R);
  fixture.map(PAGE, 1, W);
  fixture.map(2 * PAGE, 1, RW);
  const owner = new FakeOwner(PAGE);
  fixture.space.map({ iova: 4 * PAGE, size: PAGE, flags: RW, backing: owner });
  fixture.map(5 * PAGE, 1, RW);
  return { fixture, owner };
}

const REFUSED: [string, number, number, boolean, string][] = [
  ['length 0', 2 * PAGE, 0, true, 'EINVAL'],
  ['an iova not mapped', 3 * PAGE, 1, false, 'EINVAL'],
  ['a negative iova', -8, 8, false, 'EINVAL'],
  ['an iova that is no number', Number.NaN, 8, false, 'EINVAL'],
  ['an iova past all', 2 ** 52, 8, false, 'EINVAL'],
  ['running into a hole', 3 * PAGE - 4, 8, true, 'EINVAL'],
  ['writing read-only memory', 0, 4, true, 'EPERM'],
  ['reading write-only memory', PAGE, 4, false, 'EPERM'],
  ['running into memory that may not be read', PAGE - 4, 8, false, 'EPERM'],
];

describe('rw', () => {
  test.each([1, 4, 8, 32, 33, 64, PAGE])('moves %d bytes both ways', (length) => {
    const fixture = new Fixture();
    const memory = fixture.map(0x10000, 2);
    const data = pattern(length);
    fixture.space.rw(0x10000 + 100, data, true);
    expect(memory.bytes.subarray(100, 100 + length)).toEqual(data);
    expect([memory.bytes[99], memory.bytes[100 + length]]).toEqual([0, 0]);
    const back = new Uint8Array(length);
    fixture.space.rw(0x10000 + 100, back, false);
    expect(back).toEqual(data);
  });

  test('reaches the last byte of a mapping', () => {
    const fixture = new Fixture();
    const memory = fixture.map(0, 1);
    fixture.space.rw(PAGE - 1, Uint8Array.of(5), true);
    expect(memory.bytes[PAGE - 1]).toBe(5);
  });

  test('crosses adjacent mappings of different kinds', () => {
    const fixture = new Fixture();
    const memory = fixture.map(0, 1);
    const file = fakeFile(PAGE);
    fixture.space.map({ iova: PAGE, size: PAGE, flags: RW, backing: file });
    const last = fixture.map(2 * PAGE, 1);
    const data = pattern(PAGE + 20);
    fixture.space.rw(PAGE - 10, data, true);
    expect(memory.bytes.subarray(PAGE - 10)).toEqual(data.subarray(0, 10));
    expect(file.bytes).toEqual(data.subarray(10, PAGE + 10));
    expect(last.bytes.subarray(0, 10)).toEqual(data.subarray(PAGE + 10));
    const back = new Uint8Array(data.length);
    fixture.space.rw(PAGE - 10, back, false);
    expect(back).toEqual(data);
  });

  test.each(REFUSED)('%s is refused', (_, iova, length, write, expected) => {
    const { fixture } = mixed();
    expect(codeOf(() => fixture.space.rw(iova, new Uint8Array(length), write))).toBe(expected);
  });

  test.each([
    ['a hole', 3 * PAGE - 4, 'EINVAL'],
    ['messages', 5 * PAGE - 4, 'EOPNOTSUPP'],
  ])('moves nothing and marks nothing when the range runs into %s', (_, iova, expected) => {
    const { fixture, owner } = mixed();
    const { space, user } = fixture;
    expect(codeOf(() => space.rw(iova, pattern(8), true, user))).toBe(expected);
    const back = new Uint8Array(4);
    space.rw(2 * PAGE + PAGE - 4, back, false);
    expect([back, owner.pending.length, user.wrote]).toEqual([new Uint8Array(4), 0, []]);
  });

  test('moves nothing when the range begins in mapped memory and ends in messages', () => {
    const { fixture } = mixed();
    const memory = fixture.map(3 * PAGE, 1);
    expect(codeOf(() => fixture.space.rw(4 * PAGE - 4, pattern(8), true))).toBe('EOPNOTSUPP');
    expect(memory.bytes.subarray(PAGE - 4)).toEqual(new Uint8Array(4));
  });

  test('memory that only its owner reaches is EOPNOTSUPP and says why', () => {
    const { fixture } = mixed();
    const read = (): void => fixture.space.rw(4 * PAGE, new Uint8Array(4), false);
    expect(codeOf(read)).toBe('EOPNOTSUPP');
    expect(read).toThrow('guest memory at 0x4000 is not shared');
  });

  test('memory that went away under the mapping is EFAULT', () => {
    const fixture = new Fixture();
    fixture.map(0, 1).revoke();
    expect(codeOf(() => fixture.space.rw(0, new Uint8Array(4), false))).toBe('EFAULT');
    expect(codeOf(() => fixture.space.rw(0, new Uint8Array(4), true))).toBe('EFAULT');
  });

  test('a file that is too short is EFAULT', () => {
    const { space } = new Fixture();
    space.map({ iova: 0, size: 2 * PAGE, flags: RW, backing: fakeFile(PAGE) });
    expect(codeOf(() => space.rw(PAGE, new Uint8Array(4), false))).toBe('EFAULT');
  });

  test('finds nothing where a mapping was a moment ago', () => {
    const fixture = new Fixture();
    fixture.map(0, 1);
    fixture.space.rw(0, new Uint8Array(4), false);
    fixture.space.unmap({ iova: 0, size: PAGE });
    expect(codeOf(() => fixture.space.rw(0, new Uint8Array(4), false))).toBe('EINVAL');
  });

  test('tells the user that writes, and only of writes', () => {
    const fixture = new Fixture();
    const other = new FakeUser('vfio1');
    fixture.space.attachUser(other);
    fixture.map(0, 1);
    fixture.space.rw(8, new Uint8Array(4), true, fixture.user);
    fixture.space.rw(8, new Uint8Array(4), false, fixture.user);
    expect([fixture.user.wrote, other.wrote]).toEqual([[[8, 4]], []]);
  });
});

describe('view', () => {
  test.each([
    ['mapped memory', 2 * PAGE, PAGE, RW, PAGE],
    ['a part', 2 * PAGE + 8, 16, R, 16],
    ['read-only memory to read', 0, 16, R, 16],
    ['read-only memory to write', 0, 16, W, undefined],
    ['two mappings', PAGE - 8, 16, R, undefined],
    ['nothing', 3 * PAGE, 16, R, undefined],
    ['messages', 4 * PAGE, 16, R, undefined],
    ['length 0', 0, 0, R, undefined],
  ])('of %s', (_, iova, length, prot, expected) => {
    const { fixture } = mixed();
    expect(fixture.space.view(iova, length, prot)?.length).toBe(expected);
  });

  test('is the memory itself, and its taking for writing a write', () => {
    const fixture = new Fixture();
    const memory = fixture.map(0, 1);
    fixture.space.view(16, 4, R, fixture.user)?.fill(1);
    fixture.space.view(32, 4, RW, fixture.user)?.fill(9);
    expect(memory.bytes[33]).toBe(9);
    expect(fixture.user.wrote).toEqual([[32, 4]]);
  });

  test('of memory that went away is nothing', () => {
    const fixture = new Fixture();
    fixture.map(0, 1).revoke();
    expect(fixture.space.view(0, 4, R)).toBeUndefined();
  });
});

describe('rwAsync', () => {
  test.each(REFUSED)('%s is refused', async (_, iova, length, write, expected) => {
    const { fixture } = mixed();
    const buf = new Uint8Array(length);
    expect(await rejectionOf(fixture.space.rwAsync(iova, buf, write))).toBe(expected);
  });

  test('moves bytes across messages and mapped memory both ways', async () => {
    const { fixture, owner } = mixed();
    const data = pattern(8);
    const write = fixture.space.rwAsync(5 * PAGE - 4, data, true);
    owner.pending.shift()?.answer();
    await write;
    expect(owner.bytes.subarray(PAGE - 4)).toEqual(data.subarray(0, 4));
    const back = new Uint8Array(8);
    const read = fixture.space.rwAsync(5 * PAGE - 4, back, false);
    owner.pending.shift()?.answer();
    await read;
    expect(back).toEqual(data);
  });

  test('what the owner answers comes out unchanged', async () => {
    const { fixture, owner } = mixed();
    const error = new Error('EIO from the client');
    const read = fixture.space.rwAsync(4 * PAGE, new Uint8Array(4), false);
    owner.pending.shift()?.fail(error);
    await expect(read).rejects.toBe(error);
    expect(codeOf(() => fixture.space.unmap({ iova: 4 * PAGE, size: PAGE }))).toBe('ok');
  });

  test.each([true, false])('an unmap ends it with ECANCELED, write %s', async (write) => {
    const { fixture, owner } = mixed();
    const pending = fixture.space.rwAsync(4 * PAGE, pattern(4), write);
    fixture.space.unmap({ iova: 4 * PAGE, size: PAGE });
    expect(await rejectionOf(pending)).toBe('ECANCELED');
    expect(owner.revoked).toBe(1);
  });

  test('an answer after the unmap does not touch the buffer', async () => {
    const { fixture, owner } = mixed();
    owner.bytes.fill(3);
    const buf = new Uint8Array(4);
    const read = fixture.space.rwAsync(4 * PAGE, buf, false);
    fixture.space.unmap({ iova: 4 * PAGE, size: PAGE });
    owner.pending.shift()?.answer();
    expect(await rejectionOf(read)).toBe('ECANCELED');
    expect(buf).toEqual(new Uint8Array(4));
  });

  test('an unmap in the same turn as the answer still cancels', async () => {
    const { fixture, owner } = mixed();
    const buf = new Uint8Array(4);
    owner.bytes.fill(3);
    const read = fixture.space.rwAsync(4 * PAGE, buf, false);
    owner.pending.shift()?.answer();
    fixture.space.unmap({ iova: 4 * PAGE, size: PAGE });
    expect(await rejectionOf(read)).toBe('ECANCELED');
    expect(buf).toEqual(new Uint8Array(4));
  });

  test('an unmap of a later part cancels before that part is touched', async () => {
    const { fixture } = mixed();
    const buf = pattern(8);
    const write = fixture.space.rwAsync(5 * PAGE - 4, buf, true);
    fixture.space.unmap({ iova: 5 * PAGE, size: PAGE });
    const next = fixture.map(5 * PAGE, 1);
    expect(await rejectionOf(write)).toBe('ECANCELED');
    expect(next.bytes.subarray(0, 4)).toEqual(new Uint8Array(4));
  });

  test.each([true, false])('a buffer detached meanwhile is EFAULT, write %s', async (write) => {
    const { fixture, owner } = mixed();
    const buf = new Uint8Array(PAGE + 4);
    fixture.space.map({ iova: 3 * PAGE, size: PAGE, flags: RW, backing: owner });
    const pending = fixture.space.rwAsync(4 * PAGE - 4, buf, write);
    buf.buffer.transfer();
    owner.pending.shift()?.answer();
    expect(await rejectionOf(pending)).toBe('EFAULT');
  });

  test('tells the user that writes before and after', async () => {
    const { fixture, owner } = mixed();
    const write = fixture.space.rwAsync(4 * PAGE, pattern(4), true, fixture.user);
    expect(fixture.user.wrote).toEqual([[4 * PAGE, 4]]);
    owner.pending.shift()?.answer();
    await write;
    expect(fixture.user.wrote.length).toBe(2);
  });
});
