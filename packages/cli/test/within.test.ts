import { expect, test } from 'vitest';
import { within } from '../src/within.ts';

test('what comes in time is given, and so is what is there already', async () => {
  expect(await within(60_000, Promise.resolve(1))).toBe(1);
  expect(await within(60_000, 2)).toBe(2);
});

test('what fails fails with its own error', async () => {
  await expect(within(60_000, Promise.reject(new Error('no card')))).rejects.toThrow('no card');
});

test('what never comes fails in time', async () => {
  await expect(within(1, Promise.withResolvers<never>().promise)).rejects.toThrow(
    'it is not done after 0.001 s',
  );
});
