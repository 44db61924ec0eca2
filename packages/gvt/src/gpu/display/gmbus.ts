// The I2C controller of the PCH, and the memory of the monitor behind it. PRM volume 12 (Display), "GMBUS".
//
// Concepts: a command says pin pair, address and length, and starts a cycle. Bytes then go through GMBUS3, four at a
// time; the cycle waits after the last one until a stop, or the next cycle.

import type { Monitor } from '../gpu.ts';
import { SDE_GMBUS, SDE_IRQ } from '../interrupts/groups.ts';
import type { InterruptSink } from '../interrupts/source.ts';
import type { RegisterFamily, RegisterStorage } from '../registers/register.ts';

const GMBUS0 = 0xc_5100;
const GMBUS1 = 0xc_5104;
const GMBUS2 = 0xc_5108;
const GMBUS3 = 0xc_510c;
const GMBUS4 = 0xc_5110;
const GMBUS5 = 0xc_5120;

const GMBUS_PIN = 0x7;
/** Pins of port B. */
const GMBUS_PIN_DPB = 5;

const GMBUS_SW_CLR_INT = 0x8000_0000;
const GMBUS_SW_RDY = 1 << 30;
const GMBUS_CYCLE_STOP = 1 << 27;
const GMBUS_CYCLE_INDEX = 1 << 26;
const GMBUS_CYCLE_WAIT = 1 << 25;
const GMBUS_SLAVE_READ = 1 << 0;

const GMBUS_HW_WAIT_PHASE = 1 << 14;
const GMBUS_HW_RDY = 1 << 11;
const GMBUS_SATOER = 1 << 10;
const GMBUS_ACTIVE = 1 << 9;

/** What GMBUS4 lets interrupt, and the states of GMBUS2 that do; the last is that nothing is active. */
const GMBUS_NAK_EN = 1 << 3;
const GMBUS_IDLE_EN = 1 << 2;
const GMBUS_HW_WAIT_EN = 1 << 1;
const GMBUS_HW_RDY_EN = 1 << 0;

const GMBUS_2BYTE_INDEX_EN = 0x8000_0000;

const DDC_ADDRESS = 0x50;

/** The controller, with a monitor at the pins of port B. */
export class Gmbus {
  readonly family: RegisterFamily;
  readonly #registers: RegisterStorage;
  readonly #interrupts: InterruptSink;
  readonly #monitor: () => Monitor;
  /** Bytes of the cycle that have not gone through yet. */
  #left = 0;
  #isRead = false;
  /** The next byte of the monitor's memory. */
  #word = 0;
  #isWordNext = false;
  #stops = false;

  constructor(registers: RegisterStorage, interrupts: InterruptSink, monitor: () => Monitor) {
    this.#registers = registers;
    this.#interrupts = interrupts;
    this.#monitor = monitor;
    this.family = {
      name: 'GMBUS',
      registers: [
        { offset: GMBUS0, name: 'GMBUS0' },
        { offset: GMBUS1, name: 'GMBUS1', written: (value) => this.#command(value) },
        { offset: GMBUS2, name: 'GMBUS2', kind: 'read-only', initial: GMBUS_HW_RDY },
        {
          offset: GMBUS3,
          name: 'GMBUS3',
          read: (stored) => this.#take(stored),
          written: (value) => this.#give(value),
        },
        { offset: GMBUS4, name: 'GMBUS4' },
        { offset: GMBUS5, name: 'GMBUS5' },
      ],
    };
  }

  /** Follows a reset of the registers. */
  reset(): void {
    this.#left = 0;
    this.#word = 0;
    this.#isWordNext = false;
  }

  #command(value: number): void {
    if (value >= GMBUS_SW_CLR_INT) {
      this.#left = 0;
      this.#registers.set(GMBUS2, GMBUS_HW_RDY);
      return;
    }
    if ((value & GMBUS_SW_RDY) === 0) return;
    this.#stops = (value & GMBUS_CYCLE_STOP) !== 0;
    if ((value & (GMBUS_CYCLE_WAIT | GMBUS_CYCLE_INDEX)) === 0) {
      this.#left = 0;
      this.#tell(GMBUS_HW_RDY, GMBUS_IDLE_EN);
      return;
    }
    this.#start(value);
  }

  #start(value: number): void {
    const address = (value >>> 1) & 0x7f;
    const pin = this.#registers.get(GMBUS0) & GMBUS_PIN;
    const isThere = pin === GMBUS_PIN_DPB && address === DDC_ADDRESS;
    if (!isThere || !this.#monitor().isConnected) {
      this.#left = 0;
      this.#tell(GMBUS_SATOER, GMBUS_NAK_EN);
      return;
    }
    this.#left = (value >>> 16) & 0x1ff;
    this.#isRead = (value & GMBUS_SLAVE_READ) !== 0;
    this.#isWordNext = !this.#isRead;
    if ((value & GMBUS_CYCLE_INDEX) !== 0) {
      const index = this.#registers.get(GMBUS5);
      this.#word = (index >= GMBUS_2BYTE_INDEX_EN ? index : value >>> 8) & 0xff;
      this.#isWordNext = false;
    }
    if (this.#isRead) this.#proceed();
    else this.#give(this.#registers.get(GMBUS3));
  }

  /** The monitor's next four bytes. */
  #take(stored: number): number {
    if (!this.#isRead || this.#left === 0) return stored;
    const { edid } = this.#monitor();
    let value = 0;
    for (let i = 0; i < 4 && this.#left > 0; i++) {
      value |= (edid[this.#word] ?? 0) << (i * 8);
      this.#word = (this.#word + 1) & 0xff;
      this.#left--;
    }
    this.#registers.set(GMBUS3, value);
    this.#proceed();
    return value >>> 0;
  }

  /** Four bytes for the monitor: the first of a cycle is where it reads on, its memory cannot be written. */
  #give(value: number): void {
    if (this.#isRead || this.#left === 0) return;
    if (this.#isWordNext) this.#word = value & 0xff;
    const count = Math.min(4, this.#left);
    this.#word = (this.#word + count - (this.#isWordNext ? 1 : 0)) & 0xff;
    this.#isWordNext = false;
    this.#left -= count;
    this.#proceed();
  }

  #proceed(): void {
    if (this.#left > 0) this.#tell(GMBUS_HW_RDY | GMBUS_ACTIVE, GMBUS_HW_RDY_EN);
    else if (this.#stops) this.#tell(GMBUS_HW_RDY, GMBUS_IDLE_EN);
    else this.#tell(GMBUS_HW_RDY | GMBUS_ACTIVE | GMBUS_HW_WAIT_PHASE, GMBUS_HW_WAIT_EN);
  }

  #tell(status: number, event: number): void {
    this.#registers.set(GMBUS2, status);
    if ((this.#registers.get(GMBUS4) & event) !== 0) {
      this.#interrupts.raise({ group: SDE_IRQ, bit: SDE_GMBUS });
    }
  }
}
