// Invalidation of translations. PRM volume 2c, "TLB invalidation" registers.

import type { RegisterFamily } from './register.ts';

const TLBS = [
  ['GEN8_RTCR', 0x4260],
  ['GEN8_M1TCR', 0x4264],
  ['GEN8_M2TCR', 0x4268],
  ['GEN8_VTCR', 0x426c],
  ['GEN8_BTCR', 0x4270],
] as const;

const INVALIDATE = 1 << 0;

/** No translation outlives a slice of execution: an invalidation is done as soon as it is asked for. */
export const TLB: RegisterFamily = {
  name: 'TLB',
  registers: TLBS.map(([name, offset]) => ({ offset, name, readOnly: INVALIDATE })),
};
