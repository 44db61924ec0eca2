// When the lines of a pipe are scanned, from its transcoder's registers. PRM volume 12 (Display), "TRANS_HTOTAL".

import type { RegisterStorage } from '../registers/register.ts';
import { isTmds, pixelClock } from './pixel-clock.ts';

const TRANS_HTOTAL = 0x6_0000;
const TRANS_VTOTAL = 0x6_000c;
const TRANS_VBLANK = 0x6_0010;

/** Hz; a mode outside of these is taken for one of {@link USUAL_REFRESH}. */
const LEAST_REFRESH = 5;
const MOST_REFRESH = 250;
const USUAL_REFRESH = 60;

/** The scan line counter stays this far behind the line. */
const LINES_BEHIND_TMDS = 2;
const LINES_BEHIND = 1;

/** The rhythm of a pipe. */
export interface Timing {
  /** Milliseconds of a frame. */
  readonly period: number;
  /** Lines of a frame, blank ones included. */
  readonly lines: number;
  /** First line of the vertical blank. */
  readonly blankStart: number;
  /** Lines by which PIPEDSL is behind. */
  readonly behind: number;
}

/** The rhythm that the registers of a pipe say. */
export function readTiming(registers: RegisterStorage, pipe: number): Timing {
  const at = pipe * 0x1000;
  const columns = ((registers.get(TRANS_HTOTAL + at) >>> 16) & 0x3fff) + 1;
  const lines = ((registers.get(TRANS_VTOTAL + at) >>> 16) & 0x1fff) + 1;
  const blankStart = (registers.get(TRANS_VBLANK + at) & 0x1fff) + 1;
  const clock = pixelClock(registers, pipe) ?? 0;
  const refresh = (clock * 1000) / (columns * lines);
  const isUsable = refresh >= LEAST_REFRESH && refresh <= MOST_REFRESH;
  return {
    period: 1000 / (isUsable ? refresh : USUAL_REFRESH),
    lines,
    blankStart: Math.min(blankStart, lines),
    behind: isTmds(registers, pipe) ? LINES_BEHIND_TMDS : LINES_BEHIND,
  };
}
