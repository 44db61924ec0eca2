// The drivers the command knows.

import { ap } from './ap/index.ts';
import { ccw } from './ccw/index.ts';
import type { CommandDriver } from './driver.ts';
import { gvt } from './gvt/index.ts';
import { mdpySample } from './mdpy-sample.ts';

/** All of them, as the help lists them. */
export const DRIVERS: readonly CommandDriver[] = [mdpySample, gvt, ap, ccw];
