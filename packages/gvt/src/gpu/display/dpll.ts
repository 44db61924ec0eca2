// The display's clocks. PRM volume 12 (Display), "LCPLL1_CTL", "DPLL_CTRL1", "DPLL_CFGCR1".

import type { Register, RegisterFamily, RegisterStorage } from '../registers/register.ts';

const LCPLL_PLL_ENABLE = 0x8000_0000;
const LCPLL_PLL_LOCK = 0x4000_0000;

/** Enable registers of DPLL 0 to 3. */
const ENABLE = [
  [0x4_6010, 'LCPLL1_CTL'],
  [0x4_6014, 'LCPLL2_CTL'],
  [0x4_6040, 'WRPLL_CTL1'],
  [0x4_6060, 'WRPLL_CTL2'],
] as const;

/** PLLs lock at once. */
export const DPLL: RegisterFamily = {
  name: 'DPLL',
  registers: [
    ...ENABLE.slice(0, 2).map(([offset, name]): Register => ({
      offset,
      name,
      readOnly: LCPLL_PLL_LOCK,
      read: (stored) => (stored >= LCPLL_PLL_ENABLE ? stored | LCPLL_PLL_LOCK : stored),
    })),
    {
      offset: 0x6_c060,
      name: 'DPLL_STATUS',
      kind: 'read-only',
      read: (_, registers) => locks(registers),
    },
  ],
};

/** A byte for each PLL. */
function locks(registers: RegisterStorage): number {
  let status = 0;
  for (const [i, [offset]] of ENABLE.entries()) {
    if (registers.get(offset) >= LCPLL_PLL_ENABLE) status |= 1 << (i * 8);
  }
  return status;
}
