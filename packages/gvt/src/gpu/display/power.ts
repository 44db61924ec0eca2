// Power wells and the display buffer. PRM volume 12 (Display), "PWR_WELL_CTL" and "DBUF_CTL".

import type { Register, RegisterFamily, RegisterStorage } from '../registers/register.ts';

/** Who may ask for a well: firmware, driver, KVMR and debug. */
const PWR_WELL_CTL = [0x4_5400, 0x4_5404, 0x4_5408, 0x4_540c] as const;

/** Of each pair of bits the upper one is the request, the lower one the state. */
const STATES = 0x5555_5555;

const DBUF_POWER_REQUEST = 0x8000_0000;
const DBUF_POWER_STATE = 0x4000_0000;

/** Power comes and goes as it is asked for. */
export const POWER: RegisterFamily = {
  name: 'power',
  registers: [
    ...PWR_WELL_CTL.map((offset, i): Register => ({
      offset,
      name: `HSW_PWR_WELL_CTL${i + 1}`,
      readOnly: STATES,
      read: (stored, registers) => stored | powered(registers),
    })),
    {
      offset: 0x4_5008,
      name: 'DBUF_CTL',
      readOnly: DBUF_POWER_STATE,
      read: (stored) => (stored >= DBUF_POWER_REQUEST ? stored | DBUF_POWER_STATE : stored),
    },
  ],
};

/** A well is on while anybody asks for it. */
function powered(registers: RegisterStorage): number {
  let requests = 0;
  for (const offset of PWR_WELL_CTL) requests |= registers.get(offset);
  return (requests >>> 1) & STATES;
}
