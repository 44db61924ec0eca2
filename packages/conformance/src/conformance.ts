// The whole suite for one driver.

import type { DeviceHarness } from './harness.ts';
import { declareSuite, type SuiteOptions } from './suite.ts';
import { SUITES } from './suites/index.ts';
import { vitestApi } from './vitest-api.ts';

/** How the suite is run. */
export interface ConformanceOptions extends SuiteOptions {
  /** Only these suites; all when left out. */
  readonly only?: readonly string[];
}

/**
 * Declares every test a device has to pass, and the driver's own.
 *
 * Suites about the kernel's path (life cycle, groups, mediated devices) are left out for a device that is used over a
 * socket.
 */
export function conformance<T extends object>(
  harness: DeviceHarness<T>,
  options: ConformanceOptions = {},
): void {
  const { api = vitestApi, only } = options;
  for (const name of only ?? []) {
    if (!SUITES.some((suite) => suite.name === name)) throw new RangeError(`no suite ${name}`);
  }
  const isInProcess = harness.connector?.isInProcess ?? true;
  api.describe(`${harness.name} conforms`, () => {
    for (const { name, run, inProcessOnly } of SUITES) {
      const wanted = only === undefined || only.includes(name);
      if (wanted && (isInProcess || inProcessOnly !== true)) run(harness, { ...options, api });
    }
    if (only === undefined && harness.additional !== undefined) {
      declareSuite('additional', harness, options, (tests) => harness.additional?.(tests));
    }
  });
}
