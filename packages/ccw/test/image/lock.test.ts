import { link, open, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test as base } from 'vitest';
import { VfioError } from '@vfio-ts/core';
import { flock } from '@vfio-ts/vfio-user';
import { flockLock, socketLock } from '../../src/image/lock.ts';
import type { ImageLock } from '../../src/image/lock.ts';
import { openImage } from '../../src/image/open.ts';
import { smallVolume } from './support-tracks.ts';
import { inFolder } from './support.ts';
import type { InFolder } from './support.ts';

const test = base.extend<InFolder>(inFolder);

async function volume(folder: string): Promise<string> {
  const path = join(folder, 'volume.ckd');
  await writeFile(path, smallVolume(2));
  return path;
}

const busy = { code: 'EBUSY', message: expect.stringContaining('volume.ckd') };

test('a second store that writes is EBUSY, naming the file', async ({ folder }) => {
  const path = await volume(folder);
  const store = await openImage(path);
  await expect(openImage(path)).rejects.toMatchObject(busy);
  await store.close();
});

test('nobody reads while one writes', async ({ folder }) => {
  const path = await volume(folder);
  const store = await openImage(path);
  await expect(openImage(path, { isReadOnly: true })).rejects.toMatchObject(busy);
  await store.close();
});

test('many read, and nobody writes meanwhile', async ({ folder }) => {
  const path = await volume(folder);
  const readers = [];
  for (let count = 0; count < 5; count += 1)
    readers.push(await openImage(path, { isReadOnly: true }));
  await expect(openImage(path)).rejects.toMatchObject(busy);
  await Promise.all(readers.map((reader) => reader.close()));
  const store = await openImage(path);
  await store.close();
});

test('another name of the same file does not get around it', async ({ folder }) => {
  const path = await volume(folder);
  const store = await openImage(path);
  await link(path, join(folder, 'hard-volume.ckd'));
  await symlink(path, join(folder, 'soft-volume.ckd'));
  for (const name of ['hard-volume.ckd', 'soft-volume.ckd']) {
    await expect(openImage(join(folder, name))).rejects.toMatchObject(busy);
  }
  await store.close();
});

test('a lock is free after close, and after an open that failed', async ({ folder }) => {
  const path = await volume(folder);
  await (await openImage(path)).close();
  await writeFile(path, smallVolume(2).fill(0, 0, 8));
  await expect(openImage(path)).rejects.toMatchObject({ code: 'EINVAL' });
  await writeFile(path, smallVolume(2));
  await (await openImage(path)).close();
});

test('of many that open at one time at most one writes', async ({ folder }) => {
  const path = await volume(folder);
  const tries = await Promise.allSettled([
    openImage(path),
    openImage(path, { isReadOnly: true }),
    openImage(path),
    openImage(path, { isReadOnly: true }),
    openImage(path),
  ]);
  const stores = tries.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
  const writers = stores.filter(({ isReadOnly }) => !isReadOnly);
  expect(writers.length === 0 || stores.length === 1).toBe(true);
  await Promise.all(stores.map((store) => store.close()));
});

test('64 read at one time, no more', async ({ folder }) => {
  const path = await volume(folder);
  const handle = await open(path);
  const file = { path, fd: handle.fd, inode: 'test of many readers' };
  const releases = await Promise.all(
    Array.from({ length: 64 }, () => socketLock.acquire(file, true)),
  );
  await expect(socketLock.acquire(file, true)).rejects.toMatchObject(busy);
  await Promise.all(releases.map((release) => release()));
  await handle.close();
});

test('locks are taken in order and given back in reverse', async ({ folder }) => {
  const path = await volume(folder);
  const calls: string[] = [];
  const named = (name: string): ImageLock => ({
    acquire: async (_, isShared) => {
      calls.push(`${name} ${isShared}`);
      return async () => {
        calls.push(`${name} back`);
      };
    },
  });
  const store = await openImage(path, { locks: [named('a'), named('b')] });
  await store.close();
  expect(calls).toEqual(['a false', 'b false', 'b back', 'a back']);
});

test('a lock that is refused gives back those before it', async ({ folder }) => {
  const path = await volume(folder);
  const refuse: ImageLock = {
    acquire: () => Promise.reject(new VfioError('EBUSY', 'openImage', 'volume.ckd')),
  };
  await expect(openImage(path, { locks: [socketLock, refuse] })).rejects.toMatchObject(busy);
  await (await openImage(path)).close();
});

test.each([
  ['EAGAIN', 'EBUSY'],
  ['ENOSYS', 'ENOSYS'],
] as const)('a flock that throws %s is %s', async (thrown, code) => {
  const lock = flockLock(() => {
    throw new VfioError(thrown, 'flock', 'descriptor 3');
  });
  const file = { path: 'volume.ckd', fd: 3, inode: '1:2' };
  await expect(lock.acquire(file, false)).rejects.toMatchObject({ code });
});

test('flock keeps others away by itself, and goes with the store', async ({ folder }) => {
  const path = await volume(folder);
  const locks = [flockLock(flock)];
  const reader = await openImage(path, { locks, isReadOnly: true });
  const second = await openImage(path, { locks, isReadOnly: true });
  await expect(openImage(path, { locks })).rejects.toMatchObject(busy);
  await reader.close();
  await second.close();
  const writer = await openImage(path, { locks });
  await expect(openImage(path, { locks, isReadOnly: true })).rejects.toMatchObject(busy);
  await writer.close();
});
