import type { BrokenDriver } from './broken-driver.ts';
import { BROKEN_DISPLAYS } from './display.ts';
import { BROKEN_LIFE_CYCLES } from './life-cycle.ts';
import { BROKEN_MDEVS } from './mdev.ts';
import { BROKEN_OPENS } from './open.ts';

export { brokenHarness, brokenOps, type BrokenDriver } from './broken-driver.ts';

/** Every broken driver. */
export const BROKEN_DRIVERS: readonly BrokenDriver[] = [
  ...BROKEN_LIFE_CYCLES,
  ...BROKEN_OPENS,
  ...BROKEN_MDEVS,
  ...BROKEN_DISPLAYS,
];
