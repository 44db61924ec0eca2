import { join } from 'node:path';
import { expect, test } from 'vitest';
import { takeLock } from '../src/lock.ts';
import { tempDir } from './temp-dir.ts';

test('a second taker is told who holds the lock, and gets it after the first', async () => {
  using temp = tempDir();
  const path = join(temp.path, 'deep', 'lock');
  const order: string[] = [];
  const first = await takeLock(path, () => {});
  const busy = Promise.withResolvers<string>();
  const takeSecond = async (): Promise<void> => {
    await using lock = await takeLock(path, busy.resolve);
    order.push(`second taken at ${lock.path}`);
  };
  const second = takeSecond();
  expect(await busy.promise).toBe(String(process.pid));
  order.push('first released');
  await first[Symbol.asyncDispose]();
  await second;
  expect(order).toEqual(['first released', `second taken at ${path}`]);
});

test('a lock can be taken again once it is released', async () => {
  using temp = tempDir();
  const path = join(temp.path, 'lock');
  const waits: string[] = [];
  for (const round of ['one', 'two']) {
    // oxlint-disable-next-line no-await-in-loop -- the rounds are meant to follow each other
    await using lock = await takeLock(path, () => waits.push(round));
    expect(lock.path).toBe(path);
  }
  expect(waits).toEqual([]);
});
