// Faults of dirty tracking by the device.

import { IOVA_LIMIT, PAGE_SIZE, type DirtySink, type VfioLogOps } from '@vfio-ts/core';
import {
  referenceHarness,
  referenceLogOps,
  type ReferenceDevice,
} from '../reference-device/index.ts';
import { brokenHarness, brokenOps, type BrokenDriver } from './broken-driver.ts';

const good = referenceLogOps;
const nobody: DirtySink = { set: () => {} };
/** What each device has reported. */
const reported = new WeakMap<ReferenceDevice, (readonly [iova: number, length: number])[]>();

function brokenLog(
  name: string,
  log: Partial<VfioLogOps<ReferenceDevice>>,
  expected: Omit<BrokenDriver, 'name' | 'harness'>,
): BrokenDriver {
  return brokenOps(name, { log: { ...good, ...log } }, expected);
}

/** Drivers that log their writes wrongly. */
export const BROKEN_LOGS: readonly BrokenDriver[] = [
  brokenLog(
    'misses the last page of a write',
    {
      logReadAndClear(device, iova, length, dirty) {
        good.logReadAndClear(device, iova, length, {
          set: (at, count) => dirty.set(at, count > PAGE_SIZE ? count - PAGE_SIZE : count),
        });
      },
    },
    { caughtBy: [106] },
  ),
  brokenLog(
    'reports pages that were not written',
    {
      logReadAndClear(device, iova, length, dirty) {
        good.logReadAndClear(device, iova, length, {
          set: (at, count) => dirty.set(at, count + PAGE_SIZE),
        });
      },
    },
    { caughtBy: [106] },
  ),
  brokenLog(
    'reports a page again that was not written again',
    {
      logStart(device, ranges, pageSize) {
        reported.delete(device);
        return good.logStart(device, ranges, pageSize);
      },
      logReadAndClear(device, iova, length, dirty) {
        const known = reported.getOrInsertComputed(device, () => []);
        for (const [at, count] of known) dirty.set(at, count);
        good.logReadAndClear(device, iova, length, {
          set(at, count) {
            known.push([at, count]);
            dirty.set(at, count);
          },
        });
      },
    },
    { caughtBy: [106] },
  ),
  brokenLog(
    'clears its whole log with each report',
    {
      logReadAndClear(device, iova, length, dirty) {
        good.logReadAndClear(device, iova, length, dirty);
        good.logReadAndClear(device, 0, IOVA_LIMIT, nobody);
      },
    },
    { caughtBy: [106] },
  ),
  brokenLog(
    'logs everything, whatever the ranges',
    {
      logStart: (device, _, pageSize) =>
        good.logStart(device, [{ iova: 0, length: IOVA_LIMIT }], pageSize),
    },
    { caughtBy: [106] },
  ),
  brokenLog(
    'reports nothing while logging is off, and no error',
    {
      logReadAndClear(device, iova, length, dirty) {
        if (device.parts.log.isStarted) good.logReadAndClear(device, iova, length, dirty);
      },
    },
    { caughtBy: [106, 107], alsoFails: [105] },
  ),
  brokenLog(
    'starts logging twice',
    {
      logStart(device, ranges, pageSize) {
        good.logStop(device);
        return good.logStart(device, ranges, pageSize);
      },
    },
    { caughtBy: [105] },
  ),
  brokenLog(
    'goes on logging after the stop',
    { logStop: () => {} },
    { caughtBy: [105], alsoFails: [106] },
  ),
  brokenHarness(
    'hides that it logs its writes',
    { supports: { ...referenceHarness.supports, log: false } },
    { caughtBy: [97, 105] },
  ),
];
