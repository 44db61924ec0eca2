import { expect, test } from 'vitest';
import { writeCpio } from '../src/cpio.ts';
import type { CpioEntry } from '../src/cpio.ts';

const ENTRIES: readonly CpioEntry[] = [
  { kind: 'dir', path: 'bin', mode: 0o755 },
  { kind: 'file', path: 'bin/odd', mode: 0o644, data: Buffer.from('12345') },
  { kind: 'link', path: 'bin/sh', target: 'odd' },
  { kind: 'char', path: 'console', mode: 0o600, major: 5, minor: 1 },
];

function fields(archive: Buffer, at: number): number[] {
  const words = archive.toString('latin1', at + 6, at + 110).match(/.{8}/g) ?? [];
  return words.map((word) => Number.parseInt(word, 16));
}

test('members are padded to four bytes and end with the trailer', () => {
  const archive = writeCpio(ENTRIES);
  expect(archive.length % 4).toBe(0);
  expect(archive.toString('latin1', 0, 6)).toBe('070701');
  expect(archive.includes('TRAILER!!!\0')).toBe(true);
});

test('a file has its mode, size and name length', () => {
  const archive = writeCpio([ENTRIES[1]!]);
  const [ino, mode, uid, gid, links, , size, , , , , nameSize] = fields(archive, 0);
  expect([ino, mode, uid, gid, links, size, nameSize]).toEqual([1, 0o100644, 0, 0, 1, 5, 8]);
});

test('a device node has its numbers', () => {
  const [, mode, , , , , , , , major, minor] = fields(writeCpio([ENTRIES[3]!]), 0);
  expect([mode, major, minor]).toEqual([0o020600, 5, 1]);
});

test('equal entries give equal bytes', () => {
  expect(writeCpio(ENTRIES).equals(writeCpio(ENTRIES))).toBe(true);
});
