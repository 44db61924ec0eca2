// Commands that decide what comes next. Kaby Lake PRM, volume 2a, MI_*.

import { GT_RENDER_USER_INTERRUPT, GT_WAIT_SEMAPHORE_INTERRUPT } from '../../interrupts/groups.ts';
import {
  addressAt,
  isGlobal,
  length8,
  Outcome,
  single,
  type Command,
  type CommandContext,
} from '../command.ts';
import { MI_PREDICATE_RESULT_1 } from '../engine-offsets.ts';

const SECOND_LEVEL = 1 << 22;
const PREDICATED = 1 << 15;
const FROM_PROCESS = 1 << 8;
const COMPARE = 1 << 21;
const COMPARE_MASK = 1 << 19;
const OPERATION_SHIFT = 12;

/** MI_USER_INTERRUPT. */
export const userInterrupt: Command = {
  name: 'MI_USER_INTERRUPT',
  length: single,
  execute(cs) {
    cs.interrupt(GT_RENDER_USER_INTERRUPT);
    return Outcome.next;
  },
};

/** MI_BATCH_BUFFER_START. */
export const batchBufferStart: Command = {
  name: 'MI_BATCH_BUFFER_START',
  length: length8,
  execute(cs, header) {
    const { stream } = cs;
    if ((header & PREDICATED) !== 0) {
      const result = cs.registers.get(cs.engine.base + MI_PREDICATE_RESULT_1);
      if ((result & 1) === 0) return Outcome.next;
    }
    const memory = cs.memory((header & FROM_PROCESS) === 0);
    if (memory === undefined) return Outcome.hang;
    const address = addressAt(stream, 1);
    if (stream.depth === 0 || (header & SECOND_LEVEL) !== 0) {
      stream.call(memory, address, length8(header));
    } else {
      stream.jump(memory, address);
    }
    return Outcome.jumped;
  },
};

/** MI_BATCH_BUFFER_END. */
export const batchBufferEnd: Command = {
  name: 'MI_BATCH_BUFFER_END',
  length: single,
  execute: endBatch,
};

/** MI_CONDITIONAL_BATCH_BUFFER_END: ends where memory is not greater than the command's operand. */
export const conditionalBatchBufferEnd: Command = {
  name: 'MI_CONDITIONAL_BATCH_BUFFER_END',
  length: length8,
  execute(cs, header) {
    if ((header & COMPARE) === 0) return endBatch(cs);
    const memory = cs.memory(isGlobal(header));
    if (memory === undefined) return Outcome.next;
    const address = addressAt(cs.stream, 2);
    let value = memory.read32(address);
    if ((header & COMPARE_MASK) !== 0) value = (value & memory.read32(address + 4)) >>> 0;
    return value > cs.stream.unsigned(1) ? Outcome.next : endBatch(cs);
  },
};

/** MI_SEMAPHORE_WAIT: by looking again, whichever mode is asked for. */
export const semaphoreWait: Command = {
  name: 'MI_SEMAPHORE_WAIT',
  length: length8,
  execute(cs, header) {
    const memory = cs.memory(isGlobal(header));
    if (memory === undefined) return Outcome.next;
    const value = memory.read32(addressAt(cs.stream, 2));
    if (compares((header >>> OPERATION_SHIFT) & 7, value, cs.stream.unsigned(1))) {
      return Outcome.next;
    }
    cs.waits(GT_WAIT_SEMAPHORE_INTERRUPT);
    return Outcome.wait;
  },
};

function endBatch(cs: CommandContext): Outcome {
  return cs.stream.return() ? Outcome.jumped : Outcome.next;
}

function compares(operation: number, value: number, operand: number): boolean {
  switch (operation) {
    case 0:
      return value > operand;
    case 1:
      return value >= operand;
    case 2:
      return value < operand;
    case 3:
      return value <= operand;
    case 4:
      return value === operand;
    case 5:
      return value !== operand;
    default:
      return true;
  }
}
