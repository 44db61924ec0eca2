import type { BrokenDriver } from './broken-driver.ts';

export { brokenHarness, brokenOps, type BrokenDriver } from './broken-driver.ts';

/** Every broken driver. */
export const BROKEN_DRIVERS: readonly BrokenDriver[] = [];
