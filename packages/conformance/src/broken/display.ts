// Faults of the graphics plane.

import { referenceHarness, referencePlane, REGISTERS_REGION } from '../reference-device/index.ts';
import { brokenHarness, brokenOps, type BrokenDriver } from './broken-driver.ts';

/** Drivers that get their picture wrong. */
export const BROKEN_DISPLAYS: readonly BrokenDriver[] = [
  brokenOps(
    'shows a plane larger than its region',
    { queryGfxPlane: () => ({ ...referencePlane, height: 128, size: 0x8000 }) },
    { caughtBy: [113] },
  ),
  brokenOps(
    'gives a plane size that does not cover its rows',
    { queryGfxPlane: () => ({ ...referencePlane, size: 0x1000 }) },
    { caughtBy: [113] },
  ),
  brokenOps(
    'shows a plane in a region that cannot be mapped',
    {
      queryGfxPlane: () => ({
        ...referencePlane,
        height: 1,
        size: 256,
        regionIndex: REGISTERS_REGION,
      }),
    },
    { caughtBy: [113] },
  ),
  brokenOps(
    'counts the row length in pixels',
    {
      queryGfxPlane: () => ({ ...referencePlane, stride: referencePlane.width }),
    },
    { caughtBy: [113] },
  ),
  brokenHarness(
    'hides that it shows something',
    { supports: { ...referenceHarness.supports, gfx: false } },
    { caughtBy: [112] },
  ),
];
