import { closeSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { CachedReader } from '../../src/cached-read.ts';
import { interceptCalls } from '../../src/native/faults.ts';
import { temporaryFolder } from './support.ts';

const SIZE = 8192;
const contents = Uint8Array.from({ length: SIZE }, (_, at) => at % 251);

let folder: ReturnType<typeof temporaryFolder>;
let fd: number;

beforeEach(() => {
  folder = temporaryFolder();
  const path = join(folder.path, 'file');
  // What was just written is in memory.
  writeFileSync(path, contents);
  fd = openSync(path, 'r');
});

afterEach(() => {
  closeSync(fd);
  folder[Symbol.dispose]();
});

const reader = new CachedReader();

test('what is in memory is read at once, from where it was asked for', () => {
  const into = new Uint8Array(4096);
  expect(reader.read(fd, into, 100)).toBe(4096);
  expect(into).toEqual(contents.subarray(100, 4196));
});

test('a part of a buffer is filled and nothing beside it', () => {
  const whole = new Uint8Array(300).fill(0xee);
  expect(reader.read(fd, whole.subarray(100, 200), 0)).toBe(100);
  expect(whole.subarray(100, 200)).toEqual(contents.subarray(0, 100));
  expect([whole[99], whole[200]]).toEqual([0xee, 0xee]);
});

test('the end of the file is told by fewer bytes', () => {
  const into = new Uint8Array(4096);
  expect(reader.read(fd, into, SIZE - 10)).toBe(10);
  expect(reader.read(fd, into, SIZE)).toBe(0);
});

test.each([
  ['the disk has to be waited for', 11],
  ['the file system cannot tell', 95],
  ['the disk fails', 5],
])('%s: nothing was read', (_, errno) => {
  using fault = interceptCalls((call) => (call === 'preadv2' ? errno : 0));
  expect(reader.read(fd, new Uint8Array(4096), 0)).toBe(-1);
  expect(fault).toBeDefined();
});
