// The families that control the GT as a whole.

import type { Clock } from '@vfio-ts/core';
import { CHICKEN } from './chicken.ts';
import { FORCEWAKE } from './forcewake.ts';
import { fuses } from './fuses.ts';
import { GUC } from './guc.ts';
import { PCODE } from './pcode.ts';
import type { RegisterFamily } from './register.ts';
import { resetControl } from './reset.ts';
import { timestamps } from './timestamps.ts';
import { TLB } from './tlb.ts';

/** What the control of the GT needs. */
export interface GtControl {
  readonly clock: Clock;
  /** Pipes of the display, 0 to 3. */
  readonly pipes: number;
  /** Resets engines. @param mask - as of GDRST */
  reset(mask: number): void;
}

/** All families of the GT's control. */
export function gtControl(control: GtControl): readonly RegisterFamily[] {
  return [
    FORCEWAKE,
    TLB,
    PCODE,
    GUC,
    CHICKEN,
    fuses(control.pipes),
    timestamps(control.clock),
    resetControl((mask) => control.reset(mask)),
  ];
}
