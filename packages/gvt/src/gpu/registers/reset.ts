// Reset of the engines. PRM volume 2c, "GDRST" and "RESET_CTL".

import { ENGINES, GRDOM_FULL } from './engines.ts';
import type { Register, RegisterFamily } from './register.ts';

/** GDRST: graphics device reset control. */
export const GEN6_GDRST = 0x941c;

const RESET_CTL_REQUEST_RESET = 1 << 0;
const RESET_CTL_READY_TO_RESET = 1 << 1;
const MODE_IDLE = 1 << 9;

/** Every engine's bit of GDRST. */
export const GRDOM_ENGINES: number = ENGINES.reduce((mask, { resetBit }) => mask | resetBit, 0);

/**
 * The registers by which a guest resets engines; all of it is done when the write is.
 *
 * @param reset - is told {@link GRDOM_FULL}, or bits of engines
 */
export function resetControl(reset: (mask: number) => void): RegisterFamily {
  return {
    name: 'reset',
    registers: [
      {
        offset: GEN6_GDRST,
        name: 'GEN6_GDRST',
        written(value, registers) {
          registers.set(GEN6_GDRST, 0);
          const mask = value & (GRDOM_FULL | GRDOM_ENGINES);
          if (mask !== 0) reset(mask);
        },
      },
      ...ENGINES.flatMap(({ name, base }) => engineReset(name, base)),
    ],
  };
}

function engineReset(name: string, base: number): Register[] {
  return [
    {
      offset: base + 0xd0,
      name: `${name}_RESET_CTL`,
      kind: 'masked',
      readOnly: RESET_CTL_READY_TO_RESET,
      read: (stored) =>
        (stored & RESET_CTL_REQUEST_RESET) === 0 ? stored : stored | RESET_CTL_READY_TO_RESET,
    },
    // A ring that is asked to stop has stopped: between two slices nothing is under way.
    {
      offset: base + 0x9c,
      name: `${name}_MI_MODE`,
      kind: 'masked',
      initial: MODE_IDLE,
      readOnly: MODE_IDLE,
    },
  ];
}
