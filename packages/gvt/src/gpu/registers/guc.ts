// The microcontroller of the GT, which stays in reset. PRM volume 2c, "GUC_STATUS".

import type { RegisterFamily } from './register.ts';

const GS_MIA_IN_RESET = 1 << 0;

/** No firmware runs, and no memory is set aside for it. */
export const GUC: RegisterFamily = {
  name: 'GuC',
  registers: [
    { offset: 0xc000, name: 'GUC_STATUS', initial: GS_MIA_IN_RESET, kind: 'read-only' },
    { offset: 0xc050, name: 'GUC_WOPCM_SIZE', kind: 'read-only' },
    { offset: 0xc340, name: 'DMA_GUC_WOPCM_OFFSET', kind: 'read-only' },
  ],
};
