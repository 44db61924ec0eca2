import { expect, test } from 'vitest';
import { keyName, KeyCache } from '../../src/soft/key-cache.ts';

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

test('other numbers, or the same bytes in numbers of other sizes, have another name', () => {
  const one = Uint8Array.of(1);
  const names = [
    [],
    [one],
    [one, one],
    [Uint8Array.of(1, 1)],
    [Uint8Array.of(0, 1)],
    [one, Uint8Array.of(0xff)],
  ];
  expect(new Set(names.map(keyName)).size).toBe(names.length);
  expect(keyName([Uint8Array.of(1)])).toBe(keyName([one]));
});
