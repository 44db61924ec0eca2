import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { type ErrnoCode, VfioError } from '../../src/index.ts';
import { endLogging } from '../../src/feature/logging.ts';
import { bytesOf, featureOps, GET, SET, setUp, u32, u64, withCode } from './fixture.ts';

const U64_TOP = 2n ** 64n;
const IOVA_TOP = 2n ** 52n;

type Range = readonly [number | bigint, number | bigint];

function startData(pageSize: number | bigint, ranges: readonly Range[], count = ranges.length) {
  const parts = ranges.map(([iova, length]) => bytesOf(u64(iova), u64(length)));
  return bytesOf(u64(pageSize), u32(count), u32(0), ...parts);
}

const manyRanges = (count: number): Range[] =>
  Array.from({ length: count }, (_, index) => [index * 0x1000, 0x1000]);

describe('DMA_LOGGING_START', () => {
  test('the ranges reach the driver in ascending order', () => {
    const { driver, target, feature } = setUp();
    const data = startData(0x1000, [
      [0x8000, 0x2000],
      [0x1000, 0x1000],
    ]);
    expect(feature({ flags: 6 | SET, data })).toEqual(data);
    expect(driver.logged).toEqual([
      { iova: 0x1000, length: 0x1000 },
      { iova: 0x8000, length: 0x2000 },
    ]);
    expect(target.logging.started).toBe(true);
  });

  test('the page size really used is in the reply', () => {
    const { driver, feature } = setUp();
    driver.pageSizeUsed = 0x10000;
    const reply = feature({ flags: 6 | SET, data: startData(0x1000, [[0, 0x1000]]) });
    expect(reply).toEqual(startData(0x10000, [[0, 0x1000]]));
  });

  test.each([1, 256])('%i ranges are possible', (count) => {
    const { driver, feature } = setUp();
    feature({ flags: 6 | SET, data: startData(0x1000, manyRanges(count)) });
    expect(driver.logged).toHaveLength(count);
  });

  test('adjacent ranges and the last address are possible', () => {
    const { driver, feature } = setUp();
    const data = startData(0x1000, [
      [0x1000, 0x1000],
      [0x2000, 0x1000],
      [IOVA_TOP - 0x1000n, 0x1000],
    ]);
    feature({ flags: 6 | SET, data });
    expect(driver.logged).toHaveLength(3);
  });

  test('no ranges mean everything where the interface says so', () => {
    const { driver, feature } = setUp();
    feature({ flags: 6 | SET, data: startData(0x1000, []) }, { emptyMeansAll: true });
    expect(driver.logged).toEqual([{ iova: 0, length: 2 ** 52 }]);
  });

  const UNALIGNED: Range = [0x800, 0x1000];
  const WRAPPING: Range = [U64_TOP - 0x1000n, 0x1000];
  const BAD: readonly (readonly [string, ErrnoCode, Uint8Array])[] = [
    ['no ranges', 'EINVAL', startData(0x1000, [])],
    ['257 ranges', 'E2BIG', startData(0x1000, manyRanges(257))],
    ['257 ranges, none of them there', 'E2BIG', startData(0x1000, [], 257)],
    ['2^32 - 1 ranges', 'E2BIG', startData(0x1000, [], 0xffff_ffff)],
    ['257 ranges and page size 0', 'E2BIG', startData(0, [], 257)],
    ['fewer ranges than announced', 'EINVAL', startData(0x1000, manyRanges(2), 3)],
    ['half a range', 'EINVAL', startData(0x1000, manyRanges(1)).slice(0, -1)],
    ['half a control', 'EINVAL', startData(0x1000, manyRanges(1)).slice(0, 15)],
    ['page size 0', 'EINVAL', startData(0, [[0, 0]])],
    ['page size 0x3000', 'EINVAL', startData(0x3000, [[0, 0x3000]])],
    ['page size 2^63', 'EINVAL', startData(2n ** 63n, [[0, 2n ** 63n]])],
    ['an unaligned iova', 'EINVAL', startData(0x1000, [UNALIGNED])],
    ['an unaligned length', 'EINVAL', startData(0x1000, [[0x1000, 0x1800]])],
    ['an unaligned range that wraps', 'EINVAL', startData(0x1000, [[U64_TOP - 0x800n, 0x1000]])],
    ['a range up to 2^64', 'EOVERFLOW', startData(0x1000, [WRAPPING])],
    ['a range past 2^64', 'EOVERFLOW', startData(0x1000, [[U64_TOP - 0x1000n, 0x2000]])],
    [
      'a wrapping range before an unaligned one',
      'EOVERFLOW',
      startData(0x1000, [WRAPPING, UNALIGNED]),
    ],
    [
      'an unaligned range before a wrapping one',
      'EINVAL',
      startData(0x1000, [UNALIGNED, WRAPPING]),
    ],
    [
      'an overlap before a wrapping range',
      'EINVAL',
      startData(0x1000, [[0, 0x1000], [0, 0x1000], WRAPPING]),
    ],
    ['a range past all addresses', 'EINVAL', startData(0x1000, [[IOVA_TOP - 0x1000n, 0x2000]])],
    ['an empty range', 'EINVAL', startData(0x1000, [[0x1000, 0]])],
    [
      'the same range twice',
      'EINVAL',
      startData(0x1000, [
        [0, 0x1000],
        [0, 0x1000],
      ]),
    ],
    [
      'a range inside another',
      'EINVAL',
      startData(0x1000, [
        [0, 0x4000],
        [0x1000, 0x1000],
      ]),
    ],
    [
      'a range around another',
      'EINVAL',
      startData(0x1000, [
        [0x1000, 0x1000],
        [0, 0x4000],
      ]),
    ],
    [
      'ranges that share their last page',
      'EINVAL',
      startData(0x1000, [
        [0x2000, 0x2000],
        [0, 0x3000],
      ]),
    ],
  ];

  test.each(BAD)('%s throws %s and starts nothing', (_, code, data) => {
    const { driver, target, feature } = setUp();
    expect(() => feature({ flags: 6 | SET, data })).toThrow(withCode(code));
    expect(driver.calls).toEqual([]);
    expect(target.logging.started).toBe(false);
  });

  test('page size 0 throws EINVAL where no ranges mean everything', () => {
    const { driver, feature } = setUp();
    const request = { flags: 6 | SET, data: startData(0, []) };
    expect(() => feature(request, { emptyMeansAll: true })).toThrow(withCode('EINVAL'));
    expect(driver.calls).toEqual([]);
  });

  test('data shorter than argsz says throws EINVAL', () => {
    const { feature } = setUp();
    const data = startData(0x1000, [], 1);
    expect(() => feature({ argsz: 40, flags: 6 | SET, data })).toThrow(withCode('EINVAL'));
  });

  test("the driver's refusal of a second start comes out, the first stays started", () => {
    const { driver, target, feature } = setUp();
    const request = { flags: 6 | SET, data: startData(0x1000, [[0, 0x1000]]) };
    feature(request);
    driver.failure = new VfioError('EBUSY', 'driver', 'planned');
    expect(() => feature(request)).toThrow(driver.failure);
    expect(target.logging.started).toBe(true);
  });

  test("the driver's refusal of the first start leaves nothing to stop", () => {
    const { driver, target, feature } = setUp();
    driver.failure = new VfioError('ENOMEM', 'driver', 'planned');
    const data = startData(0x1000, [[0, 0x1000]]);
    expect(() => feature({ flags: 6 | SET, data })).toThrow(driver.failure);
    expect(target.logging.started).toBe(false);
  });

  test.each([0, -4096, 3000, 0.5, Number.NaN])(
    'a driver that uses pages of %s bytes is stopped: EIO',
    (pageSize) => {
      const { driver, target, lines, feature } = setUp();
      driver.pageSizeUsed = pageSize;
      const data = startData(0x1000, [[0, 0x1000]]);
      expect(() => feature({ flags: 6 | SET, data })).toThrow(withCode('EIO'));
      expect(driver.calls).toEqual(['logStart', 'logStop']);
      expect(target.logging.started).toBe(false);
      expect(lines).toHaveLength(1);
    },
  );
});

describe('DMA_LOGGING_STOP', () => {
  test.each([0, 16])('stops, with %i bytes of data, and echoes them', (size) => {
    const { driver, target, feature } = setUp();
    feature({ flags: 6 | SET, data: startData(0x1000, [[0, 0x1000]]) });
    const data = new Uint8Array(size).fill(1);
    expect(feature({ flags: 7 | SET, data })).toEqual(data);
    expect(driver.calls).toEqual(['logStart', 'logStop']);
    expect(target.logging.started).toBe(false);
  });

  test('reaches the driver though nothing was started', () => {
    const { driver, feature } = setUp();
    feature({ flags: 7 | SET });
    expect(driver.calls).toEqual(['logStop']);
  });

  test('a failure leaves something to stop', () => {
    const { driver, target, feature } = setUp();
    feature({ flags: 6 | SET, data: startData(0x1000, [[0, 0x1000]]) });
    driver.failure = new VfioError('EIO', 'driver', 'planned');
    expect(() => feature({ flags: 7 | SET })).toThrow(driver.failure);
    expect(target.logging.started).toBe(true);
  });
});

function reportData(iova: number | bigint, length: number | bigint, pageSize: number | bigint) {
  return bytesOf(u64(iova), u64(length), u64(pageSize));
}

describe('DMA_LOGGING_REPORT', () => {
  test('gives the request and a bit for each dirty page', () => {
    const { driver, feature } = setUp();
    driver.dirty = [
      { iova: 0x11000, length: 1 },
      { iova: 0x50fff, length: 2 },
    ];
    const data = reportData(0x10000, 0x41_000, 0x1000);
    const reply = feature({ argsz: 8 + 24 + 16, flags: 8 | GET, data });
    expect(reply).toEqual(bytesOf(data, u64(2), u64(1)));
    expect(driver.calls).toEqual(['logReadAndClear 0x10000 0x41000']);
  });

  test('what the driver reports outside the range is dropped', () => {
    const { driver, feature } = setUp();
    driver.dirty = [{ iova: 0, length: 2 ** 52 }];
    const data = reportData(0x1000, 0x2000, 0x1000);
    expect(feature({ argsz: 40, flags: 8 | GET, data })).toEqual(bytesOf(data, u64(3)));
  });

  test('more room than needed does not lengthen the reply', () => {
    const data = reportData(0, 0x1000, 0x1000);
    expect(setUp().feature({ argsz: 4096, flags: 8 | GET, data })).toHaveLength(32);
  });

  const BAD: readonly (readonly [string, ErrnoCode, Uint8Array])[] = [
    ['page size 0', 'EINVAL', reportData(0, 0x1000, 0)],
    ['page size 2048', 'EINVAL', reportData(0, 0x1000, 2048)],
    ['3 pages', 'EINVAL', reportData(0, 0x3000, 0x3000)],
    ['page size 2^63', 'EINVAL', reportData(0, 0x1000, 2n ** 63n)],
    ['page size 2048 of a range that wraps', 'EINVAL', reportData(U64_TOP - 1n, 1, 2048)],
    ['a range up to 2^64', 'EOVERFLOW', reportData(U64_TOP - 0x1000n, 0x1000, 0x1000)],
    ['a range past 2^64', 'EOVERFLOW', reportData(0x1000, U64_TOP - 0x1000n, 0x1000)],
    ['a range past all addresses', 'EINVAL', reportData(IOVA_TOP, 0x1000, 0x1000)],
    ['an empty range', 'EINVAL', reportData(0x1000, 0, 0x1000)],
    ['a bitmap nobody has room for', 'EINVAL', reportData(0, IOVA_TOP, 0x1000)],
    ['a bitmap one byte too large', 'EINVAL', reportData(0, 0x1000 * 64 * 4096 + 1, 0x1000)],
    ['half a request', 'EINVAL', reportData(0, 0x1000, 0x1000).slice(0, 23)],
  ];

  test.each(BAD)('%s throws %s and reads nothing', (_, code, data) => {
    const { driver, feature } = setUp();
    const argsz = 8 + 24 + 4096 * 8;
    expect(() => feature({ argsz, flags: 8 | GET, data })).toThrow(withCode(code));
    expect(driver.calls).toEqual([]);
  });

  test.each([8, 31, 32, 39])('argsz %i of 40 throws EINVAL', (argsz) => {
    const { driver, feature } = setUp();
    const data = reportData(0, 0x1000, 0x1000);
    expect(() => feature({ argsz, flags: 8 | GET, data })).toThrow(withCode('EINVAL'));
    expect(driver.calls).toEqual([]);
  });

  test('a bitmap above the limit of the interface throws EINVAL', () => {
    const { feature } = setUp();
    const request = { argsz: 4096, flags: 8 | GET, data: reportData(0, 0x1000 * 65, 0x1000) };
    expect(feature(request, { maxBitmapSize: 16 })).toHaveLength(40);
    expect(() => feature(request, { maxBitmapSize: 15 })).toThrow(withCode('EINVAL'));
  });

  test("gives the driver's error unchanged", () => {
    const { driver, feature } = setUp();
    driver.failure = new VfioError('EINVAL', 'driver', 'not started');
    const request = { argsz: 40, flags: 8 | GET, data: reportData(0, 0x1000, 0x1000) };
    expect(() => feature(request)).toThrow(driver.failure);
  });
});

describe('endLogging', () => {
  const started = { flags: 6 | SET, data: startData(0x1000, [[0, 0x1000]]) };

  test('stops what was started, once', () => {
    const { driver, target, feature } = setUp();
    feature(started);
    endLogging(target);
    endLogging(target);
    expect(driver.calls).toEqual(['logStart', 'logStop']);
  });

  test('stops nothing that was not started, or stopped by the user', () => {
    const { driver, target, feature } = setUp();
    endLogging(target);
    expect(driver.calls).toEqual([]);
    feature(started);
    feature({ flags: 7 | SET });
    endLogging(target);
    expect(driver.calls).toEqual(['logStart', 'logStop']);
  });

  test('logs a stop that throws', () => {
    const { driver, target, lines, feature } = setUp();
    feature(started);
    driver.failure = new Error('planned');
    expect(() => endLogging(target)).not.toThrow();
    expect(target.logging.started).toBe(false);
    expect(lines).toHaveLength(1);
  });
});

test('any set of ranges starts exactly when no check of the model refuses it', () => {
  const page = 0x1000;
  const range = fc.tuple(
    fc.oneof(fc.nat(16), fc.constantFrom(-1, -2)),
    fc.nat(4),
    fc.constantFrom(0, 0, 0, 0, 0, 1),
  );
  fc.assert(
    fc.property(fc.array(range, { maxLength: 5 }), (picks) => {
      const ranges = picks.map(([start, pages, odd]): [bigint, bigint] => {
        const iova = start < 0 ? U64_TOP + BigInt(start * page) : BigInt(start * page);
        return [iova, BigInt(pages * page + odd)];
      });
      const { driver, feature } = setUp();
      const expected = firstRefusal(ranges);
      const outcome = attempt(() => feature({ flags: 6 | SET, data: startData(page, ranges) }));
      expect(outcome instanceof VfioError ? outcome.code : undefined).toBe(expected);
      expect(driver.calls).toEqual(expected === undefined ? ['logStart'] : []);
    }),
  );
});

/** The error of the first range that is wrong, told page by page. */
function firstRefusal(ranges: readonly (readonly [bigint, bigint])[]): ErrnoCode | undefined {
  if (ranges.length === 0) return 'EINVAL';
  const taken = new Set<bigint>();
  for (const [iova, length] of ranges) {
    if (iova % 0x1000n !== 0n || length % 0x1000n !== 0n) return 'EINVAL';
    if (BigInt.asUintN(64, iova + length) !== iova + length) return 'EOVERFLOW';
    if (length === 0n || iova + length > IOVA_TOP) return 'EINVAL';
    for (let page = iova / 0x1000n; page < (iova + length) / 0x1000n; page++) {
      if (taken.has(page)) return 'EINVAL';
      taken.add(page);
    }
  }
  return undefined;
}

function attempt(action: () => unknown): unknown {
  try {
    return action();
  } catch (error) {
    return error;
  }
}

test('a device without logging throws ENOTTY though it migrates', () => {
  const { log: _, ...ops } = featureOps;
  const { feature } = setUp(ops);
  expect(() => feature({ flags: 7 | SET })).toThrow(withCode('ENOTTY'));
});
