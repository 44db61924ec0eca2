// All suites, in the order they run.

import type { Suite } from '../suite.ts';
import { lifeCycleSuite } from './life-cycle.ts';
import { openSuite } from './open.ts';
import { registrationSuite } from './registration.ts';

/** A suite and where it makes sense. */
export interface SuiteEntry {
  /** As in the titles. */
  readonly name: string;
  readonly run: Suite;
  /** Needs the kernel's path: not for a device behind a socket. */
  readonly inProcessOnly?: true;
}

/** The suites. */
export const SUITES: readonly SuiteEntry[] = [
  { name: 'life cycle', run: lifeCycleSuite, inProcessOnly: true },
  { name: 'registration', run: registrationSuite, inProcessOnly: true },
  { name: 'open and close', run: openSuite, inProcessOnly: true },
];
