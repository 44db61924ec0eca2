// Locate Record (47) and Locate Record Extended (4B): where the next commands work, what they are, how many they
// are. IBM 3990 Storage Control Reference, "Locate Record", "Locate Record Extended".

import type { CommandEnd, DeviceCommand } from '../../channel/control-unit.ts';
import { cchhAt, halfWordAt, trackAt } from '../addresses.ts';
import { AUXILIARY, OPERATION, ORIENTATION } from '../chain.ts';
import type { Domain } from '../chain.ts';
import { UnitCheck } from '../sense.ts';
import type { Step } from '../../channel/steps.ts';
import { parameters, requireNoDomain, took } from '../unit.ts';
import type { CommandTable, Unit } from '../unit.ts';

/** Bytes of the parameters. */
const SIZE = 16;
/** Bytes of those of Locate Record Extended, without the ones that its operation adds. */
export const EXTENDED_SIZE = 20;

const { COUNT, HOME_ADDRESS, DATA, INDEX } = ORIENTATION;

/** Orientations under which an operation of Locate Record is valid. */
const OPERATIONS: ReadonlyMap<number, readonly number[]> = new Map([
  [OPERATION.ORIENT, [COUNT, HOME_ADDRESS, DATA]],
  [OPERATION.WRITE_DATA, [COUNT, DATA]],
  [OPERATION.FORMAT_WRITE, [COUNT, HOME_ADDRESS, INDEX]],
  [OPERATION.READ_DATA, [COUNT, HOME_ADDRESS, DATA]],
  [OPERATION.WRITE_TRACK, [COUNT]],
  [OPERATION.READ_TRACKS, [COUNT, HOME_ADDRESS]],
  [OPERATION.READ, [COUNT, HOME_ADDRESS, DATA, INDEX]],
]);

/** The same of Locate Record Extended, and of the operations that it adds. */
const EXTENDED_OPERATIONS: ReadonlyMap<number, readonly number[]> = new Map([
  ...[...OPERATIONS].filter(([operation]) => operation !== OPERATION.ORIENT),
  [OPERATION.WRITE_ANY, [COUNT]],
  [OPERATION.READ_ANY, [COUNT]],
  [OPERATION.READ_TRACK_SET, [COUNT, HOME_ADDRESS]],
  [OPERATION.WRITE_FULL_TRACK, [COUNT, HOME_ADDRESS]],
]);

/** Operations that write. */
const WRITES: ReadonlySet<number> = new Set([
  OPERATION.WRITE_DATA,
  OPERATION.FORMAT_WRITE,
  OPERATION.WRITE_ANY,
  OPERATION.WRITE_TRACK,
  OPERATION.WRITE_FULL_TRACK,
]);

/** Operations that a Read Count may end. */
const MAY_HAVE_SUFFIX: ReadonlySet<number> = new Set([
  OPERATION.WRITE_DATA,
  OPERATION.READ,
  OPERATION.WRITE_ANY,
  OPERATION.READ_ANY,
]);

/** Bytes that an operation of Locate Record Extended adds; none where it is not here. */
const ADDED_SIZES: ReadonlyMap<number, readonly number[]> = new Map([
  [OPERATION.WRITE_ANY, [1]],
  [OPERATION.READ_ANY, [1]],
  [OPERATION.READ_TRACK_SET, [1, 2]],
  [OPERATION.WRITE_FULL_TRACK, [1, 2]],
]);

/** No sector is asked for. */
const ANY_SECTOR = 0xff;

interface Located {
  readonly domain: Domain;
  readonly track: number;
  /** CC HH R. */
  readonly argument: Uint8Array;
}

/** The first byte: orientation and operation. The second half of the table's checks is in {@link decode}. */
function decodeOperation(
  unit: Unit,
  bytes: Uint8Array,
  extended: number | undefined,
  taken: number,
): Pick<Domain, 'operation' | 'orientation'> {
  const [first = 0] = bytes;
  const orientation = first & INDEX;
  const isAdded = (first & OPERATION.EXTENDED) === OPERATION.EXTENDED && extended !== undefined;
  const operation = isAdded ? extended : first & OPERATION.EXTENDED;
  const table = extended === undefined ? OPERATIONS : EXTENDED_OPERATIONS;
  const isOwn = ADDED_SIZES.has(operation);
  const isValid =
    (table.get(operation)?.includes(orientation) ?? false) &&
    (extended === undefined || (isAdded ? isOwn : extended === 0 && !isOwn));
  if (!isValid) throw new UnitCheck('invalidParameter', taken);
  if (unit.store.isReadOnly && WRITES.has(operation)) throw new UnitCheck('writeInhibited', taken);
  return { operation, orientation };
}

/** What both commands have in their first 16 bytes. @throws UnitCheck */
function decode(unit: Unit, bytes: Uint8Array, taken: number, extended?: number): Located {
  const { chain, model, geometry } = unit;
  requireNoDomain(unit, taken);
  if (!chain.isExtentDefined && !chain.hasReadIpl) throw new UnitCheck('invalidSequence', taken);
  const { operation, orientation } = decodeOperation(unit, bytes, extended, taken);
  const [, auxiliary = 0, reserved, left = 0] = bytes;
  const hasSuffix = (auxiliary & AUXILIARY.READ_COUNT_SUFFIX) !== 0;
  const hasLength = (auxiliary & AUXILIARY.HAS_TRANSFER_LENGTH) !== 0;
  const known = AUXILIARY.READ_COUNT_SUFFIX | AUXILIARY.HAS_TRANSFER_LENGTH;
  const isCountValid = operation === OPERATION.ORIENT ? left === 0 : left >= (hasSuffix ? 2 : 1);
  const isValid =
    (auxiliary & ~known) === 0 &&
    (!hasSuffix || MAY_HAVE_SUFFIX.has(operation)) &&
    reserved === 0 &&
    isCountValid;
  if (!isValid) throw new UnitCheck('invalidParameter', taken);
  const track = trackAt(geometry, bytes, 4, taken);
  if (!chain.isInExtent(track)) throw new UnitCheck('fileProtected', taken);
  const sector = bytes[13] ?? 0;
  const length = halfWordAt(bytes, 14);
  // Read IPL defines no block size, so it sets no limit either.
  const limit = chain.isExtentDefined ? chain.blockSize : model.longestR0;
  const isSectorValid = sector === ANY_SECTOR || sector < model.sectors;
  if (!isSectorValid || hasLength !== length > 0 || length > limit) {
    throw new UnitCheck('invalidParameter', taken);
  }
  const transferLength = hasLength ? length : chain.blockSize;
  const domain = { left, operation, orientation, auxiliary, transferLength, trackSet: 0 };
  return { domain, track, argument: bytes.subarray(8, 13) };
}

/** How a record is recognised. */
type IsWanted = (id: Uint8Array) => boolean;

function isEqual(bytes: Uint8Array, other: Uint8Array): boolean {
  return bytes.every((byte, at) => byte === other[at]);
}

/**
 * Moves the arm and finds the place.
 *
 * @param taken - bytes the device has taken, for a refusal
 * @throws UnitCheck it is not there
 */
function* orient(
  unit: Unit,
  { domain, track, argument }: Located,
  taken: number,
  isWanted: IsWanted,
): Step<void> {
  const { arm, chain } = unit;
  yield* arm.seek(track);
  if (domain.orientation === HOME_ADDRESS) {
    if (arm.homeAddressNumber !== cchhAt(argument, 0)) {
      throw new UnitCheck('noRecordFound', taken);
    }
  } else if (domain.orientation !== INDEX) {
    for (let isFound = false; !isFound;) {
      const record = arm.passCount();
      if (record === undefined) throw new UnitCheck('noRecordFound', taken);
      isFound = isWanted(arm.view(record.offset, record.offset + argument.length));
    }
    if (domain.orientation === DATA) arm.passed = 'data';
  }
  chain.isPositioned = true;
  chain.domain = domain.left > 0 ? domain : undefined;
}

/** Bits of a halfword that are 1. */
function countBits(value: number): number {
  let bits = 0;
  for (let rest = value; rest !== 0; rest &= rest - 1) bits += 1;
  return bits;
}

/** The tracks of a set have to be as many as are counted, and inside the extent. @throws UnitCheck */
function requireTrackSet({ chain }: Unit, { domain, track }: Located, taken: number): void {
  const { trackSet, left } = domain;
  if ((trackSet & 0x8000) === 0 || countBits(trackSet) !== left) {
    throw new UnitCheck('invalidParameter', taken);
  }
  const lowest = 31 - Math.clz32(trackSet & -trackSet);
  if (!chain.isInExtent(track + 15 - lowest)) throw new UnitCheck('fileProtected', taken);
}

/** The set size that Read Any and Write Any allow. */
const SET_SIZE = 1;

/**
 * Does what Locate Record Extended asks for.
 *
 * @param before - bytes the device has taken before these
 * @returns bytes of the parameters
 * @throws UnitCheck
 */
export function* locateRecordExtended(unit: Unit, bytes: Uint8Array, before: number): Step<number> {
  const extended = bytes[17] ?? 0;
  const located = decode(unit, bytes, before + EXTENDED_SIZE, extended);
  const { operation, trackSet: _none, ...domain } = located.domain;
  const added = halfWordAt(bytes, 18);
  const taken = before + EXTENDED_SIZE + added;
  if (!(ADDED_SIZES.get(operation) ?? [0]).includes(added)) {
    throw new UnitCheck('invalidParameter', before + EXTENDED_SIZE);
  }
  if (bytes.length < EXTENDED_SIZE + added) {
    throw new UnitCheck('countTooSmall', before + bytes.length);
  }
  const isAny = operation === OPERATION.WRITE_ANY || operation === OPERATION.READ_ANY;
  if (isAny && bytes[20] !== SET_SIZE) throw new UnitCheck('invalidParameter', taken);
  const isSet = added > 0 && !isAny;
  const trackSet = isSet ? halfWordAt(bytes, 20) & (added === 1 ? 0xff00 : 0xffff) : 0;
  const complete = { ...located, domain: { ...domain, operation, trackSet } };
  if (isSet) requireTrackSet(unit, complete, taken);
  // An argument of zeros is the first record; the added operations begin with the first record behind R0.
  const isFirst = located.argument.every((byte) => byte === 0);
  const isBehindR0 = (id: Uint8Array): boolean => isAny && id[4] !== 0;
  yield* orient(
    unit,
    complete,
    taken,
    (id) => isFirst || isBehindR0(id) || isEqual(located.argument, id),
  );
  return EXTENDED_SIZE + added;
}

function* locateRecord(unit: Unit, command: DeviceCommand): Step<CommandEnd> {
  const bytes = parameters(command, SIZE);
  const located = decode(unit, bytes, SIZE);
  yield* orient(unit, located, SIZE, (id) => isEqual(located.argument, id));
  return took(SIZE);
}

function* executeExtended(unit: Unit, command: DeviceCommand): Step<CommandEnd> {
  parameters(command, EXTENDED_SIZE);
  return took(yield* locateRecordExtended(unit, command.data, 0));
}

/** Both Locate Records. */
export const LOCATE_RECORD: CommandTable = { 0x47: locateRecord, 0x4b: executeExtended };
