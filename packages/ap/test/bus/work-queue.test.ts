import { expect, test } from 'vitest';
import { WorkQueue } from '../../src/bus/work-queue.ts';

test('work of an idle queue starts before run returns', () => {
  const work = new WorkQueue();
  let isStarted = false;
  void work.run(() => {
    isStarted = true;
  });
  expect(isStarted).toBe(true);
});

test('work waits until the work before it has ended', async () => {
  const work = new WorkQueue();
  const order: string[] = [];
  const gate = Promise.withResolvers<void>();
  const first = work.run(async () => {
    order.push('first starts');
    await gate.promise;
    order.push('first ends');
  });
  const second = work.run(() => order.push('second'));
  const third = work.run(() => order.push('third'));
  expect(order).toEqual(['first starts']);
  gate.resolve();
  await Promise.all([first, second, third]);
  expect(order).toEqual(['first starts', 'first ends', 'second', 'third']);
});

test('what work throws is the answer to who asked, and nobody else is held up', async () => {
  const work = new WorkQueue();
  const failed = work.run(() => Promise.reject(new Error('no')));
  const next = work.run(() => 5);
  await expect(failed).rejects.toThrow('no');
  await expect(next).resolves.toBe(5);
});

test('a queue is busy from the start of its first work to the end of its last', async () => {
  const work = new WorkQueue();
  expect(work.isBusy).toBe(false);
  const both = [work.run(() => Promise.resolve()), work.run(() => Promise.resolve())];
  expect(work.isBusy).toBe(true);
  await both[0];
  expect(work.isBusy).toBe(true);
  await both[1];
  expect(work.isBusy).toBe(false);
});
