// MI_ATOMIC. Kaby Lake PRM, volume 2a.
//
// Nothing else of this GPU runs meanwhile, so what is atomic among commands is so by itself. Only compare-and-write of 16
// bytes knows operands of more than 64 bits.

import {
  addressAt,
  isGlobal,
  length8,
  Outcome,
  type Command,
  type CommandContext,
} from '../command.ts';
import { CS_GPR } from '../engine-offsets.ts';

const INLINE = 1 << 18;
const RETURN = 1 << 16;
const OPERATION_SHIFT = 8;
const OF_QWORD = 0x20;
const OF_16_BYTES = 0x40;
const SOURCE = 3;

/** A value of 64 bits in two halves. */
interface Halves {
  low: number;
  high: number;
}

const old: Halves = { low: 0, high: 0 };
const first: Halves = { low: 0, high: 0 };
const second: Halves = { low: 0, high: 0 };
const result: Halves = { low: 0, high: 0 };

/** MI_ATOMIC: reads, computes, writes. */
export const atomic: Command = {
  name: 'MI_ATOMIC',
  length: length8,
  execute(cs, header) {
    const memory = cs.memory(isGlobal(header));
    if (memory === undefined) return Outcome.next;
    const operation = (header >>> OPERATION_SHIFT) & 0xff;
    if (operation >= OF_16_BYTES) {
      cs.refuse(header);
      return Outcome.next;
    }
    const isQword = operation >= OF_QWORD;
    const address = addressAt(cs.stream, 1);
    old.low = memory.read32(address);
    old.high = isQword ? memory.read32(address + 4) : 0;
    operands(cs, header, isQword);
    compute(operation & 0x1f, isQword);
    memory.write32(address, result.low);
    if (isQword) memory.write32(address + 4, result.high);
    if ((header & RETURN) !== 0) {
      cs.registers.set(cs.engine.base + CS_GPR, old.low);
      if (isQword) cs.registers.set(cs.engine.base + CS_GPR + 4, old.high);
    }
    return Outcome.next;
  },
};

/** Operand 1 and 2: of the command, or of the general registers. */
function operands(cs: CommandContext, header: number, isQword: boolean): void {
  const gpr = cs.engine.base + CS_GPR;
  if ((header & INLINE) === 0) {
    first.low = cs.registers.get(gpr);
    first.high = isQword ? cs.registers.get(gpr + 4) : 0;
    second.low = cs.registers.get(gpr + 8);
    second.high = isQword ? cs.registers.get(gpr + 12) : 0;
    return;
  }
  const { stream } = cs;
  const words = length8(header);
  first.low = words > SOURCE ? stream.unsigned(SOURCE) : 0;
  second.low = words > SOURCE + 1 ? stream.unsigned(SOURCE + 1) : 0;
  first.high = isQword && words > SOURCE + 2 ? stream.unsigned(SOURCE + 2) : 0;
  second.high = isQword && words > SOURCE + 3 ? stream.unsigned(SOURCE + 3) : 0;
}

function compute(operation: number, isQword: boolean): void {
  switch (operation) {
    case 0x1:
      set(old.low & first.low, old.high & first.high);
      break;
    case 0x2:
      set(old.low | first.low, old.high | first.high);
      break;
    case 0x3:
      set(old.low ^ first.low, old.high ^ first.high);
      break;
    case 0x4:
      set(first.low, first.high);
      break;
    case 0x5:
      add(old, 1, 0);
      break;
    case 0x6:
    case 0xf:
      add(old, 0xffff_ffff, 0xffff_ffff);
      break;
    case 0x7:
      add(old, first.low, first.high);
      break;
    case 0x8:
      subtract(old, first);
      break;
    case 0x9:
      subtract(first, old);
      break;
    case 0xa:
      choose(isLess(old, first, isQword, true) ? first : old);
      break;
    case 0xb:
      choose(isLess(old, first, isQword, true) ? old : first);
      break;
    case 0xc:
      choose(isLess(old, first, isQword, false) ? first : old);
      break;
    case 0xd:
      choose(isLess(old, first, isQword, false) ? old : first);
      break;
    case 0xe:
      choose(old.low === first.low && old.high === first.high ? second : old);
      break;
    default:
      choose(old);
  }
}

function set(low: number, high: number): void {
  result.low = low >>> 0;
  result.high = high >>> 0;
}

function choose({ low, high }: Halves): void {
  set(low, high);
}

function add(a: Halves, low: number, high: number): void {
  const sum = a.low + low;
  set(sum, a.high + high + (sum > 0xffff_ffff ? 1 : 0));
}

function subtract(a: Halves, b: Halves): void {
  const difference = a.low - b.low;
  set(difference, a.high - b.high - (difference < 0 ? 1 : 0));
}

function isLess(a: Halves, b: Halves, isQword: boolean, isSigned: boolean): boolean {
  if (!isQword) return isSigned ? (a.low | 0) < (b.low | 0) : a.low < b.low;
  if (a.high === b.high) return a.low < b.low;
  return isSigned ? (a.high | 0) < (b.high | 0) : a.high < b.high;
}
