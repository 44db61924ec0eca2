import { describe, expect, test } from 'vitest';

import { VfioError } from '../../src/index.ts';
import { migrationStateNumber } from '../../src/migration/states.ts';
import { ALL_STATES } from '../migration/model.ts';
import { bytesOf, GET, SET, setUp, u32, u64, withCode } from './fixture.ts';

const NO_FD = u32(0xffff_ffff);

describe('MIGRATION', () => {
  test('GET gives the flags', () => {
    expect(setUp().feature({ argsz: 16, flags: 1 | GET })).toEqual(u64(7));
  });

  test('GET with argsz 15 throws EINVAL', () => {
    expect(() => setUp().feature({ argsz: 15, flags: 1 | GET })).toThrow(withCode('EINVAL'));
  });
});

describe('MIG_DEVICE_STATE', () => {
  test.each(ALL_STATES)('GET in %s gives its number and no descriptor', (state) => {
    const { driver, feature } = setUp();
    driver.state = state;
    const number = u32(migrationStateNumber(state));
    expect(feature({ argsz: 16, flags: 2 | GET })).toEqual(bytesOf(number, NO_FD));
  });

  test('SET runs the whole path and echoes the request', () => {
    const { driver, feature } = setUp();
    const data = bytesOf(u32(3), u32(0x1234));
    expect(feature({ flags: 2 | SET, data })).toEqual(data);
    expect(driver.arcs).toEqual(['RUNNING>RUNNING_P2P', 'RUNNING_P2P>STOP', 'STOP>STOP_COPY']);
  });

  const BAD = [
    ['argsz 8', { argsz: 8, flags: 2 | SET, data: bytesOf(u32(1), NO_FD) }],
    ['argsz 15', { argsz: 15, flags: 2 | SET, data: bytesOf(u32(1), NO_FD) }],
    ['data shorter than argsz says', { argsz: 16, flags: 2 | SET, data: u32(1) }],
    ['no data', { argsz: 16, flags: 2 | SET }],
    ['ERROR', { flags: 2 | SET, data: bytesOf(u32(0), NO_FD) }],
    ['state 8', { flags: 2 | SET, data: bytesOf(u32(8), NO_FD) }],
    ['state 0xabcd', { flags: 2 | SET, data: bytesOf(u32(0xabcd), NO_FD) }],
    ['GET with argsz 15', { argsz: 15, flags: 2 | GET }],
  ] as const;

  test.each(BAD)('%s throws EINVAL and changes nothing', (_, request) => {
    const { driver, feature } = setUp();
    expect(() => feature(request)).toThrow(withCode('EINVAL'));
    expect(driver.arcs).toEqual([]);
  });

  test("gives the driver's error unchanged", () => {
    const { driver, feature } = setUp();
    const failure = new VfioError('EBUSY', 'driver', 'planned');
    driver.onArc = () => {
      throw failure;
    };
    expect(() => feature({ flags: 2 | SET, data: bytesOf(u32(1), NO_FD) })).toThrow(failure);
  });
});

describe('MIG_DATA_SIZE', () => {
  test('GET gives the estimate', () => {
    const { driver, feature } = setUp();
    driver.dataSize = 2 ** 40 + 5;
    expect(feature({ argsz: 16, flags: 9 | GET })).toEqual(u64(2 ** 40 + 5));
  });

  test('GET with argsz 15 throws EINVAL', () => {
    expect(() => setUp().feature({ argsz: 15, flags: 9 | GET })).toThrow(withCode('EINVAL'));
  });

  test('an estimate that is none throws EIO', () => {
    const { driver, feature } = setUp();
    driver.dataSize = -1;
    expect(() => feature({ argsz: 16, flags: 9 | GET })).toThrow(withCode('EIO'));
  });
});
