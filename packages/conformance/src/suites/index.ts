// All suites, in the order they run.

import type { Suite } from '../suite.ts';

/** A suite and where it makes sense. */
export interface SuiteEntry {
  /** As in the titles. */
  readonly name: string;
  readonly run: Suite;
  /** Needs the kernel's path: not for a device behind a socket. */
  readonly inProcessOnly?: true;
}

/** The suites. */
export const SUITES: readonly SuiteEntry[] = [];
