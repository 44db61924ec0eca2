import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { VfioError } from '../../src/index.ts';
import { bytesOf, featureOps, GET, PROBE, SET, setUp, u32, u64, withCode } from './fixture.ts';

const NO_DRIVER = { name: 'plain' };
const KNOWN = [
  { feature: 1, name: 'MIGRATION', ops: GET },
  { feature: 2, name: 'MIG_DEVICE_STATE', ops: GET | SET },
  { feature: 6, name: 'DMA_LOGGING_START', ops: SET },
  { feature: 7, name: 'DMA_LOGGING_STOP', ops: SET },
  { feature: 8, name: 'DMA_LOGGING_REPORT', ops: GET },
  { feature: 9, name: 'MIG_DATA_SIZE', ops: GET },
];

describe('the header', () => {
  const BAD = [
    ['argsz 7', { argsz: 7, flags: 1 | GET }],
    ['argsz 0', { argsz: 0, flags: 1 | PROBE }],
    ['argsz 2 of a PROBE', { argsz: 2, flags: 1 | PROBE | GET }],
    ['argsz of 33 bits', { argsz: 2 ** 32, flags: 1 | GET }],
    ['argsz of no number', { argsz: Number.NaN, flags: 1 | GET }],
    ['flag bit 19', { argsz: 16, flags: 1 | GET | (1 << 19) }],
    ['flag bit 31', { argsz: 16, flags: 2 ** 31 + GET + 1 }],
    ['flags of 33 bits', { argsz: 16, flags: 2 ** 32 + GET + 1 }],
    ['negative flags', { argsz: 16, flags: -1 }],
    ['GET and SET without PROBE', { argsz: 16, flags: 2 | GET | SET }],
    ['GET and SET of an unknown feature', { argsz: 16, flags: 99 | GET | SET }],
    ['neither operation', { argsz: 16, flags: 1 }],
    ['neither operation of a feature of the driver', { argsz: 16, flags: 99 }],
  ] as const;

  test.each(BAD)('%s throws EINVAL and reaches no driver', (_, request) => {
    const { driver, feature } = setUp();
    expect(() => feature(request)).toThrow(withCode('EINVAL'));
    expect(driver.calls).toEqual([]);
    expect(driver.arcs).toEqual([]);
  });

  test('argsz is checked before the feature is looked up', () => {
    const { feature } = setUp(NO_DRIVER);
    expect(() => feature({ argsz: 7, flags: 1 | GET })).toThrow(withCode('EINVAL'));
    expect(() => feature({ argsz: 16, flags: 1 | GET | SET })).toThrow(withCode('EINVAL'));
  });

  test('argsz left out is header and data', () => {
    const { driver, feature } = setUp();
    feature({ flags: 2 | SET, data: bytesOf(u32(1), u32(0)) });
    expect(driver.state).toBe('STOP');
  });

  test('data beyond argsz is not looked at', () => {
    const { driver, feature } = setUp();
    feature({ argsz: 9, flags: 3 | SET, data: Uint8Array.of(1, 2) });
    expect(driver.calls).toEqual(['deviceFeature 0x20003 9 [1]']);
    const start = bytesOf(u64(0x1000), u32(1), u32(0), u64(0), u64(0x1000));
    expect(() => feature({ argsz: 24, flags: 6 | SET, data: start })).toThrow(withCode('EINVAL'));
  });
});

describe.each(KNOWN)('$name', ({ feature: index, ops }) => {
  const requests = [
    { op: 'GET', flags: GET },
    { op: 'SET', flags: SET },
    { op: 'GET and SET', flags: GET | SET },
  ];

  test('absent throws ENOTTY before anything else is checked', () => {
    const { feature } = setUp({ ...NO_DRIVER, deviceFeature: () => new Uint8Array(0) });
    for (const flags of [GET, SET, PROBE, PROBE | GET | SET, 0]) {
      expect(() => feature({ argsz: 8, flags: index | flags })).toThrow(withCode('ENOTTY'));
    }
  });

  test.each(requests.filter(({ flags }) => (flags & ~ops) === 0))(
    'PROBE of $op echoes the data and does nothing',
    ({ flags }) => {
      const { driver, target, feature } = setUp();
      const data = bytesOf(u64(0x1000), u64(1));
      const reply = feature({ flags: index | PROBE | flags, data });
      expect(reply).toEqual(data);
      expect(reply).not.toBe(data);
      expect(feature({ argsz: 8, flags: index | PROBE | flags })).toEqual(new Uint8Array(0));
      expect(driver.calls).toEqual([]);
      expect(driver.arcs).toEqual([]);
      expect(target.logging.started).toBe(false);
    },
  );

  test('PROBE of no operation says it is there', () => {
    expect(setUp().feature({ argsz: 8, flags: index | PROBE })).toEqual(new Uint8Array(0));
  });

  test.each(requests.filter(({ flags }) => (flags & ~ops) !== 0))(
    'PROBE of the unsupported $op throws EINVAL',
    ({ flags }) => {
      const { feature } = setUp();
      expect(() => feature({ argsz: 64, flags: index | PROBE | flags })).toThrow(
        withCode('EINVAL'),
      );
    },
  );

  test('the operation it lacks throws EINVAL', () => {
    const { driver, feature } = setUp();
    const data = new Uint8Array(64);
    for (const flags of [GET, SET].filter((op) => (op & ops) === 0)) {
      expect(() => feature({ flags: index | flags, data })).toThrow(withCode('EINVAL'));
    }
    expect(driver.calls).toEqual([]);
  });
});

describe('a feature core does not know', () => {
  test('goes to the driver with argsz and data', () => {
    const { driver, feature } = setUp();
    const data = Uint8Array.of(1, 2);
    expect(feature({ argsz: 12, flags: 3 | SET, data })).toEqual(Uint8Array.of(0xaa));
    feature({ flags: 0 | PROBE });
    expect(driver.calls).toEqual(['deviceFeature 0x20003 12 [1,2]', 'deviceFeature 0x40000 8 []']);
  });

  test('throws EINVAL without a handler', () => {
    const { feature } = setUp(NO_DRIVER);
    for (const flags of [3 | GET, 3 | SET, 3 | PROBE, 0xffff | GET]) {
      expect(() => feature({ argsz: 16, flags })).toThrow(withCode('EINVAL'));
    }
  });

  test("gives the driver's error unchanged", () => {
    const failure = new VfioError('ENOTTY', 'driver', 'planned');
    const ops = {
      ...featureOps,
      deviceFeature(): Uint8Array {
        throw failure;
      },
    };
    expect(() => setUp(ops).feature({ argsz: 16, flags: 3 | GET })).toThrow(failure);
  });
});

test('no bytes whatsoever get anything but a reply or a VfioError', () => {
  const request = fc.record({
    flags: fc
      .tuple(fc.nat(10), fc.constantFrom(0, GET, SET, GET | SET, PROBE, PROBE | GET, 1 << 20))
      .map(([feature, ops]) => feature | ops),
    argsz: fc.oneof(fc.nat(200), fc.constant(0xffff_ffff)),
    data: fc.uint8Array({ maxLength: 96 }),
  });
  const options = fc.record({ emptyMeansAll: fc.boolean(), maxBitmapSize: fc.constant(1 << 16) });
  fc.assert(
    fc.property(fc.array(request, { maxLength: 10 }), options, (requests, chosen) => {
      const { lines, feature } = setUp();
      for (const each of requests) {
        const outcome = attempt(() => feature(each, chosen));
        expect(outcome instanceof Uint8Array || outcome instanceof VfioError).toBe(true);
      }
      expect(lines).toEqual([]);
    }),
  );
});

function attempt(action: () => unknown): unknown {
  try {
    return action();
  } catch (error) {
    return error;
  }
}
