// Commands that move registers. Kaby Lake PRM, volume 2a, MI_LOAD_REGISTER_*, MI_STORE_REGISTER_MEM.
//
// A command writes only registers that are marked for it: whatever else a stream asks for is refused and counted.

import { REGISTER_SPACE } from '../../registers/register-file.ts';
import {
  addressAt,
  isGlobal,
  length8,
  Outcome,
  type Command,
  type CommandContext,
} from '../command.ts';
import { MI_PREDICATE_RESULT } from '../engine-offsets.ts';

const REGISTER = 0x7f_fffc;
const PREDICATED = 1 << 21;

/** Writes a register as a command may. */
export function writeRegister(cs: CommandContext, offset: number, value: number): void {
  if (offset < REGISTER_SPACE && cs.registers.isByCommand(offset)) {
    cs.registers.write(offset, value);
  } else {
    cs.refuse(offset);
  }
}

/** Reads a register as a command may; 0 outside of the registers. */
function readRegister(cs: CommandContext, offset: number): number {
  if (offset < REGISTER_SPACE) return cs.registers.read(offset);
  cs.refuse(offset);
  return 0;
}

/** MI_LOAD_REGISTER_IMM: pairs of register and value. */
export const loadRegisterImm: Command = {
  name: 'MI_LOAD_REGISTER_IMM',
  length: length8,
  execute(cs, header) {
    const { stream } = cs;
    const end = length8(header) - 1;
    for (let i = 1; i < end; i += 2) {
      writeRegister(cs, stream.word(i) & REGISTER, stream.unsigned(i + 1));
    }
    return Outcome.next;
  },
};

/** MI_LOAD_REGISTER_MEM. */
export const loadRegisterMem: Command = {
  name: 'MI_LOAD_REGISTER_MEM',
  length: length8,
  execute(cs, header) {
    const memory = cs.memory(isGlobal(header));
    if (memory === undefined) return Outcome.next;
    writeRegister(cs, cs.stream.word(1) & REGISTER, memory.read32(addressAt(cs.stream, 2)));
    return Outcome.next;
  },
};

/** MI_LOAD_REGISTER_REG. */
export const loadRegisterReg: Command = {
  name: 'MI_LOAD_REGISTER_REG',
  length: length8,
  execute(cs) {
    const value = readRegister(cs, cs.stream.word(1) & REGISTER);
    writeRegister(cs, cs.stream.word(2) & REGISTER, value);
    return Outcome.next;
  },
};

/** MI_STORE_REGISTER_MEM. */
export const storeRegisterMem: Command = {
  name: 'MI_STORE_REGISTER_MEM',
  length: length8,
  execute(cs, header) {
    if ((header & PREDICATED) !== 0) {
      const result = cs.registers.get(cs.engine.base + MI_PREDICATE_RESULT);
      if ((result & 1) === 0) return Outcome.next;
    }
    const memory = cs.memory(isGlobal(header));
    if (memory === undefined) return Outcome.next;
    const value = readRegister(cs, cs.stream.word(1) & REGISTER);
    memory.write32(addressAt(cs.stream, 2), value);
    return Outcome.next;
  },
};
