// Registers of modes and workarounds: the upper half of a write says which bits of the lower half it is for.
// PRM volume 2c.

import { ENGINES } from './engines.ts';
import type { Register, RegisterFamily } from './register.ts';

/**
 * The render engine's and those of slices; a driver sets them by commands at the start of a context too. GVT-g has no
 * name for the first.
 */
const BY_COMMAND = [
  [0x2088, '0x2088'],
  [0x2090, 'FF_MODE'],
  [0x20c0, 'INSTPM'],
  [0x20d8, 'GEN9_CS_DEBUG_MODE2'],
  [0x20e4, 'FF_SLICE_CS_CHICKEN2'],
  [0x20ec, 'GEN9_CS_DEBUG_MODE1'],
  [0x2580, 'GEN8_CS_CHICKEN1'],
  [0x5588, 'GEN9_WM_CHICKEN3'],
  [0x7000, 'CACHE_MODE_0'],
  [0x7004, 'CACHE_MODE_1'],
  [0x7008, 'GEN7_GT_MODE'],
  [0x700c, 'GEN9_CACHE_MODE_2'],
  [0x7010, 'GEN7_COMMON_SLICE_CHICKEN1'],
  [0x7014, 'GEN8_COMMON_SLICE_CHICKEN2'],
  [0x7018, 'GEN9_COMMON_SLICE_CHICKEN3'],
  [0x7300, 'HDC_CHICKEN0'],
  [0x7304, 'HDC_CHICKEN1'],
  [0xe100, 'HALF_SLICE_CHICKEN'],
  [0xe180, 'HALF_SLICE_CHICKEN2'],
  [0xe184, 'HALF_SLICE_CHICKEN3'],
  [0xe188, 'GEN9_HALF_SLICE_CHICKEN5'],
  [0xe18c, 'GEN9_HALF_SLICE_CHICKEN6'],
  [0xe190, 'GEN9_HALF_SLICE_CHICKEN4'],
  [0xe194, 'GEN9_HALF_SLICE_CHICKEN7'],
  [0xe4f0, 'GEN8_ROW_CHICKEN'],
  [0xe4f4, 'GEN7_ROW_CHICKEN2'],
] as const;

const BY_GUEST_ONLY = [[0x83a4, 'GEN9_FF_SLICE_CHICKEN']] as const;

/** Masked registers without an effect here. */
export const CHICKEN: RegisterFamily = {
  name: 'chicken bits',
  registers: [
    ...BY_COMMAND.map(([offset, name]) => masked(offset, name, true)),
    ...BY_GUEST_ONLY.map(([offset, name]) => masked(offset, name, false)),
    ...ENGINES.filter(({ name }) => name !== 'RCS0').map(({ name, base }) =>
      masked(base + 0xc0, `${name}_INSTPM`, true),
    ),
  ],
};

function masked(offset: number, name: string, byCommand: boolean): Register {
  return { offset, name, kind: 'masked', byCommand };
}
