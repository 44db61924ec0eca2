// What a Kaby Lake GT2 is made of, as its fuses say. PRM volume 2c.

import type { Register, RegisterFamily } from './register.ts';

/** Bits of SKL_DFSM that take away pipes A, B and C. */
const PIPE_DISABLE = [1 << 30, 1 << 21, 1 << 28] as const;
const SKL_DFSM_DISPLAY_PM_DISABLE = 1 << 27;
const SKL_DFSM_DISPLAY_HDCP_DISABLE = 1 << 25;

/** Pipes that a GPU of this kind can have. */
export const MOST_PIPES: number = PIPE_DISABLE.length;

/** Registers that only the fuses write. @param pipes - how many of the pipes there are; 0 is no display */
export function fuses(pipes: number): RegisterFamily {
  return {
    name: 'fuses',
    registers: [
      // One slice of three subslices, all execution units of them.
      fixed(0x9120, 'GEN8_FUSE2', 0x0280_0000),
      fixed(0x9134, 'GEN9_EU_DISABLE_0', 0),
      fixed(0x9138, 'GEN9_EU_DISABLE_1', 0),
      fixed(0x913c, 'GEN9_EU_DISABLE_2', 0),
      // A time stamp every 1/12 of a microsecond.
      fixed(0xa26c, 'RPM_CONFIG0', 0x4),
      fixed(0x4_2000, 'SKL_FUSE_STATUS', 0x8e00_0000),
      fixed(0x5_1000, 'SKL_DFSM', dfsm(pipes)),
      fixed(0x12_0010, 'HSW_EDRAM_CAP', 0),
      fixed(0x14_5000, 'SKL_MEMORY_FREQ', 0),
      // One DIMM of 8 GiB in the first channel.
      fixed(0x14_500c, 'SKL_MAD_DIMM_CH0', 8),
      fixed(0x14_5010, 'SKL_MAD_DIMM_CH1', 0),
      // 1150, 1050 and 300 MHz.
      fixed(0x14_5998, 'GEN6_RP_STATE_CAP', 0x0006_1517),
    ],
  };
}

function dfsm(pipes: number): number {
  let value = SKL_DFSM_DISPLAY_PM_DISABLE | SKL_DFSM_DISPLAY_HDCP_DISABLE;
  for (const bit of PIPE_DISABLE.slice(pipes)) value |= bit;
  return value >>> 0;
}

function fixed(offset: number, name: string, initial: number): Register {
  return { offset, name, initial, kind: 'read-only' };
}
