import { lstatSync, mkdtempSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { parseDump, type SysfsDump } from '../src/sysfs/dump.ts';
import { writeTree } from '../src/sysfs/write-tree.ts';

const DUMP: SysfsDump = [
  { kind: 'directory', path: 'bus/ap' },
  { kind: 'file', path: 'bus/ap/scans', mode: 0o644, text: '1\n' },
  { kind: 'file', path: 'devices/matrix/create', mode: 0o200 },
  { kind: 'link', path: 'bus/ap/matrix', target: 'devices/matrix' },
];

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'vfio-ts-test-'));
  onTestFinished(() => rmSync(path, { recursive: true }));
  return path;
}

test('a tree becomes folders, files with their modes, and relative links', () => {
  const path = join(folder(), 'sys');
  writeTree(DUMP, path);
  expect(readFileSync(join(path, 'bus/ap/scans'), 'utf8')).toBe('1\n');
  expect(lstatSync(join(path, 'devices/matrix/create')).mode & 0o777).toBe(0o200);
  expect(readlinkSync(join(path, 'bus/ap/matrix'))).toBe('../../devices/matrix');
});

test('a folder with something in it is left alone', () => {
  const path = folder();
  writeFileSync(join(path, 'mine'), '');
  expect(() => writeTree(DUMP, path)).toThrow('EEXIST');
});

test('what another process tells is taken as a tree', () => {
  expect(parseDump(JSON.parse(JSON.stringify(DUMP)))).toEqual(DUMP);
});

test.each<readonly [string, unknown]>([
  ['no list', {}],
  ['no entries', [1]],
  ['an unknown kind', [{ kind: 'socket', path: 'a' }]],
  ['a path out of the folder', [{ kind: 'directory', path: '../a' }]],
  ['an absolute path', [{ kind: 'directory', path: '/etc' }]],
  ['a link out of the folder', [{ kind: 'link', path: 'a', target: '../../etc' }]],
  ['a file without a mode', [{ kind: 'file', path: 'a' }]],
  ['a text that is none', [{ kind: 'file', path: 'a', mode: 0o444, text: 1 }]],
])('%s is refused', (_what, told) => {
  expect(() => parseDump(told)).toThrow('EPROTO');
});
