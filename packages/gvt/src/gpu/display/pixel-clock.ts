// How fast pixels come, from the registers of the PLLs and the ports. PRM volume 12 (Display), "DPLL_CFGCR1" and
// "DPLL_CFGCR2"; "TRANS_DDI_FUNC_CTL"; "LINKM".

import type { RegisterStorage } from '../registers/register.ts';

const TRANS_DDI_FUNC_CTL = 0x6_0400;
const TRANS_DDI_FUNC_ENABLE = 0x8000_0000;
const PIPE_LINK_M1 = 0x6_0040;
const PIPE_LINK_N1 = 0x6_0044;
const DPLL_CTRL1 = 0x6_c058;
const DPLL_CTRL2 = 0x6_c05c;
const DPLL_CFGCR1 = 0x6_c040;

/** kHz. */
const REFERENCE = 24_000;

/** What a port may send, TRANS_DDI_FUNC_CTL bits 26:24. */
const MODE_DP_SST = 2;

/** kHz of a DP link for each of the values of DPLL_CTRL1. */
const LINK_CLOCKS = [540_000, 270_000, 162_000, 324_000, 216_000, 432_000] as const;

const KDIV = [5, 2, 3, 1] as const;
const PDIV = [1, 2, 3, undefined, 7] as const;

/** Bits of a colour on the wire, TRANS_DDI_FUNC_CTL bits 22:20; the clock of HDMI goes with them. */
const BITS_PER_COLOUR = [8, 10, 6, 12] as const;

/** Whether the pipe's port sends as HDMI or DVI. */
export function isTmds(registers: RegisterStorage, pipe: number): boolean {
  return ((functionControl(registers, pipe) >>> 24) & 0x7) < MODE_DP_SST;
}

/** kHz of the pixels of a pipe. @returns `undefined` where the registers make no clock */
export function pixelClock(registers: RegisterStorage, pipe: number): number | undefined {
  const control = functionControl(registers, pipe);
  if (control < TRANS_DDI_FUNC_ENABLE) return undefined;
  const port = (control >>> 28) & 0x7;
  const pll = (registers.get(DPLL_CTRL2) >>> (port * 3 + 1)) & 0x3;
  const settings = registers.get(DPLL_CTRL1) >>> (pll * 6);
  if (isTmds(registers, pipe)) {
    const bits = BITS_PER_COLOUR[(control >>> 20) & 0x3] ?? 8;
    const clock = wrpllClock(registers, pll);
    return clock === undefined ? undefined : (clock * 8) / bits;
  }
  const link = LINK_CLOCKS[(settings >>> 1) & 0x7];
  const m = registers.get(PIPE_LINK_M1 + pipe * 0x1000) & 0xff_ffff;
  const n = registers.get(PIPE_LINK_N1 + pipe * 0x1000) & 0xff_ffff;
  return link === undefined || n === 0 ? undefined : (link * m) / n;
}

/** A PLL in HDMI mode: the oscillator, divided by three dividers and the five of the serializer. */
function wrpllClock(registers: RegisterStorage, pll: number): number | undefined {
  if (pll === 0) return undefined;
  const configuration = registers.get(DPLL_CFGCR1 + (pll - 1) * 8);
  const dividers = registers.get(DPLL_CFGCR1 + (pll - 1) * 8 + 4);
  const whole = configuration & 0x1ff;
  const fraction = (configuration >>> 9) & 0x7fff;
  const oscillator = (whole + fraction / 0x8000) * REFERENCE;
  const p = PDIV[(dividers >>> 2) & 0x7];
  const k = KDIV[(dividers >>> 5) & 0x3] ?? 1;
  const q = (dividers & (1 << 7)) === 0 ? 1 : (dividers >>> 8) & 0xff;
  return p === undefined || q === 0 ? undefined : oscillator / (p * q * k * 5);
}

function functionControl(registers: RegisterStorage, pipe: number): number {
  return registers.get(TRANS_DDI_FUNC_CTL + pipe * 0x1000);
}
