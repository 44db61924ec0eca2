import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test as base } from 'vitest';
import { flock } from '../../src/index.ts';

/** Two open files of one. */
const test = base.extend<{ fds: readonly [number, number] }>({
  // oxlint-disable-next-line no-empty-pattern
  fds: async ({}, use) => {
    const folder = mkdtempSync(join(tmpdir(), 'vfio-ts-flock-'));
    const path = join(folder, 'file');
    const fds = [openSync(path, 'w'), openSync(path, 'r')] as const;
    await use(fds);
    for (const fd of fds) closeSync(fd);
    rmSync(folder, { recursive: true });
  },
});

const taken = expect.objectContaining({ code: 'EAGAIN' });

test('a file that is locked cannot be locked by another', ({ fds: [a, b] }) => {
  flock(a, false);
  expect(() => flock(b, false)).toThrow(taken);
  expect(() => flock(b, true)).toThrow(taken);
});

test('shared locks do not exclude each other', ({ fds: [a, b] }) => {
  flock(a, true);
  flock(b, true);
  expect(() => flock(a, false)).toThrow(taken);
});

test('a descriptor that is none is EBADF', () => {
  expect(() => flock(-1, true)).toThrow(expect.objectContaining({ code: 'EBADF' }));
});
