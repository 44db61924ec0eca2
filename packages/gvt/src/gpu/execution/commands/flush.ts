// Flushes, and what they write once they are done. Kaby Lake PRM, volume 2a, PIPE_CONTROL and MI_FLUSH_DW.
//
// Nothing is cached here between two commands, so a flush is its post-sync operation and its interrupt.

import { GT_RENDER_PIPECTL_NOTIFY_INTERRUPT } from '../../interrupts/groups.ts';
import { PAGE_SIZE } from '../../memory/paged-memory.ts';
import {
  addressAt,
  length6,
  length8,
  Outcome,
  type Command,
  type CommandContext,
} from '../command.ts';
import { writeRegister } from './registers.ts';

const NOTIFY = 1 << 8;
const POST_SYNC_SHIFT = 14;
const STORE_INDEX = 1 << 21;
const PIPE_CONTROL_GLOBAL = 1 << 24;
const PIPE_CONTROL_LRI = 1 << 23;
const FLUSH_DW_GLOBAL = 1 << 2;
const REGISTER = 0x7f_fffc;

const WRITE_IMMEDIATE = 1;
const WRITE_TIMESTAMP = 3;

/** PIPE_CONTROL. */
export const pipeControl: Command = {
  name: 'PIPE_CONTROL',
  length: length8,
  execute(cs, header) {
    const { stream } = cs;
    const flags = stream.word(1);
    const operation = (flags >>> POST_SYNC_SHIFT) & 3;
    if ((flags & PIPE_CONTROL_LRI) !== 0 && operation !== 0) {
      writeRegister(cs, stream.word(2) & REGISTER, stream.unsigned(4));
    } else if (operation !== 0) {
      const isIndex = (flags & STORE_INDEX) !== 0;
      const isGlobal = (flags & PIPE_CONTROL_GLOBAL) !== 0;
      const space = isGlobal || isIndex;
      postSync(cs, operation, space, isIndex, qwordAt(cs, 2), 4, length8(header) > 5);
    }
    if ((flags & NOTIFY) !== 0) cs.interrupt(GT_RENDER_PIPECTL_NOTIFY_INTERRUPT);
    return Outcome.next;
  },
};

/** MI_FLUSH_DW. */
export const flushDw: Command = {
  name: 'MI_FLUSH_DW',
  length: length6,
  execute(cs, header) {
    const operation = (header >>> POST_SYNC_SHIFT) & 3;
    if (operation !== 0) {
      const isIndex = (header & STORE_INDEX) !== 0;
      const isGlobal = isIndex || (cs.stream.word(1) & FLUSH_DW_GLOBAL) !== 0;
      postSync(cs, operation, isGlobal, isIndex, qwordAt(cs, 1), 3, length6(header) > 4);
    }
    if ((header & NOTIFY) !== 0) cs.interrupt(GT_RENDER_PIPECTL_NOTIFY_INTERRUPT);
    return Outcome.next;
  },
};

/** An address of eight bytes: what is below is not part of it. */
function qwordAt(cs: CommandContext, index: number): number {
  const address = addressAt(cs.stream, index);
  return address - (address & 7);
}

/** @param at - where the immediate data is @param isQword - and whether it is two dwords */
function postSync(
  cs: CommandContext,
  operation: number,
  isGlobal: boolean,
  isIndex: boolean,
  address: number,
  at: number,
  isQword: boolean,
): void {
  const memory = cs.memory(isGlobal);
  if (memory === undefined) return;
  const target = isIndex ? cs.contextPage + (address & (PAGE_SIZE - 1)) : address;
  if (operation === WRITE_IMMEDIATE) {
    memory.write32(target, cs.stream.word(at));
    if (isQword) memory.write32(target + 4, cs.stream.word(at + 1));
    return;
  }
  const time = operation === WRITE_TIMESTAMP ? cs.time() : 0;
  memory.write32(target, time | 0);
  memory.write32(target + 4, Math.floor(time / 2 ** 32));
}
