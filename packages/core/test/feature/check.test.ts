import { expect, test } from 'vitest';

import { checkFeature } from '../../src/feature/check.ts';
import { GET, PROBE, SET, withCode } from './fixture.ts';

const GOOD = [
  ['GET with exactly the room', GET, 16, GET, 8, 'go'],
  ['SET with more room', SET, 17, GET | SET, 8, 'go'],
  ['no data needed', SET, 8, SET, 0, 'go'],
  ['PROBE alone', PROBE, 8, GET, 8, 'probe'],
  ['PROBE of GET and SET at once', PROBE | GET | SET, 8, GET | SET, 8, 'probe'],
  ['the index in the flags does not matter', GET | 9, 16, GET, 8, 'go'],
] as const;

test.each(GOOD)('%s', (_, flags, argsz, supported, minsz, result) => {
  expect(checkFeature(flags, argsz, supported, minsz)).toBe(result);
});

const BAD = [
  ['SET of a GET-only feature', SET, 16, GET, 8],
  ['PROBE of GET and SET of a GET-only feature', PROBE | GET | SET, 16, GET, 8],
  ['PROBE of SET of a GET-only feature', PROBE | SET, 16, GET, 8],
  ['neither operation', 0, 16, GET, 8],
  ['one byte short', GET, 15, GET, 8],
  ['no room at all', GET, 8, GET, 8],
] as const;

test.each(BAD)('%s throws EINVAL', (_, flags, argsz, supported, minsz) => {
  expect(() => checkFeature(flags, argsz, supported, minsz)).toThrow(withCode('EINVAL'));
});
