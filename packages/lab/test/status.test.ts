import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { labForTest } from '../src/for-test.ts';
import { labDir, labPaths } from '../src/paths.ts';
import { labStatus, missingStatus } from '../src/status.ts';
import type { LabReady } from '../src/status.ts';
import { statusText } from '../src/status-text.ts';
import { tempDir } from './temp-dir.ts';

const READY: LabReady = {
  ready: true,
  dir: '/lab',
  qemu: { command: '/usr/bin/qemu-system-x86_64', args: [], env: {} },
  qemuVersion: '11.1.3',
  initramfs: '/lab/initramfs/initramfs.cpio.gz',
  font: '/lab/font/vga16.psf',
  s390: '/lab/s390',
  kernels: {
    stable: { image: '/lab/kernel/vmlinuz', release: '6.12.1', i915: '/lab/kernel/i915.cpio.gz' },
    backports: { image: '/lab/7/vmlinuz', release: '7.3.1', i915: '/lab/7/i915.cpio.gz' },
  },
  igt: '/lab/igt/igt.cpio.gz',
};

test("the cache folder is the variable's, else the user's cache", () => {
  expect(labDir({ VFIO_TS_LAB_DIR: '/own', XDG_CACHE_HOME: '/cache' })).toBe('/own');
  expect(labDir({ XDG_CACHE_HOME: '/cache' })).toBe('/cache/vfio-ts/lab');
  expect(labDir({ VFIO_TS_LAB_DIR: '' })).toMatch(/\/\.cache\/vfio-ts\/lab$/);
  expect(labPaths('/x').kernel).toBe('/x/kernel');
});

test('an empty folder is not ready, and the status says how to get there', () => {
  using temp = tempDir();
  const status = labStatus(join(temp.path, 'lab'));
  if (status.ready) throw new Error('ready without anything');
  expect(status.missing).toContain('kernel');
  expect(status.missing).toContain(temp.path);
  expect(status.howTo).toContain('lab setup');
});

test('the texts for a person name versions, or what is missing and the command', () => {
  expect(statusText(READY)).toContain('11.1.3');
  expect(statusText(READY)).toContain("this machine's /usr/bin/qemu-system-x86_64");
  const text = statusText(missingStatus('/lab', ['initramfs']));
  expect(text).toContain("the guest's initramfs");
  expect(text).toContain('npx pnpm@12 lab setup');
});

test('a test with a lab gets it and is not skipped', () => {
  const skip = vi.fn<(reason: string) => never>();
  expect(labForTest({ skip }, READY, {})).toBe(READY);
  expect(skip).not.toHaveBeenCalled();
});

test('a test without a lab is skipped with how to get it, or fails where clients are required', () => {
  const missing = missingStatus('/lab', ['qemu']);
  const skip = vi.fn<(reason: string) => never>(() => {
    throw new Error('skipped');
  });
  expect(() => labForTest({ skip }, missing, {})).toThrow('skipped');
  expect(skip.mock.calls[0]?.[0]).toContain('lab setup');
  const required = { VFIO_TS_REQUIRE_CLIENTS: '1' };
  expect(() => labForTest({ skip }, missing, required)).toThrow('no guest lab');
  expect(skip).toHaveBeenCalledTimes(1);
});
