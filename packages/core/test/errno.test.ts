import { describe, expect, test } from 'vitest';
import { ERRNO, errnoCode, isErrno, VfioError } from '../src/index.ts';

describe('VfioError', () => {
  test('has the name, the negative number, the operation and the cause', () => {
    const cause = new Error('beneath');
    const error = new VfioError('EBUSY', 'openGroup', 'is open already', { cause });
    expect([error.code, error.errno, error.op, error.cause]).toEqual([
      'EBUSY',
      -16,
      'openGroup',
      cause,
    ]);
    expect(error.message).toBe('EBUSY: openGroup: is open already');
  });
});

describe('isErrno', () => {
  test.for([
    [new VfioError('EINVAL', 'op', 'fact'), true],
    [Object.assign(new Error('of node'), { code: 'EINVAL' }), true],
    [new VfioError('ENODEV', 'op', 'fact'), false],
    [{ code: 'EINVAL' }, false],
    [new Error('EINVAL'), false],
    [undefined, false],
    [null, false],
  ] as const)('%o: %o', ([error, is]) => {
    expect(isErrno(error, 'EINVAL')).toBe(is);
  });
});

describe('errnoCode', () => {
  test.for(Object.entries(ERRNO))(
    '%s is found by its number, positive and negative',
    ([code, errno]) => {
      expect([errnoCode(errno), errnoCode(-errno)]).toEqual([code, code]);
    },
  );

  test.for([0, 1.5, Number.NaN, 4095])('%d has no name', (errno) => {
    expect(errnoCode(errno)).toBeUndefined();
  });

  test('no two names share a number', () => {
    const numbers = Object.values(ERRNO);
    expect(new Set(numbers).size).toBe(numbers.length);
  });
});
