// The sideband interface of the PCH, by which clocks behind it are set. PRM volume 2c, "SBI_ADDR".

import type { RegisterFamily, RegisterStorage } from './register.ts';

const SBI_ADDR = 0xc_6000;
const SBI_DATA = 0xc_6004;
const SBI_CTL_STAT = 0xc_6008;

const SBI_BUSY = 1 << 0;
const SBI_RESPONSE = 0b110;
const SBI_CTL_OP_CRRD = 6;
const SBI_CTL_OP_CRWR = 7;

/** Registers behind the interface that are remembered, as many as GVT-g does. */
const SBI_REG_MAX = 20;

/** The sideband of one vGPU. */
export class Sideband {
  readonly family: RegisterFamily;
  readonly #values = new Map<number, number>();

  constructor() {
    this.family = {
      name: 'SBI',
      registers: [
        { offset: SBI_ADDR, name: 'SBI_ADDR' },
        { offset: SBI_DATA, name: 'SBI_DATA' },
        {
          offset: SBI_CTL_STAT,
          name: 'SBI_CTL_STAT',
          written: (value, registers) => this.#run(value, registers),
        },
      ],
    };
  }

  /** Forgets what was written behind it. */
  reset(): void {
    this.#values.clear();
  }

  #run(value: number, registers: RegisterStorage): void {
    if ((value & SBI_BUSY) === 0) return;
    const address = registers.get(SBI_ADDR) >>> 16;
    const operation = (value >>> 8) & 0xff;
    if (operation === SBI_CTL_OP_CRRD) registers.set(SBI_DATA, this.#values.get(address) ?? 0);
    const isKnown = this.#values.has(address) || this.#values.size < SBI_REG_MAX;
    if (operation === SBI_CTL_OP_CRWR && isKnown) {
      this.#values.set(address, registers.get(SBI_DATA));
    }
    registers.set(SBI_CTL_STAT, value & ~(SBI_BUSY | SBI_RESPONSE));
  }
}
