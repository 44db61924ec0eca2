import { describe, expect, test } from 'vitest';
import { VfioError } from '@vfio-ts/core';
import { bytesOf, u64 } from './support/payloads.ts';
import { Wire } from './support/wire.ts';

const GET = 1 << 16;
const SET = 1 << 17;
const PROBE = 1 << 18;
const MIGRATION = 1;
const STATE = 2;
const START = 6;
const STOP = 7;
const REPORT = 8;

const feature = (argsz: number, flags: number, data: Uint8Array = bytesOf()): Uint8Array =>
  bytesOf(argsz, flags, data);

describe('DEVICE_FEATURE', () => {
  test('GET has the data of the device and its real size in argsz', () => {
    using wire = new Wire();
    wire.device.featureReply = bytesOf(u64(5));
    const { payload } = wire.attach().ok(16, feature(100, MIGRATION | GET));
    expect(payload).toEqual(feature(16, MIGRATION | GET, bytesOf(u64(5))));
  });

  test('GET hands the data of the request to the device', () => {
    using wire = new Wire();
    const range = bytesOf(u64(0), u64(0x10000), u64(0x1000));
    wire.device.featureReply = bytesOf(range, u64(0x3c1));
    const { payload } = wire.attach().ok(16, feature(40, REPORT | GET, range));
    expect(payload).toEqual(feature(40, REPORT | GET, bytesOf(range, u64(0x3c1))));
    expect(wire.device.lastFeature).toEqual({ argsz: 40, flags: REPORT | GET, data: range });
  });

  test('GET without room for the answer is refused with EINVAL', () => {
    using wire = new Wire();
    wire.device.featureReply = bytesOf(u64(5));
    const peer = wire.attach();
    expect(peer.code(16, feature(8, MIGRATION | GET))).toBe('EINVAL');
    expect(peer.code(16, feature(15, MIGRATION | GET))).toBe('EINVAL');
  });

  test('a claim of room beyond a message reaches the device as what a message holds', () => {
    using wire = new Wire();
    wire.attach().ok(16, feature(0xffffffff, MIGRATION | GET));
    expect(wire.device.lastFeature?.argsz).toBe(8 + (1 << 20));
  });

  test.each([
    ['a state', STATE, bytesOf(3, 0)],
    ['the start of logging', START, bytesOf(u64(0x1000), 0, 0)],
    ['the end of logging without data', STOP, bytesOf()],
    ['the end of logging with data', STOP, bytesOf(u64(0x1000), 0, 0)],
  ])('SET of %s hands over the data and echoes the request', (_, index, data) => {
    using wire = new Wire();
    const request = feature(8 + data.length, index | SET, data);
    expect(wire.attach().ok(16, request).payload).toEqual(request);
    expect(wire.device.lastFeature?.data).toEqual(data);
  });

  test('PROBE echoes the request', () => {
    using wire = new Wire();
    const request = feature(8, STATE | PROBE | GET | SET);
    expect(wire.attach().ok(16, request).payload).toEqual(request);
  });

  test.each([
    ['a truncated request', bytesOf(8)],
    ['PROBE with argsz 2', feature(2, STATE | PROBE)],
    ['SET with argsz 8 and data', feature(8, STATE | SET, bytesOf(3, 0))],
    ['PROBE with argsz below its data', feature(8, STATE | PROBE, bytesOf(3, 0))],
    ['GET with argsz 0', feature(0, MIGRATION | GET)],
  ])('refuses %s with EINVAL', (_, payload) => {
    using wire = new Wire();
    expect(wire.attach().code(16, payload)).toBe('EINVAL');
    expect(wire.device.lastFeature).toBeUndefined();
  });

  test('SET with less data than argsz says hands over what came', () => {
    using wire = new Wire();
    wire.attach().ok(16, feature(1000, STATE | SET, bytesOf(3, 0)));
    expect(wire.device.lastFeature).toMatchObject({ argsz: 16, data: bytesOf(3, 0) });
  });

  test('gets the error of the device', () => {
    using wire = new Wire();
    const peer = wire.attach();
    wire.device.fail = { op: 'feature', error: new VfioError('ENOTTY', 'feature', 'no logging') };
    expect(peer.code(16, feature(24, START | SET, bytesOf(u64(0x1000), 0, 0)))).toBe('ENOTTY');
  });
});
