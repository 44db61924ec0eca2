// Registers of the render engine that commands may write: what a driver's contexts begin with, and what clients of the
// 3D pipeline use. Kaby Lake PRM, volume 2c.

import type { Register, RegisterFamily } from '../registers/register.ts';

/** First register, how many, name. */
const RANGES = [
  [0x2158, 1, 'BB_OFFSET'],
  [0x2248, 1, 'GEN9_CTX_PREEMPT_REG'],
  [0x2290, 2, 'CS_INVOCATION_COUNT'],
  [0x22c8, 2, 'PS_INVOCATION_COUNT_0'],
  [0x22d8, 2, 'PS_DEPTH_COUNT_0'],
  [0x22f0, 4, 'PS_COUNTS_1'],
  [0x2300, 22, 'PIPELINE_STATISTICS'],
  [0x2360, 2, 'GEN8_OA_CTX'],
  [0x2420, 9, '3DPRIM'],
  [0x2448, 4, 'PS_COUNTS_2'],
  [0x2500, 3, 'GPGPU_DISPATCHDIM'],
  [0x20c8, 1, 'GEN8_R_PWR_CLK_STATE'],
  [0x4dd0, 1, 'GAMTARBMODE'],
  [0x4090, 1, 'GAM_ECOCHK'],
  [0x5200, 24, 'SO_STATISTICS'],
  [0x5280, 4, 'SO_WRITE_OFFSET'],
  [0x7034, 1, 'L3CNTLREG'],
  [0xe400, 2, 'TD_CTL'],
  [0xb100, 1, 'L3SQCREG1'],
  [0xb118, 1, 'L3SQCREG4'],
] as const;

/** Plain registers that commands may write. */
export const RENDER_REGISTERS: RegisterFamily = {
  name: 'render',
  registers: RANGES.flatMap(([first, count, name]) =>
    Array.from({ length: count }, (_, i): Register => {
      const suffix = count === 1 ? '' : `_${i}`;
      return { offset: first + i * 4, name: `${name}${suffix}`, byCommand: true };
    }),
  ),
};
