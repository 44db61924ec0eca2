import { expect, test } from 'vitest';
import { KeyCache } from '../../src/soft/key-cache.ts';

test('the ones used last are kept, and the others made again', () => {
  const cache = new KeyCache<string>(2);
  const made: string[] = [];
  const use = (name: string): string =>
    cache.get(name, () => {
      made.push(name);
      return `value of ${name}`;
    });
  expect(['a', 'b', 'a', 'c', 'a', 'b'].map(use)).toEqual(
    ['a', 'b', 'a', 'c', 'a', 'b'].map((name) => `value of ${name}`),
  );
  expect(made).toEqual(['a', 'b', 'c', 'b']);
});
