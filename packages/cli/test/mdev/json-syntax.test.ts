import { array, assert, constantFrom, json, nat, oneof, property } from 'fast-check';
import { expect, test } from 'vitest';
import { jsonErrorAt } from '../../src/mdev/json-syntax.ts';

test.each([
  ['', 0],
  ['{', 1],
  ['{"a": 1\n', 8],
  ['{"a": }', 6],
  ['{"a" 1}', 5],
  ['{,}', 1],
  ['[1,]', 3],
  ['[1 2]', 3],
  ['{"a": 1,}', 8],
  ['{"a": 1]', 7],
  ['"a\nb"', 0],
  ['"a\u001F"', 0],
  ['nul', 0],
  ['1 2', 2],
  ['01', 1],
  [`${'['.repeat(100_000)}x`, 100_000],
])('%j is no JSON from %i on', (text, at) => {
  expect(jsonErrorAt(text)).toBe(at);
});

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

test('is of one mind with JSON.parse about texts that are nearly JSON', () => {
  const piece = constantFrom(
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    '"a"',
    '"',
    '1',
    '-',
    '.5',
    'null',
    ' ',
    '\n',
    '\\u00',
    '"\u007F\u009F\u2028"',
  );
  const broken = json().chain((text) =>
    nat(text.length).map((at) => text.slice(0, at) + text.slice(at + 1)),
  );
  const text = oneof(
    json(),
    broken,
    array(piece).map((pieces) => pieces.join('')),
  );
  assert(
    property(text, (one) => {
      expect(jsonErrorAt(one) === undefined).toBe(isJson(one));
    }),
    { numRuns: 2000 },
  );
});
