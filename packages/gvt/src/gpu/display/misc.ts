// What of the display stands still or follows a bit beside it. PRM volume 12 (Display).

import type { RegisterFamily, RegisterStorage } from '../registers/register.ts';

const VGA_DISP_DISABLE = 0x8000_0000;

const PP_CONTROL = 0xc_7204;
const POWER_ON = 1 << 0;
const PP_ON = 0x8000_0000;
const PP_SEQUENCE_STATE_ON_IDLE = 0x8;

const FDI_MPHY_IOSFSB_RESET_CTL = 1 << 12;
const FDI_MPHY_IOSFSB_RESET_STATUS = 1 << 13;

/** MHz. */
const RAW_CLOCK = 24;

/** There is no VGA, no panel that refreshes itself, and what is asked for has happened. */
export const DISPLAY_MISC: RegisterFamily = {
  name: 'display',
  registers: [
    { offset: 0x4_1000, name: 'CPU_VGACNTRL', initial: VGA_DISP_DISABLE, keptOver: 'engine-reset' },
    { offset: 0xc_6204, name: 'PCH_RAWCLK_FREQ', initial: RAW_CLOCK },
    { offset: 0x6_4834, name: 'EDP_PSR_IMR', kind: 'read-only' },
    { offset: 0x6_4838, name: 'EDP_PSR_IIR', kind: 'read-only' },
    { offset: 0xc_7200, name: 'PP_STATUS', kind: 'read-only', read: (_, all) => panelStatus(all) },
    {
      offset: 0xc_2004,
      name: 'SOUTH_CHICKEN2',
      readOnly: FDI_MPHY_IOSFSB_RESET_STATUS,
      read: (stored) =>
        (stored & FDI_MPHY_IOSFSB_RESET_CTL) === 0 ? stored : stored | FDI_MPHY_IOSFSB_RESET_STATUS,
    },
  ],
};

function panelStatus(registers: RegisterStorage): number {
  const isOn = (registers.get(PP_CONTROL) & POWER_ON) !== 0;
  return isOn ? PP_ON | PP_SEQUENCE_STATE_ON_IDLE : 0;
}
