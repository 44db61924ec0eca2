import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { VfioError } from '../../src/index.ts';
import {
  type FeatureAccess,
  getMigrationDataSize,
  getMigrationFlags,
  getMigrationState,
  reportDmaLogging,
  setMigrationState,
  startDmaLogging,
  stopDmaLogging,
} from '../../src/feature/client.ts';
import {
  decodeLoggingControl,
  decodeLoggingRanges,
  encodeLoggingReport,
  encodeLoggingStart,
  encodeU64,
} from '../../src/feature/layouts.ts';
import { bytesOf, setUp, u32, u64, withCode } from './fixture.ts';

function setUpClient() {
  const all = setUp();
  const access: FeatureAccess = { feature: (request) => all.feature(request) };
  return { ...all, access };
}

describe('against a device', () => {
  test('flags, state and size come back', async () => {
    const { driver, access } = setUpClient();
    driver.dataSize = 2 ** 33;
    expect(await getMigrationFlags(access)).toBe(7);
    expect(await getMigrationState(access)).toBe('RUNNING');
    expect(await getMigrationDataSize(access)).toBe(2 ** 33);
  });

  test('a state that is set is the state', async () => {
    const { access } = setUpClient();
    await setMigrationState(access, 'STOP_COPY');
    expect(await getMigrationState(access)).toBe('STOP_COPY');
  });

  test('a refusal rejects', async () => {
    const { access } = setUpClient();
    await expect(setMigrationState(access, 'ERROR')).rejects.toThrow(withCode('EINVAL'));
  });

  test('logging starts, reports and stops', async () => {
    const { driver, access } = setUpClient();
    driver.pageSizeUsed = 0x2000;
    driver.dirty = [{ iova: 0x3000, length: 1 }];
    expect(await startDmaLogging(access, [{ iova: 0, length: 0x8000 }], 0x1000)).toBe(0x2000);
    const request = { iova: 0, length: 0x8000, pageSize: 0x2000 };
    expect(await reportDmaLogging(access, request)).toEqual(u64(2));
    await stopDmaLogging(access);
    expect(driver.calls).toEqual(['logStart', 'logReadAndClear 0x0 0x8000', 'logStop']);
  });

  test.each([0, -1, 0x3000, Number.NaN])(
    'a report in pages of %s rejects: EINVAL',
    async (size) => {
      const { access } = setUpClient();
      const request = { iova: 0, length: 0x3000, pageSize: size };
      await expect(reportDmaLogging(access, request)).rejects.toThrow(withCode('EINVAL'));
    },
  );
});

describe('against a device that answers wrongly', () => {
  test('a short reply rejects with EPROTO', async () => {
    const short = answering(new Uint8Array(7));
    const request = { iova: 0, length: 0x1000, pageSize: 0x1000 };
    await expect(getMigrationFlags(short)).rejects.toThrow(withCode('EPROTO'));
    await expect(getMigrationState(short)).rejects.toThrow(withCode('EPROTO'));
    await expect(getMigrationDataSize(short)).rejects.toThrow(withCode('EPROTO'));
    await expect(startDmaLogging(short, [], 0x1000)).rejects.toThrow(withCode('EPROTO'));
    await expect(reportDmaLogging(short, request)).rejects.toThrow(withCode('EPROTO'));
  });

  test('a state that is none rejects with EPROTO', async () => {
    const access = answering(bytesOf(u32(8), u32(0)));
    await expect(getMigrationState(access)).rejects.toThrow(withCode('EPROTO'));
  });
});

describe('layouts', () => {
  test('a start is laid out as in vfio-user', () => {
    expect(encodeLoggingStart(0x1000, [{ iova: 2 ** 51, length: 0x2000 }])).toEqual(
      bytesOf(u64(0x1000), u32(1), u32(0), u64(2 ** 51), u64(0x2000)),
    );
  });

  test('a report is laid out as in vfio-user', () => {
    const request = { iova: 0x1000, length: 0x2000, pageSize: 0x1000 };
    expect(encodeLoggingReport(request, Uint8Array.of(3, 0))).toEqual(
      bytesOf(u64(0x1000), u64(0x2000), u64(0x1000), Uint8Array.of(3, 0)),
    );
  });

  test.each([-1, 0.5, 2 ** 53, Number.NaN, Number.POSITIVE_INFINITY])('%s is no u64', (value) => {
    expect(() => encodeU64(value)).toThrow(VfioError);
  });

  test('what is encoded into any part of a buffer decodes to the same', () => {
    const quantity = fc.maxSafeNat();
    const ranges = fc.array(fc.record({ iova: quantity, length: quantity }));
    fc.assert(
      fc.property(quantity, ranges, fc.nat(9), (pageSize, some, before) => {
        const encoded = encodeLoggingStart(pageSize, some);
        const data = bytesOf(new Uint8Array(before), encoded).subarray(before);
        const { numRanges, pageSize: decoded } = decodeLoggingControl(data);
        expect(Number(decoded)).toBe(pageSize);
        expect(
          decodeLoggingRanges(data, numRanges).map(({ iova, length }) => ({
            iova: Number(iova),
            length: Number(length),
          })),
        ).toEqual(some);
      }),
    );
  });
});

function answering(reply: Uint8Array): FeatureAccess {
  return { feature: () => Promise.resolve(reply) };
}
