import { expect, test } from 'vitest';
import { InTurns } from '../../src/soft/in-turns.ts';

/** A turn of Node, with all that was to be done in it. */
function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

/** What is done, and a clock that goes on by a part of a millisecond with each item. */
function pieces(milliseconds: number): {
  readonly done: number[];
  readonly turns: InTurns<number>;
} {
  const done: number[] = [];
  let now = 0;
  const turns = new InTurns<number>(
    (item) => {
      now += milliseconds;
      done.push(item);
    },
    () => now,
  );
  return { done, turns };
}

test('nothing is done before the turn that comes', async () => {
  const { done, turns } = pieces(0);
  turns.push(1);
  await Promise.resolve();
  expect(done).toEqual([]);
  await turn();
  expect(done).toEqual([1]);
});

test('a turn ends after half a millisecond, and the next goes on where it ended', async () => {
  const { done, turns } = pieces(0.2);
  for (const item of [1, 2, 3, 4, 5]) turns.push(item);
  await turn();
  expect(done).toEqual([1, 2, 3]);
  await turn();
  expect(done).toEqual([1, 2, 3, 4, 5]);
});

test('an item that takes longer than a turn is done alone', async () => {
  const { done, turns } = pieces(7);
  turns.push(1);
  turns.push(2);
  await turn();
  expect(done).toEqual([1]);
  await turn();
  expect(done).toEqual([1, 2]);
});

test('what is forgotten is not done, and what comes afterwards is', async () => {
  const { done, turns } = pieces(0);
  turns.push(1);
  turns.clear();
  turns.push(2);
  await turn();
  await turn();
  expect(done).toEqual([2]);
});

test('items that work forgets are not done', async () => {
  const done: number[] = [];
  const turns = new InTurns<number>((item) => {
    done.push(item);
    turns.clear();
  });
  turns.push(1);
  turns.push(2);
  await turn();
  await turn();
  expect(done).toEqual([1]);
});
