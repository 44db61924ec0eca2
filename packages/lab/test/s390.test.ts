import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { labForTest, programForTest } from '../src/for-test.ts';
import { runS390 } from '../src/s390.ts';
import { tempDir } from './temp-dir.ts';

test('a program of s390x runs here, with what it says and how it ended', async (ctx) => {
  const { s390 } = labForTest(ctx);
  const version = await runS390(s390, 'usr/sbin/lszcrypt', ['--version']);
  expect(version).toMatchObject({ exitStatus: 0, output: expect.stringContaining('lszcrypt') });
  using temp = tempDir();
  mkdirSync(join(temp.path, 'bus/ap'), { recursive: true });
  const env = { SYSFS_ROOT: temp.path };
  const empty = await runS390(s390, 'usr/sbin/lszcrypt', [], env);
  expect(empty.exitStatus).toBe(1);
  expect(empty.output).toContain('No crypto card devices found');
});

test('a test with its program gets the path', () => {
  const skip = vi.fn<(reason: string) => never>();
  expect(programForTest({ skip }, 'sh', 'dash')).toMatch(/\/sh$/);
  expect(skip).not.toHaveBeenCalled();
});

test('a test without its program is skipped with the package, or fails where clients are required', () => {
  const skip = vi.fn<(reason: string) => never>(() => {
    throw new Error('skipped');
  });
  expect(() => programForTest({ skip }, 'no-such', 'no-package', {})).toThrow('skipped');
  expect(skip.mock.calls[0]?.[0]).toContain('apt-get install no-package');
  const required = { VFIO_TS_REQUIRE_CLIENTS: '1' };
  expect(() => programForTest({ skip }, 'no-such', 'no-package', required)).toThrow('no no-such');
});
