import { closeSync, ftruncateSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { DmaBacking } from '@vfio-ts/core';
import { OwnedFd } from '../../src/fd.ts';
import { mapClientMemory, mapRegion, type MappingPolicy } from '../../src/mapping.ts';
import { F_SEAL_SHRINK } from '../../src/native/constants.ts';
import * as libc from '../../src/native/libc.ts';
import { PAGE_SIZE } from '../../src/native/memory.ts';
import { fdCensus, temporaryFolder } from './support.ts';

const BOTH = { read: true, write: true };
const READ = { read: true, write: false };

function memfd(pages: number, seals = 0): OwnedFd {
  const fd = new OwnedFd(libc.memfdCreate('client'));
  libc.ftruncate(fd.number, pages * PAGE_SIZE);
  if (seals !== 0) libc.addSeals(fd.number, seals);
  onTestFinished(() => fd.close());
  return fd;
}

function fileBytes(backing: DmaBacking): Uint8Array {
  const into = new Uint8Array(4);
  if (backing.kind === 'file') backing.read(0, into);
  return into;
}

const kinds: readonly (readonly [MappingPolicy, number, string])[] = [
  ['sealed', F_SEAL_SHRINK, 'mapped'],
  ['sealed', 0, 'file'],
  ['trusted', 0, 'mapped'],
  ['never', F_SEAL_SHRINK, 'file'],
];

test.for(kinds)('policy %s with seals %s gives a %s backing', ([policy, seals, kind]) => {
  const backing = mapClientMemory(memfd(2, seals), 0, 2 * PAGE_SIZE, BOTH, policy);
  expect(backing.kind).toBe(kind);
  backing.revoke();
});

test('what the device writes to a mapping is in the file of the client', () => {
  const fd = memfd(3, F_SEAL_SHRINK);
  using client = fd.dup();
  const backing = mapClientMemory(fd, PAGE_SIZE, PAGE_SIZE, BOTH, 'sealed');
  if (backing.kind === 'mapped') backing.bytes[0] = 0x5a;
  backing.revoke();
  const seen = mapClientMemory(client.dup(), PAGE_SIZE, PAGE_SIZE, BOTH, 'never');
  expect(fileBytes(seen)[0]).toBe(0x5a);
  seen.revoke();
});

test('a write to a read-only mapping reaches nobody and does not end the process', () => {
  const fd = memfd(1, F_SEAL_SHRINK);
  using client = fd.dup();
  const backing = mapClientMemory(fd, 0, PAGE_SIZE, READ, 'sealed');
  if (backing.kind === 'mapped') backing.bytes[0] = 0x5a;
  const seen = mapClientMemory(client.dup(), 0, PAGE_SIZE, BOTH, 'never');
  expect(fileBytes(seen)[0]).toBe(0);
  seen.revoke();
  backing.revoke();
});

test('a read-only mapping shows what the client writes', () => {
  const fd = memfd(1, F_SEAL_SHRINK);
  using client = fd.dup();
  const backing = mapClientMemory(fd, 0, PAGE_SIZE, READ, 'sealed');
  const writer = mapClientMemory(client.dup(), 0, PAGE_SIZE, BOTH, 'never');
  if (writer.kind === 'file') writer.write(7, Uint8Array.of(3));
  expect(backing.kind === 'mapped' && backing.bytes[7]).toBe(3);
  writer.revoke();
  backing.revoke();
});

test('revoke detaches the bytes', () => {
  const backing = mapClientMemory(memfd(1, F_SEAL_SHRINK), 0, PAGE_SIZE, BOTH, 'sealed');
  const bytes = backing.kind === 'mapped' ? backing.bytes : undefined;
  backing.revoke();
  expect(bytes?.length).toBe(0);
});

test.for(['mapped', 'file'] as const)('a revoked %s backing keeps no descriptor', (kind) => {
  using _ = fdCensus();
  const fd = new OwnedFd(libc.memfdCreate('client'));
  libc.ftruncate(fd.number, PAGE_SIZE);
  const policy = kind === 'mapped' ? 'trusted' : 'never';
  const backing = mapClientMemory(fd, 0, PAGE_SIZE, BOTH, policy);
  expect(backing.kind).toBe(kind);
  backing.revoke();
  expect(fd.number).toBe(-1);
});

test('a file that became shorter is EFAULT to read and to write, and stays short', () => {
  const fd = memfd(2);
  using client = fd.dup();
  const backing = mapClientMemory(fd, 0, 2 * PAGE_SIZE, BOTH, 'sealed');
  libc.ftruncate(client.number, PAGE_SIZE);
  const efault = expect.objectContaining({ code: 'EFAULT' });
  if (backing.kind !== 'file') throw new Error('expected a file backing');
  expect(() => backing.read(PAGE_SIZE, new Uint8Array(4))).toThrow(efault);
  expect(() => backing.write(PAGE_SIZE - 2, new Uint8Array(4))).toThrow(efault);
  expect(libc.fstat(client.number).size).toBe(PAGE_SIZE);
  backing.revoke();
});

test('a revoked file backing is EFAULT', () => {
  const backing = mapClientMemory(memfd(1), 0, PAGE_SIZE, BOTH, 'sealed');
  backing.revoke();
  expect(() => fileBytes(backing)).toThrow(expect.objectContaining({ code: 'EFAULT' }));
});

test('an access outside the range of a file backing is EFAULT', () => {
  const backing = mapClientMemory(memfd(2), 0, PAGE_SIZE, BOTH, 'sealed');
  if (backing.kind !== 'file') throw new Error('expected a file backing');
  const efault = expect.objectContaining({ code: 'EFAULT' });
  expect(() => backing.read(PAGE_SIZE - 2, new Uint8Array(4))).toThrow(efault);
  expect(() => backing.write(-1, new Uint8Array(4))).toThrow(efault);
  backing.revoke();
});

test.for([
  ['past the end of the file', 0, 3 * PAGE_SIZE],
  ['behind the end of the file', 2 * PAGE_SIZE, PAGE_SIZE],
  ['not page aligned', 16, 64],
  ['negative', -PAGE_SIZE, PAGE_SIZE],
  ['empty', 0, 0],
  ['beyond what can be counted', 2 ** 53 - PAGE_SIZE, 2 ** 53 - 1],
] as const)('a range that is %s throws EINVAL and leaves the descriptor', ([, offset, size]) => {
  for (const policy of ['sealed', 'trusted', 'never'] as const) {
    const fd = memfd(2);
    expect(() => mapClientMemory(fd, offset, size, BOTH, policy)).toThrow(
      expect.objectContaining({ code: 'EINVAL' }),
    );
    expect(fd.number).toBeGreaterThanOrEqual(0);
  }
});

test.for(['/dev/zero', '/dev/null', '/proc/self'])('%s is refused with EINVAL', (path) => {
  using fd = new OwnedFd(openSync(path, 'r'));
  expect(() => mapClientMemory(fd, 0, PAGE_SIZE, READ, 'trusted')).toThrow(
    expect.objectContaining({ code: 'EINVAL' }),
  );
});

// A file of sysfs has a size and can be read, and is no memory.
const SYSFS = '/sys/devices/system/cpu/online';

test.for(['sealed', 'never'] as const)('policy %s refuses a file that is no memory', (policy) => {
  using fd = new OwnedFd(openSync(SYSFS, 'r'));
  expect(() => mapClientMemory(fd, 0, PAGE_SIZE, READ, policy)).toThrow(
    expect.objectContaining({ code: 'EPERM' }),
  );
  expect(fd.number).toBeGreaterThanOrEqual(0);
});

test('policy trusted takes a file that is no memory', () => {
  const fd = new OwnedFd(openSync(import.meta.filename, 'r'));
  const backing = mapClientMemory(fd, 0, 1024, READ, 'trusted');
  expect(backing.kind).toBe('mapped');
  backing.revoke();
});

test('a client that wants pread and pwrite gets them under every policy', () => {
  for (const policy of ['sealed', 'trusted', 'never'] as const) {
    const backing = mapClientMemory(memfd(1, F_SEAL_SHRINK), 0, PAGE_SIZE, BOTH, policy, true);
    expect(backing.kind).toBe('file');
    backing.revoke();
  }
});

test('a file opened for reading is EACCES for a device that writes', () => {
  using folder = temporaryFolder();
  const path = join(folder.path, 'memory');
  writeFileSync(path, '');
  const writer = openSync(path, 'r+');
  ftruncateSync(writer, PAGE_SIZE);
  closeSync(writer);
  for (const policy of ['trusted', 'never'] as const) {
    using fd = new OwnedFd(openSync(path, 'r'));
    expect(() => mapClientMemory(fd, 0, PAGE_SIZE, BOTH, policy)).toThrow(
      expect.objectContaining({ code: 'EACCES' }),
    );
  }
});

test.for([
  ['longer than its file', 0, 3 * PAGE_SIZE],
  ['behind the end of its file', 2 * PAGE_SIZE, PAGE_SIZE],
  ['not page aligned in its file', 16, 64],
  ['empty', 0, 0],
] as const)('a region that is %s cannot be mapped: EINVAL', ([, offset, size]) => {
  for (const writable of [true, false]) {
    expect(() => mapRegion(memfd(2), offset, size, writable)).toThrow(
      expect.objectContaining({ code: 'EINVAL' }),
    );
  }
});

test('a region over what is no file cannot be mapped: EINVAL', () => {
  using fd = new OwnedFd(openSync('/dev/zero', 'r'));
  expect(() => mapRegion(fd, 0, PAGE_SIZE, false)).toThrow(
    expect.objectContaining({ code: 'EINVAL' }),
  );
});

test('a region is mapped to its last byte, and its descriptor stays', () => {
  const fd = memfd(2);
  const mapping = mapRegion(fd, PAGE_SIZE, PAGE_SIZE, true);
  mapping.bytes[PAGE_SIZE - 1] = 7;
  mapping.unmap();
  expect(fd.number).toBeGreaterThanOrEqual(0);
  expect(libc.fstat(fd.number).size).toBe(2 * PAGE_SIZE);
});
