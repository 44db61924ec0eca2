// The mailbox of the power control unit. PRM volume 12 (Display), "Mailbox"; Linux intel_pcode.c for the commands.

import type { RegisterFamily, RegisterStorage } from './register.ts';

const GEN6_PCODE_MAILBOX = 0x13_8124;
const GEN6_PCODE_DATA = 0x13_8128;

const GEN6_PCODE_READY = 0x8000_0000;
const GEN6_PCODE_ERROR_MASK = 0xff;

/** What each command answers with, from what was given; one that is not here leaves the data alone. */
const REPLIES: ReadonlyMap<number, (data: number) => number> = new Map<
  number,
  (data: number) => number
>([
  /** GEN6_PCODE_READ_RC6VIDS */
  [0x05, (data) => data | 1],
  /** GEN9_PCODE_READ_MEM_LATENCY: microseconds of four levels, the lower ones first. */
  [0x06, (data) => (data === 0 ? 0x1e1a_1100 : 0x6151_4b3d)],
  /** SKL_PCODE_CDCLK_CONTROL: ready for a change. */
  [0x07, () => 1],
  /** GEN6_PCODE_READ_MIN_FREQ_TABLE */
  [0x09, () => 0],
  /** HSW_PCODE_DYNAMIC_DUTY_CYCLE_CONTROL */
  [0x1a, () => 0x0b00],
  /** GEN9_PCODE_SAGV_CONTROL: is disabled. */
  [0x21, () => 1],
]);

/** A command is done when its write is, and no command fails. */
export const PCODE: RegisterFamily = {
  name: 'PCODE',
  registers: [
    { offset: GEN6_PCODE_MAILBOX, name: 'GEN6_PCODE_MAILBOX', written: answer },
    { offset: GEN6_PCODE_DATA, name: 'GEN6_PCODE_DATA' },
    { offset: 0x13_812c, name: 'GEN6_PCODE_DATA1' },
  ],
};

function answer(value: number, registers: RegisterStorage): void {
  if (value < GEN6_PCODE_READY) return;
  const reply = REPLIES.get(value & GEN6_PCODE_ERROR_MASK);
  if (reply !== undefined) {
    registers.set(GEN6_PCODE_DATA, reply(registers.get(GEN6_PCODE_DATA)));
  }
  registers.set(GEN6_PCODE_MAILBOX, value & ~(GEN6_PCODE_READY | GEN6_PCODE_ERROR_MASK));
}
