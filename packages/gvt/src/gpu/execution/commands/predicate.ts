// MI_PREDICATE. Kaby Lake PRM, volume 2a.

import { Outcome, single, type Command, type CommandContext } from '../command.ts';
import {
  MI_PREDICATE_DATA,
  MI_PREDICATE_RESULT,
  MI_PREDICATE_SRC0,
  MI_PREDICATE_SRC1,
} from '../engine-offsets.ts';

const LOAD_SHIFT = 6;
const COMBINE_SHIFT = 3;
const KEEP = 0;
const LOAD_INVERTED = 3;

/** MI_PREDICATE: compares, combines with what was there, and keeps the result. */
export const predicate: Command = {
  name: 'MI_PREDICATE',
  length: single,
  execute(cs, header) {
    const load = (header >>> LOAD_SHIFT) & 3;
    if (load === KEEP) return Outcome.next;
    const result = cs.engine.base + MI_PREDICATE_RESULT;
    const compared = compare(cs, header & 3);
    const fresh = load === LOAD_INVERTED ? !compared : compared;
    const before = (cs.registers.get(result) & 1) !== 0;
    cs.registers.set(result, combine((header >>> COMBINE_SHIFT) & 3, before, fresh) ? 1 : 0);
    return Outcome.next;
  },
};

function compare(cs: CommandContext, operation: number): boolean {
  const at = (offset: number): number => cs.registers.get(cs.engine.base + offset);
  switch (operation) {
    case 0:
      return true;
    case 1:
      return false;
    case 2:
      return (
        at(MI_PREDICATE_SRC0) === at(MI_PREDICATE_SRC1) &&
        at(MI_PREDICATE_SRC0 + 4) === at(MI_PREDICATE_SRC1 + 4)
      );
    default: {
      // Differences that equal what is expected: 64 bits in two halves.
      const low = (at(MI_PREDICATE_SRC0) - at(MI_PREDICATE_SRC1)) >>> 0;
      const borrow = at(MI_PREDICATE_SRC0) < at(MI_PREDICATE_SRC1) ? 1 : 0;
      const high = (at(MI_PREDICATE_SRC0 + 4) - at(MI_PREDICATE_SRC1 + 4) - borrow) >>> 0;
      return low === at(MI_PREDICATE_DATA) && high === at(MI_PREDICATE_DATA + 4);
    }
  }
}

function combine(operation: number, before: boolean, fresh: boolean): boolean {
  switch (operation) {
    case 0:
      return fresh;
    case 1:
      return before && fresh;
    case 2:
      return before || fresh;
    default:
      return before !== fresh;
  }
}
