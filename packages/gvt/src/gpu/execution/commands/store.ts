// Commands that write memory. Kaby Lake PRM, volume 2a, MI_STORE_DATA_*, MI_COPY_MEM_MEM.

import { PAGE_SIZE } from '../../memory/paged-memory.ts';
import { addressAt, isGlobal, length10, length8, Outcome, type Command } from '../command.ts';
import { HWS_PGA } from '../engine-offsets.ts';

const PROCESS_PAGE = 1 << 21;
const TO_GLOBAL = 1 << 21;
const INDEX = 0xffc;

/** MI_STORE_DATA_IMM: one dword and up. */
export const storeDataImm: Command = {
  name: 'MI_STORE_DATA_IMM',
  length: length10,
  execute(cs, header) {
    const memory = cs.memory(isGlobal(header));
    if (memory === undefined) return Outcome.next;
    const address = addressAt(cs.stream, 1);
    const end = length10(header);
    for (let i = 3; i < end; i++) memory.write32(address + (i - 3) * 4, cs.stream.word(i));
    cs.worked(end * 4);
    return Outcome.next;
  },
};

/** MI_STORE_DATA_INDEX: into a status page. */
export const storeDataIndex: Command = {
  name: 'MI_STORE_DATA_INDEX',
  length: length8,
  execute(cs, header) {
    const page =
      (header & PROCESS_PAGE) === 0
        ? cs.registers.get(cs.engine.base + HWS_PGA) & ~(PAGE_SIZE - 1)
        : cs.contextPage;
    const memory = cs.memory(true);
    if (memory === undefined) return Outcome.next;
    const address = (page >>> 0) + (cs.stream.word(1) & INDEX);
    memory.write32(address, cs.stream.word(2));
    if (length8(header) > 3) memory.write32(address + 4, cs.stream.word(3));
    return Outcome.next;
  },
};

/** MI_COPY_MEM_MEM: one dword. */
export const copyMemMem: Command = {
  name: 'MI_COPY_MEM_MEM',
  length: length8,
  execute(cs, header) {
    const source = cs.memory(isGlobal(header));
    const destination = cs.memory((header & TO_GLOBAL) !== 0);
    if (source === undefined || destination === undefined) return Outcome.next;
    destination.write32(addressAt(cs.stream, 1), source.read32(addressAt(cs.stream, 3)));
    return Outcome.next;
  },
};
