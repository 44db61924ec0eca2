import { BROKEN_ACCESSES } from './access.ts';
import type { BrokenDriver } from './broken-driver.ts';
import { BROKEN_DISPLAYS } from './display.ts';
import { BROKEN_DMAS } from './dma.ts';
import { BROKEN_IRQS } from './irqs.ts';
import { BROKEN_LIFE_CYCLES } from './life-cycle.ts';
import { BROKEN_LOGS } from './logging.ts';
import { BROKEN_MDEVS } from './mdev.ts';
import { BROKEN_MIGRATIONS } from './migration.ts';
import { BROKEN_OPENS } from './open.ts';
import { BROKEN_REGIONS } from './regions.ts';
import { BROKEN_RESETS } from './reset.ts';

export { brokenHarness, brokenOps, type BrokenDriver } from './broken-driver.ts';

/** Every broken driver. */
export const BROKEN_DRIVERS: readonly BrokenDriver[] = [
  ...BROKEN_LIFE_CYCLES,
  ...BROKEN_OPENS,
  ...BROKEN_ACCESSES,
  ...BROKEN_REGIONS,
  ...BROKEN_IRQS,
  ...BROKEN_RESETS,
  ...BROKEN_DMAS,
  ...BROKEN_MIGRATIONS,
  ...BROKEN_LOGS,
  ...BROKEN_MDEVS,
  ...BROKEN_DISPLAYS,
];
