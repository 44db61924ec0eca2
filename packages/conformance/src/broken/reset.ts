// Faults of the reset.

import type { VfioCore } from '@vfio-ts/core';
import {
  referenceHarness,
  referenceOps,
  resetState,
  setUp,
  type ReferenceDevice,
} from '../reference-device/index.ts';
import { brokenHarness, brokenOps, type BrokenDriver } from './broken-driver.ts';

const devicesOf = new WeakMap<VfioCore, Set<ReferenceDevice>>();

/** Drivers that do too little or too much at a reset. */
export const BROKEN_RESETS: readonly BrokenDriver[] = [
  brokenOps(
    'forgets a register at reset',
    {
      reset(device) {
        const latch = device.latch.slice();
        void referenceOps.reset?.(device);
        device.latch.set(latch);
      },
    },
    { caughtBy: [83], alsoFails: [85, 104] },
  ),
  brokenOps(
    'does nothing at reset',
    { reset: () => {} },
    { caughtBy: [83, 85], alsoFails: [86, 104] },
  ),
  brokenOps(
    'resets every device there is',
    {
      init(device) {
        setUp(device);
        devicesOf.getOrInsertComputed(device.vdev.core, () => new Set()).add(device);
      },
      release(device) {
        devicesOf.get(device.vdev.core)?.delete(device);
        referenceOps.release?.(device);
      },
      reset(device) {
        void referenceOps.reset?.(device);
        for (const other of devicesOf.get(device.vdev.core) ?? []) resetState(other);
      },
    },
    { caughtBy: [86] },
  ),
  brokenOps(
    'resets what somebody else on its reset line has open',
    {
      reset(device) {
        const others = [...device.adapter.sharedOpen];
        device.adapter.sharedOpen.clear();
        void referenceOps.reset?.(device);
        for (const other of others) device.adapter.sharedOpen.add(other);
      },
    },
    { caughtBy: [86] },
  ),
  brokenOps(
    'leaves the migration state alone at reset',
    {
      reset(device) {
        device.dma.stop();
        resetState(device);
      },
    },
    { caughtBy: [85], alsoFails: [86, 104] },
  ),
  brokenHarness(
    'hides that it has a reset',
    { supports: { ...referenceHarness.supports, reset: false } },
    { caughtBy: [51, 83] },
  ),
];
