// How a device moves along tracks: to the next count field, around the track, on to the next one. IBM 3990 Storage
// Control Reference, "Orientation", "Multitrack operations", "Index passing".

import { AUXILIARY, SEEK_CONTROL } from './chain.ts';
import { UnitCheck } from './sense.ts';
import type { Step } from '../channel/steps.ts';
import type { TrackRecord } from './track-image.ts';
import type { Unit } from './unit.ts';

/** The bit of a command that lets it go on to the next track. */
export const MULTITRACK = 0x80;

/** Commands that take R0 for a record; all others pass over it. */
const COUNTS_R0: ReadonlySet<number> = new Set([
  0x16, 0x96, 0x31, 0xb1, 0x51, 0xd1, 0x71, 0xf1, 0x9d,
]);

/** The write that looks for the first record of the track it has gone on to. */
const WRITE_CKD_NEXT_TRACK = 0x9d;

/** Searches of an identifier or a key, whose tracks may be many. */
const SEARCHES: ReadonlySet<number> = new Set([
  0x31, 0xb1, 0x51, 0xd1, 0x71, 0xf1, 0x29, 0xa9, 0x49, 0xc9, 0x69, 0xe9,
]);

/** Searches that pass the index of one track after the other; reads with the multitrack bit do as well. */
const KEY_SEARCHES_MULTITRACK: ReadonlySet<number> = new Set([0xa9, 0xc9, 0xe9]);

function isRead(code: number): boolean {
  return (code & 0x03) === 0x02;
}

/** Multitrack reads and key searches outside a domain go on to the end of the cylinder. */
function mayPassIndexAgain(unit: Unit, code: number): boolean {
  if (unit.chain.domain !== undefined) return false;
  return (isRead(code) && (code & MULTITRACK) !== 0) || KEY_SEARCHES_MULTITRACK.has(code);
}

/** @throws UnitCheck no command of the chain has put the device onto a track */
export function requirePosition({ chain }: Unit): void {
  if (!chain.isPositioned) throw new UnitCheck('invalidSequence');
}

/**
 * Goes on to a later track, as far as file mask, cylinder and extent allow.
 * @throws UnitCheck
 */
export function* advance(unit: Unit, tracks = 1): Step<void> {
  const { arm, chain } = unit;
  if (chain.domain === undefined) {
    const isForbidden = (chain.mask & SEEK_CONTROL.MASK) === SEEK_CONTROL.NONE;
    if (isForbidden) throw new UnitCheck('fileProtected');
    if (arm.head + tracks >= unit.geometry.heads) throw new UnitCheck('endOfCylinder');
  }
  const track = arm.track + tracks;
  if (!chain.isInExtent(track)) throw new UnitCheck('fileProtected');
  yield* arm.seek(track);
}

/**
 * Passes the next count field, on the next track where the command may go there, around the track where not.
 * @throws UnitCheck there is none
 */
export function* nextCount(unit: Unit, code: number): Step<TrackRecord> {
  const { arm, chain } = unit;
  if (arm.passed === 'nothing') throw new UnitCheck('invalidSequence');
  if (arm.passed === 'end') yield* advance(unit);
  for (;;) {
    const record = arm.passCount();
    if (record !== undefined) {
      if (record.number === 0 && !COUNTS_R0.has(code)) continue;
      return record;
    }
    const isLost =
      code === WRITE_CKD_NEXT_TRACK || (chain.hasPassedIndex && !mayPassIndexAgain(unit, code));
    if (isLost) throw new UnitCheck('noRecordFound');
    if ((code & MULTITRACK) === 0) {
      yield* arm.seek(arm.track);
      chain.hasPassedIndex = true;
    } else {
      yield* advance(unit);
      if (!SEARCHES.has(code)) chain.hasPassedIndex = true;
    }
  }
}

/**
 * The record whose key or data comes next: the one whose count was just passed, or the next one.
 */
export function* currentOrNext(unit: Unit, code: number, isKeyNeeded: boolean): Step<TrackRecord> {
  const { passed, record } = unit.arm;
  const isCurrent = passed === 'count' || (passed === 'key' && !isKeyNeeded);
  return isCurrent && record !== undefined ? record : yield* nextCount(unit, code);
}

/** Whether the domain's last command, the one behind its count, is to be a Read Count. */
export function hasReadCountSuffix(unit: Unit): boolean {
  return ((unit.chain.domain?.auxiliary ?? 0) & AUXILIARY.READ_COUNT_SUFFIX) !== 0;
}
