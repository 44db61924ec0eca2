// From events to the one interrupt of the device. PRM volume 12 (Display), "Interrupt Flow".
//
// Concepts: an event that its IMR lets through is latched in its IIR. What is latched and enabled in its IER drives a
// line, which the master register gates; each rise of the gated line is one message to the guest. The guest closes
// the gate while it looks, so what has come meanwhile is another rise when the gate opens again.

import type { Register, RegisterFamily, RegisterStorage } from '../registers/register.ts';
import { IER, IIR, IMR, INTERRUPT_GROUPS, ISR, type InterruptGroup } from './groups.ts';
import type { InterruptSink, InterruptSource } from './source.ts';

/** Master interrupt control. */
export const GEN8_MASTER_IRQ = 0x4_4200;

const GEN8_MASTER_IRQ_CONTROL = 0x8000_0000;

/** The interrupt registers of one vGPU. Counterpart of `struct intel_gvt_irq`. */
export class InterruptRouter implements InterruptSink {
  readonly family: RegisterFamily;
  readonly #registers: RegisterStorage;
  readonly #interrupt: () => void;
  #isHigh = false;
  #sent = 0;

  /**
   * @param registers - where the family's registers are kept
   * @param interrupt - sends a message to the guest
   */
  constructor(registers: RegisterStorage, interrupt: () => void) {
    this.#registers = registers;
    this.#interrupt = interrupt;
    const evaluate = (): void => this.#evaluate();
    this.family = {
      name: 'interrupts',
      registers: [
        ...INTERRUPT_GROUPS.flatMap((group) => groupRegisters(group, evaluate)),
        {
          offset: GEN8_MASTER_IRQ,
          name: 'GEN8_MASTER_IRQ',
          readOnly: ~GEN8_MASTER_IRQ_CONTROL >>> 0,
          read: (stored) => stored | sources(registers),
          written: evaluate,
        },
      ],
    };
  }

  /** Messages since it was made. */
  get sent(): number {
    return this.#sent;
  }

  raise({ group, bit }: InterruptSource): void {
    const registers = this.#registers;
    const mask = (1 << bit) >>> 0;
    if ((registers.get(group + IMR) & mask) !== 0) return;
    registers.set(group + IIR, registers.get(group + IIR) | mask);
    this.#evaluate();
  }

  /**
   * The guest listens to a group, and is not done with the last time: something is latched, or the gate is closed while
   * the guest looks at what it was.
   */
  isUnanswered(group: number): boolean {
    const registers = this.#registers;
    const listened = registers.get(group + IER) & ~registers.get(group + IMR);
    if (listened === 0) return false;
    const isOpen = registers.get(GEN8_MASTER_IRQ) >= GEN8_MASTER_IRQ_CONTROL;
    return !isOpen || (registers.get(group + IIR) & listened) !== 0;
  }

  /** Level of a line as ISR shows it; raises nothing. */
  setLevel({ group, bit }: InterruptSource, isHigh: boolean): void {
    const registers = this.#registers;
    const others = registers.get(group + ISR) & ~(1 << bit);
    registers.set(group + ISR, isHigh ? others | (1 << bit) : others);
  }

  /** Follows a reset of the registers. */
  reset(): void {
    this.#isHigh = false;
  }

  #evaluate(): void {
    const registers = this.#registers;
    const isOpen = registers.get(GEN8_MASTER_IRQ) >= GEN8_MASTER_IRQ_CONTROL;
    const isHigh = isOpen && sources(registers) !== 0;
    const rises = isHigh && !this.#isHigh;
    this.#isHigh = isHigh;
    if (!rises) return;
    this.#sent++;
    this.#interrupt();
  }
}

function groupRegisters({ name, base }: InterruptGroup, evaluate: () => void): Register[] {
  return [
    { offset: base + ISR, name: `${name}_ISR`, kind: 'read-only' },
    { offset: base + IMR, name: `${name}_IMR`, initial: 0xffff_ffff, written: evaluate },
    { offset: base + IIR, name: `${name}_IIR`, kind: 'write-1-to-clear', written: evaluate },
    { offset: base + IER, name: `${name}_IER`, written: evaluate },
  ];
}

/** Bits of the master register: which groups drive their lines. */
function sources(registers: RegisterStorage): number {
  let bits = 0;
  for (const { base, master } of INTERRUPT_GROUPS) {
    const pending = registers.get(base + IIR) & registers.get(base + IER);
    if (pending === 0) continue;
    for (const [bit, of] of master) {
      if ((pending & of) !== 0) bits |= 1 << bit;
    }
  }
  return bits;
}
