// What a driver gives to the suite: itself, and tests of its own.

import type { DeviceUnderTest } from './device-under-test.ts';
import type { SuiteTests } from './suite.ts';

/** A driver as the suite sees it. */
export interface DeviceHarness<T extends object> extends DeviceUnderTest<T> {
  /** The driver's own tests, run with the same fixture and leak check. */
  additional?(tests: SuiteTests<T>): void;
}
