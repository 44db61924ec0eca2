// From a header to its command. Kaby Lake PRM, volume 2a, "Memory Interface Commands".

import { length10, length6, length8, Outcome, single, type Command } from '../command.ts';
import { blitCommand } from '../blt/commands.ts';
import { atomic } from './atomic.ts';
import {
  batchBufferEnd,
  batchBufferStart,
  conditionalBatchBufferEnd,
  semaphoreWait,
  userInterrupt,
} from './flow.ts';
import { flushDw } from './flush.ts';
import { math } from './math.ts';
import { predicate } from './predicate.ts';
import {
  loadRegisterImm,
  loadRegisterMem,
  loadRegisterReg,
  storeRegisterMem,
} from './registers.ts';
import { renderCommand } from './render.ts';
import { copyMemMem, storeDataImm, storeDataIndex } from './store.ts';

/** Opcodes from here on have a length. */
const FIRST_OF_MANY = 0x10;
const OPCODES = 64;

const TYPE_MI = 0;
const TYPE_BLT = 2;
const TYPE_RENDER = 3;

/** Of no consequence here. */
function nothing(name: string, length: (header: number) => number = single): Command {
  return { name, length, execute: () => Outcome.next };
}

/** Not for guests. */
function denied(name: string, length: (header: number) => number = length8): Command {
  return {
    name,
    length,
    execute(cs, header) {
      cs.refuse(header);
      return Outcome.next;
    },
  };
}

const unknownSingle = denied('MI unknown', single);
const unknownMany = denied('MI unknown');

const MI = new Map<number, Command>([
  [0x00, nothing('MI_NOOP')],
  [0x01, nothing('MI_SET_PREDICATE')],
  [0x02, userInterrupt],
  [0x03, nothing('MI_WAIT_FOR_EVENT')],
  [0x05, nothing('MI_ARB_CHECK')],
  [0x06, nothing('MI_RS_CONTROL')],
  [0x07, nothing('MI_REPORT_HEAD')],
  [0x08, nothing('MI_ARB_ON_OFF')],
  [0x09, nothing('MI_URB_ATOMIC_ALLOC')],
  [0x0a, batchBufferEnd],
  [0x0b, nothing('MI_SUSPEND_FLUSH')],
  [0x0c, predicate],
  [0x0d, nothing('MI_TOPOLOGY_FILTER')],
  [0x0e, nothing('MI_SET_APPID')],
  [0x0f, nothing('MI_RS_CONTEXT')],
  [0x12, nothing('MI_LOAD_SCAN_LINES_INCL', () => 2)],
  [0x13, nothing('MI_LOAD_SCAN_LINES_EXCL', () => 2)],
  [0x14, nothing('MI_DISPLAY_FLIP', length8)],
  [0x1a, math],
  [0x1b, nothing('MI_SEMAPHORE_SIGNAL', length8)],
  [0x1c, semaphoreWait],
  [0x1d, nothing('MI_FORCE_WAKEUP', length8)],
  [0x20, storeDataImm],
  [0x21, storeDataIndex],
  [0x22, loadRegisterImm],
  [0x23, denied('MI_UPDATE_GTT', length10)],
  [0x24, storeRegisterMem],
  [0x26, flushDw],
  [0x27, denied('MI_CLFLUSH', length10)],
  [0x28, denied('MI_REPORT_PERF_COUNT', length6)],
  [0x29, loadRegisterMem],
  [0x2a, loadRegisterReg],
  [0x2b, nothing('MI_RS_STORE_DATA_IMM', length8)],
  [0x2c, nothing('MI_LOAD_URB_MEM', length8)],
  [0x2d, nothing('MI_STORE_URB_MEM', length8)],
  [0x2e, copyMemMem],
  [0x2f, atomic],
  [0x31, batchBufferStart],
  [0x36, conditionalBatchBufferEnd],
]);

const MI_TABLE: readonly Command[] = Array.from(
  { length: OPCODES },
  (_, opcode) => MI.get(opcode) ?? (opcode < FIRST_OF_MANY ? unknownSingle : unknownMany),
);

/** The command that a header begins; what is none is refused when it is executed. */
export function commandOf(header: number): Command {
  switch (header >>> 29) {
    case TYPE_MI:
      return MI_TABLE[(header >>> 23) & 63] ?? unknownSingle;
    case TYPE_BLT:
      return blitCommand(header);
    case TYPE_RENDER:
      return renderCommand(header);
    default:
      return unknownSingle;
  }
}
