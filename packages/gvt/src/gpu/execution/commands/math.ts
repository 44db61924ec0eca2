// MI_MATH: the command streamer's little unit of arithmetic, 64 bits in two halves. Kaby Lake PRM, volume 2a.

import { length8, Outcome, type Command, type CommandContext } from '../command.ts';
import { CS_GPR } from '../engine-offsets.ts';

const LOAD = 0x080;
const LOADINV = 0x480;
const LOAD0 = 0x081;
const LOAD1 = 0x481;
const ADD = 0x100;
const SUB = 0x101;
const AND = 0x102;
const OR = 0x103;
const XOR = 0x104;
const STORE = 0x180;
const STOREINV = 0x580;

const REGISTERS = 16;
const SRCA = 0x20;
const SRCB = 0x21;
const ACCU = 0x31;
const ZF = 0x32;
const CF = 0x33;

/** The unit's own registers, each in two halves. They do not outlive a command. */
class Unit {
  aLow = 0;
  aHigh = 0;
  bLow = 0;
  bHigh = 0;
  low = 0;
  high = 0;
  isZero = false;
  isCarry = false;
  /** What was read last. */
  readLow = 0;
  readHigh = 0;

  clear(): void {
    this.aLow = 0;
    this.aHigh = 0;
    this.bLow = 0;
    this.bHigh = 0;
    this.#result(0, 0, false);
  }

  set(operand: number, low: number, high: number): void {
    if (operand === SRCA) {
      this.aLow = low >>> 0;
      this.aHigh = high >>> 0;
    } else if (operand === SRCB) {
      this.bLow = low >>> 0;
      this.bHigh = high >>> 0;
    }
  }

  compute(operation: number): void {
    const { aLow, aHigh, bLow, bHigh } = this;
    switch (operation) {
      case ADD: {
        const low = aLow + bLow;
        const high = aHigh + bHigh + (low > 0xffff_ffff ? 1 : 0);
        this.#result(low, high, high > 0xffff_ffff);
        break;
      }
      case SUB: {
        const low = aLow - bLow;
        const high = aHigh - bHigh - (low < 0 ? 1 : 0);
        this.#result(low, high, high < 0);
        break;
      }
      case AND:
        this.#result(aLow & bLow, aHigh & bHigh, false);
        break;
      case OR:
        this.#result(aLow | bLow, aHigh | bHigh, false);
        break;
      case XOR:
        this.#result(aLow ^ bLow, aHigh ^ bHigh, false);
        break;
      default:
        break;
    }
  }

  /** Reads the accumulator or a flag. @returns whether the operand is one of them */
  read(operand: number): boolean {
    switch (operand) {
      case ACCU:
        this.readLow = this.low;
        this.readHigh = this.high;
        return true;
      case ZF:
        return this.#readFlag(this.isZero);
      case CF:
        return this.#readFlag(this.isCarry);
      default:
        return false;
    }
  }

  #readFlag(flag: boolean): true {
    this.readLow = flag ? 0xffff_ffff : 0;
    this.readHigh = this.readLow;
    return true;
  }

  #result(low: number, high: number, isCarry: boolean): void {
    this.low = low >>> 0;
    this.high = high >>> 0;
    this.isZero = this.low === 0 && this.high === 0;
    this.isCarry = isCarry;
  }
}

const unit = new Unit();

/** MI_MATH: one instruction of the unit in each dword. */
export const math: Command = {
  name: 'MI_MATH',
  length: length8,
  execute(cs, header) {
    unit.clear();
    const end = length8(header);
    for (let i = 1; i < end; i++) step(cs, cs.stream.unsigned(i));
    return Outcome.next;
  },
};

function step(cs: CommandContext, instruction: number): void {
  const operation = instruction >>> 20;
  const first = (instruction >>> 10) & 0x3ff;
  const second = instruction & 0x3ff;
  switch (operation) {
    case LOAD:
      read(cs, second);
      unit.set(first, unit.readLow, unit.readHigh);
      break;
    case LOADINV:
      read(cs, second);
      unit.set(first, ~unit.readLow, ~unit.readHigh);
      break;
    case LOAD0:
      unit.set(first, 0, 0);
      break;
    case LOAD1:
      unit.set(first, 0xffff_ffff, 0xffff_ffff);
      break;
    case STORE:
      read(cs, second);
      store(cs, first, unit.readLow, unit.readHigh);
      break;
    case STOREINV:
      read(cs, second);
      store(cs, first, ~unit.readLow, ~unit.readHigh);
      break;
    default:
      unit.compute(operation);
  }
}

function read(cs: CommandContext, operand: number): void {
  if (unit.read(operand)) return;
  const offset = cs.engine.base + CS_GPR + (operand % REGISTERS) * 8;
  unit.readLow = operand < REGISTERS ? cs.registers.get(offset) : 0;
  unit.readHigh = operand < REGISTERS ? cs.registers.get(offset + 4) : 0;
}

function store(cs: CommandContext, operand: number, low: number, high: number): void {
  if (operand >= REGISTERS) return;
  const offset = cs.engine.base + CS_GPR + operand * 8;
  cs.registers.set(offset, low >>> 0);
  cs.registers.set(offset + 4, high >>> 0);
}
