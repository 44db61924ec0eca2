// The tables of regions and interrupts, and the borders of each region.

import {
  decodeInfoCaps,
  VFIO_DEVICE_FLAGS_CCW,
  VFIO_DEVICE_FLAGS_RESET,
  VFIO_IRQ_INFO_EVENTFD,
  VFIO_IRQ_SET_ACTION_MASK,
  VFIO_IRQ_SET_ACTION_TRIGGER,
  VFIO_IRQ_SET_DATA_BOOL,
  VFIO_IRQ_SET_DATA_EVENTFD,
  VFIO_IRQ_SET_DATA_NONE,
  type ErrnoCode,
} from '@vfio-ts/core';
import { describe, expect, test } from 'vitest';
import { decodeSchib, PMCW_ENABLED } from '../../src/index.ts';
import { errno, OpenCcw } from '../support/open-ccw.ts';

test('the device is a vfio-ccw with a reset, four regions and three interrupts', async () => {
  await using ccw = new OpenCcw();
  expect(ccw.file.getInfo()).toMatchObject({
    flags: VFIO_DEVICE_FLAGS_CCW | VFIO_DEVICE_FLAGS_RESET,
    numRegions: 4,
    numIrqs: 3,
  });
});

test.each([
  [0, 0x000, 124, 3],
  [1, 0x400, 8, 3 | 8],
  [2, 0x800, 52, 1 | 8],
  [3, 0xc00, 8, 1 | 8],
])('region %i is at %i, has %i bytes and flags %i', async (index, offset, size, flags) => {
  await using ccw = new OpenCcw();
  expect(ccw.file.getRegionInfo(index)).toMatchObject({ offset, size, flags });
});

test.each([1, 2, 3])('region %i says its type where there is room', async (index) => {
  await using ccw = new OpenCcw();
  expect(ccw.file.getRegionInfo(index, 32)).toMatchObject({ argsz: 48, capOffset: 0 });
  const { argsz, capOffset, caps } = ccw.file.getRegionInfo(index, 48);
  expect({ argsz, capOffset }).toEqual({ argsz: 48, capOffset: 32 });
  expect(decodeInfoCaps(caps, 32, capOffset)).toEqual([
    { id: 2, version: 1, payload: Uint8Array.of(2, 0, 0, 0, index, 0, 0, 0) },
  ]);
});

test.each([4, 5, 9])('there is no region %i', async (index) => {
  await using ccw = new OpenCcw();
  expect(() => ccw.file.getRegionInfo(index)).toThrow(errno('EINVAL'));
});

test.each([0, 1, 2])('interrupt %i is one eventfd', async (index) => {
  await using ccw = new OpenCcw();
  expect(ccw.file.getIrqInfo(index)).toMatchObject({ count: 1, flags: VFIO_IRQ_INFO_EVENTFD });
});

test.each([0, 1, 2])('interrupt %i can be raised by the user', async (index) => {
  await using ccw = new OpenCcw();
  const request = { index, start: 0, count: 1 };
  const trigger = VFIO_IRQ_SET_ACTION_TRIGGER;
  ccw.file.setIrqs({ ...request, flags: trigger | VFIO_IRQ_SET_DATA_NONE });
  for (const bool of [1, 0]) {
    const bools = Uint8Array.of(bool);
    ccw.file.setIrqs({ ...request, flags: trigger | VFIO_IRQ_SET_DATA_BOOL, bools });
  }
  expect(ccw.count(index)).toBe(2);
});

test('an interrupt can be given up', async () => {
  await using ccw = new OpenCcw();
  const flags = VFIO_IRQ_SET_ACTION_TRIGGER | VFIO_IRQ_SET_DATA_EVENTFD;
  ccw.file.setIrqs({ flags, index: 0, start: 0, count: 1, signals: [null] });
  expect(ccw.signals[0]?.closed).toBe(1);
});

test.each<[string, number, number, ErrnoCode]>([
  ['an index that is not there', 3, VFIO_IRQ_SET_ACTION_TRIGGER, 'EINVAL'],
  ['masking', 0, VFIO_IRQ_SET_ACTION_MASK, 'ENOTTY'],
])('%s is refused', async (_what, index, action, code) => {
  await using ccw = new OpenCcw();
  const flags = action | VFIO_IRQ_SET_DATA_NONE;
  expect(() => ccw.file.setIrqs({ flags, index, start: 0, count: 1 })).toThrow(errno(code));
});

describe('borders', () => {
  test.each([
    [0, 124],
    [1, 8],
    [2, 52],
    [3, 8],
  ])('region %i ends at %i', async (region, size) => {
    await using ccw = new OpenCcw();
    expect(ccw.read(region, size - 1, 1).length).toBe(1);
    expect(() => ccw.read(region, size, 1)).toThrow(errno('EINVAL'));
    expect(() => ccw.read(region, 0, size + 1)).toThrow(errno('EINVAL'));
    expect(() => ccw.file.write(region, size - 1, new Uint8Array(2))).toThrow(errno('EINVAL'));
  });

  test.each([2, 3])('region %i cannot be written', async (region) => {
    await using ccw = new OpenCcw();
    expect(() => ccw.file.write(region, 0, new Uint8Array(4))).toThrow(errno('EINVAL'));
  });
});

test('the SCHIB is read anew each time, any part of it', async () => {
  await using ccw = new OpenCcw();
  const whole = ccw.read(2, 0, 52);
  expect(decodeSchib(whole).pmcw).toMatchObject({ deviceNumber: 0x1234, pam: 0xc0, lpum: 0x80 });
  expect(decodeSchib(whole).pmcw.flags & PMCW_ENABLED).toBe(PMCW_ENABLED);
  ccw.subchannel.pmcw = { ...ccw.subchannel.pmcw, pam: 0x40 };
  expect(ccw.read(2, 15, 1)).toEqual(Uint8Array.of(0x40));
});

test('the SCHIB of a subchannel that is gone is ENODEV', async () => {
  await using ccw = new OpenCcw();
  ccw.subchannel.isGone = true;
  expect(() => ccw.read(2, 0, 52)).toThrow(errno('ENODEV'));
  ccw.subchannel.isGone = false;
});
