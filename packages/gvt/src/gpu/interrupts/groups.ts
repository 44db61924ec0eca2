// The interrupt registers of Gen8 and later. PRM volume 12 (Display), "Interrupt Structure".

import type { EngineLayout } from '../registers/engines.ts';
import type { InterruptSource } from './source.ts';

/** A group of four registers: ISR, IMR, IIR and IER, in this order. */
export interface InterruptGroup {
  readonly name: string;
  readonly base: number;
  /** Bits of the master register, each with the bits of the group it stands for. */
  readonly master: readonly (readonly [bit: number, of: number])[];
}

const ALL = 0xffff_ffff;
const LOW = 0x0000_ffff;
const HIGH = 0xffff_0000;

/** Offsets inside a group. */
export const ISR = 0x0;
export const IMR = 0x4;
export const IIR = 0x8;
export const IER = 0xc;

/** Bases of groups. */
export const GT_IRQ_2 = 0x4_4320;
export const DE_PORT_IRQ = 0x4_4440;
export const DE_MISC_IRQ = 0x4_4460;
export const PCU_IRQ = 0x4_44e0;
export const SDE_IRQ = 0xc_4000;

/** The groups. GT 2 is power management, SDE is the PCH. */
export const INTERRUPT_GROUPS: readonly InterruptGroup[] = [
  {
    name: 'GT_0',
    base: 0x4_4300,
    master: [
      [0, LOW],
      [1, HIGH],
    ],
  },
  {
    name: 'GT_1',
    base: 0x4_4310,
    master: [
      [2, LOW],
      [3, HIGH],
    ],
  },
  { name: 'GT_2', base: GT_IRQ_2, master: [[4, ALL]] },
  { name: 'GT_3', base: 0x4_4330, master: [[6, ALL]] },
  { name: 'DE_PIPE_A', base: 0x4_4400, master: [[16, ALL]] },
  { name: 'DE_PIPE_B', base: 0x4_4410, master: [[17, ALL]] },
  { name: 'DE_PIPE_C', base: 0x4_4420, master: [[18, ALL]] },
  { name: 'DE_PORT', base: DE_PORT_IRQ, master: [[20, ALL]] },
  { name: 'DE_MISC', base: DE_MISC_IRQ, master: [[22, ALL]] },
  { name: 'PCU', base: PCU_IRQ, master: [[30, ALL]] },
  { name: 'SDE', base: SDE_IRQ, master: [[23, ALL]] },
];

/** Bits of an engine's 16-bit lane. */
export const GT_RENDER_USER_INTERRUPT = 0;
export const GT_RENDER_PIPECTL_NOTIFY_INTERRUPT = 4;
export const GT_CONTEXT_SWITCH_INTERRUPT = 8;
export const GT_WAIT_SEMAPHORE_INTERRUPT = 11;

/** Bits of a pipe. */
export const GEN8_PIPE_VBLANK = 0;
export const GEN9_PIPE_PLANE1_FLIP_DONE = 3;
export const GEN8_PIPE_CDCLK_CRC_DONE = 28;

/** Bits of the PCH. */
export const SDE_GMBUS = 17;
export const SDE_PORTB_HOTPLUG = 21;

/** An interrupt of an engine. @param bit - of its lane */
export function engineInterrupt({ group, lane }: EngineLayout, bit: number): InterruptSource {
  return { group, bit: lane + bit };
}

/** An interrupt of a pipe. @param pipe - 0 is A */
export function pipeInterrupt(pipe: number, bit: number): InterruptSource {
  return { group: 0x4_4400 + pipe * 0x10, bit };
}
