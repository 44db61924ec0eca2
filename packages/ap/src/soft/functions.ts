// What cards can do, as the facility bits of TAPQ say. Linux arch/s390/include/asm/ap.h, struct ap_tapq_hwinfo.

import type { ApMode } from '../hardware/card.ts';

/** Bits of the high word of general register 2. */
export const AP_FUNCTION = {
  /** AP special command. */
  APSC: 0x8000_0000,
  MEX4K: 0x4000_0000,
  CRT4K: 0x2000_0000,
  CCA: 0x1000_0000,
  ACCELERATOR: 0x0800_0000,
  EP11: 0x0400_0000,
  APXA: 0x0200_0000,
  FULL_FUNCTIONS: 0x0080_0000,
} as const;

const COMMON = AP_FUNCTION.APSC + AP_FUNCTION.APXA + AP_FUNCTION.FULL_FUNCTIONS;
const RSA_4096 = AP_FUNCTION.MEX4K + AP_FUNCTION.CRT4K;

/** What a card of a mode has when it has everything. */
export const MODE_FUNCTIONS: Readonly<Record<ApMode, number>> = {
  accelerator: COMMON + RSA_4096 + AP_FUNCTION.ACCELERATOR,
  cca: COMMON + RSA_4096 + AP_FUNCTION.CCA,
  ep11: COMMON + AP_FUNCTION.EP11,
};

/** Tells whether `functions` has one of {@link AP_FUNCTION}. */
export function hasFunction(functions: number, bit: number): boolean {
  return (functions & bit) !== 0;
}
