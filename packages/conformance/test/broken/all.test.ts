import { expect, test } from 'vitest';
import { BROKEN_DRIVERS } from '../../src/broken/index.ts';

test('there are at least 25 broken drivers, each with a name of its own', () => {
  expect(new Set(BROKEN_DRIVERS.map(({ name }) => name)).size).toBe(BROKEN_DRIVERS.length);
  expect(BROKEN_DRIVERS.length).toBeGreaterThanOrEqual(25);
});

test.each(BROKEN_DRIVERS)('$name: is caught by a statement', ({ caughtBy }) => {
  expect(caughtBy.length).toBeGreaterThan(0);
});
