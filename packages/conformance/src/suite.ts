// How a suite declares its tests.

import { withContext, type ContextOptions, type TestContext } from './context.ts';
import type { DeviceUnderTest } from './device-under-test.ts';
import type { TestApi } from './test-api.ts';
import { vitestApi } from './vitest-api.ts';

/** Where a suite declares its tests. */
export interface SuiteOptions {
  /** The runner; vitest when left out. */
  readonly api?: TestApi;
  /** Lives of the leak test of the life cycle suite; 1000 when left out. */
  readonly cycles?: number;
  /** Random sequences that are tried; 100 when left out. */
  readonly sequences?: number;
}

/** Declares one test; each has a fixture of its own, and nothing may be left after it. */
export type DeviceTest<T extends object> = (
  title: string,
  body: (t: TestContext<T>) => void | Promise<void>,
  options?: ContextOptions,
) => void;

/** What the body of a suite gets. */
export interface SuiteTests<T extends object> {
  readonly test: DeviceTest<T>;
  readonly describe: TestApi['describe'];
  readonly harness: DeviceUnderTest<T>;
}

/** One aspect of the conformance of a device. */
export type Suite = <T extends object>(harness: DeviceUnderTest<T>, options?: SuiteOptions) => void;

/** Declares a suite; for the functions in `suites/`. */
export function declareSuite<T extends object>(
  name: string,
  harness: DeviceUnderTest<T>,
  { api = vitestApi }: SuiteOptions,
  body: (tests: SuiteTests<T>) => void,
): void {
  api.describe(name, () => {
    body({
      harness,
      describe: (inner, declare) => api.describe(inner, declare),
      test: (title, run, options) => api.test(title, () => withContext(harness, options, run)),
    });
  });
}
