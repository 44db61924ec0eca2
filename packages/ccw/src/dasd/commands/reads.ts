// Reads: data, key and data, count, all three, R0, home address, whole tracks, IPL.

import type { CommandEnd, DeviceCommand } from '../../channel/control-unit.ts';
import { OPERATION, ORIENTATION } from '../chain.ts';
import type { Domain } from '../chain.ts';
import {
  advance,
  currentOrNext,
  hasReadCountSuffix,
  MULTITRACK,
  nextCount,
  requirePosition,
} from '../motion.ts';
import { UnitCheck } from '../sense.ts';
import type { Step } from '../../channel/steps.ts';
import { gave, gaveRecord, requireNoDomain } from '../unit.ts';
import type { CommandTable, Unit } from '../unit.ts';

/** Operations of a Locate Record in whose domain records are read one by one. */
const READS_RECORDS: ReadonlySet<number> = new Set([
  OPERATION.READ_DATA,
  OPERATION.READ_ANY,
  OPERATION.READ,
]);

/** @throws UnitCheck the domain is not one for this read */
function requireReadable(unit: Unit, isAllowed: (domain: Domain) => boolean): void {
  requirePosition(unit);
  const { domain } = unit.chain;
  if (domain !== undefined && !isAllowed(domain)) throw new UnitCheck('invalidSequence');
}

function* readData(unit: Unit, { code }: DeviceCommand): Step<CommandEnd> {
  requireReadable(unit, ({ operation }) => READS_RECORDS.has(operation));
  const { arm } = unit;
  const { dataOffset, end, dataLength } = yield* currentOrNext(unit, code, false);
  arm.passed = 'data';
  return gaveRecord(arm.view(dataOffset, end), dataLength);
}

function* readKeyAndData(unit: Unit, { code }: DeviceCommand): Step<CommandEnd> {
  requireReadable(
    unit,
    ({ operation }) => operation === OPERATION.READ_DATA || operation === OPERATION.READ,
  );
  const { arm } = unit;
  const { keyOffset, end, dataLength } = yield* currentOrNext(unit, code, true);
  arm.passed = 'data';
  return gaveRecord(arm.view(keyOffset, end), dataLength);
}

/** A Read Count may end a domain of writes where the domain says so. */
function isReadCountAllowed(unit: Unit, { operation, left }: Domain): boolean {
  if (READS_RECORDS.has(operation)) return true;
  return operation === OPERATION.WRITE_DATA && hasReadCountSuffix(unit) && left === 1;
}

function* readCount(unit: Unit, { code }: DeviceCommand): Step<CommandEnd> {
  requireReadable(unit, (domain) => isReadCountAllowed(unit, domain));
  const { offset, keyOffset } = yield* nextCount(unit, code);
  return gave(unit.arm.view(offset, keyOffset));
}

function* readCountKeyAndData(unit: Unit, { code }: DeviceCommand): Step<CommandEnd> {
  requireReadable(unit, ({ operation }) => READS_RECORDS.has(operation));
  const { offset, end, dataLength } = yield* nextCount(unit, code);
  unit.arm.passed = 'data';
  return gaveRecord(unit.arm.view(offset, end), dataLength);
}

/**
 * To the index of the track, or outside a domain with the multitrack bit to that of the next track.
 */
export function* toIndex(unit: Unit, code: number): Step<void> {
  if ((code & MULTITRACK) !== 0 && unit.chain.domain === undefined) yield* advance(unit);
  else yield* unit.arm.seek(unit.arm.track);
}

function* readR0(unit: Unit, { code }: DeviceCommand): Step<CommandEnd> {
  requireReadable(unit, ({ operation, orientation }) => {
    if (operation === OPERATION.READ_DATA) return true;
    const isAtStart = orientation === ORIENTATION.INDEX || orientation === ORIENTATION.HOME_ADDRESS;
    return operation === OPERATION.READ && isAtStart;
  });
  yield* toIndex(unit, code);
  const { offset, end, dataLength } = yield* nextCount(unit, code);
  unit.arm.passed = 'data';
  return gaveRecord(unit.arm.view(offset, end), dataLength);
}

function* readHomeAddress(unit: Unit, { code }: DeviceCommand): Step<CommandEnd> {
  requireReadable(unit, ({ operation, orientation }) => {
    if (operation === OPERATION.READ_DATA) return true;
    return operation === OPERATION.READ && orientation === ORIENTATION.INDEX;
  });
  yield* toIndex(unit, code);
  return gave(unit.arm.flaggedHomeAddress);
}

/** How many tracks on the next one of a set is. */
function tracksToNext(domain: Domain): number {
  if (domain.trackSet === 0) return 1;
  let tracks = 1;
  while ((domain.trackSet & 0x8000) === 0) {
    tracks += 1;
    domain.trackSet <<= 1;
  }
  return tracks;
}

/** Commands that a read or write of a whole track may follow, besides itself. */
const BEFORE_TRACK: ReadonlySet<number> = new Set([0x47, 0x4b, 0xe7]);

/**
 * Goes to the track that a command on whole tracks is for: where the device is behind a Locate Record, to the next
 * one behind the same command.
 * @throws UnitCheck the domain or the command before is not one for that
 */
export function* toWholeTrack(
  unit: Unit,
  { code, previous }: DeviceCommand,
  operations: ReadonlySet<number>,
): Step<void> {
  const { domain } = unit.chain;
  if (domain === undefined || !operations.has(domain.operation)) {
    throw new UnitCheck('invalidSequence');
  }
  const isNext = previous === code;
  if (!isNext && (previous === undefined || !BEFORE_TRACK.has(previous))) {
    throw new UnitCheck('invalidSequence');
  }
  if (isNext) yield* advance(unit, tracksToNext(domain));
  else yield* unit.arm.seek(unit.arm.track);
  domain.trackSet = (domain.trackSet << 1) & 0xffff;
}

const READS_TRACKS: ReadonlySet<number> = new Set([
  OPERATION.READ_TRACKS,
  OPERATION.READ_TRACK_SET,
]);

function* readTrack(unit: Unit, command: DeviceCommand): Step<CommandEnd> {
  yield* toWholeTrack(unit, command, READS_TRACKS);
  const { arm } = unit;
  return gave(arm.viewRest());
}

function* readIpl(unit: Unit, { code }: DeviceCommand): Step<CommandEnd> {
  const { chain, arm } = unit;
  requireNoDomain(unit);
  if (chain.isExtentDefined || chain.isMaskSet) throw new UnitCheck('invalidSequence');
  yield* arm.seek(0);
  const { dataOffset, end, dataLength } = yield* nextCount(unit, code);
  arm.passed = 'data';
  chain.hasReadIpl = true;
  chain.isPositioned = true;
  return gaveRecord(arm.view(dataOffset, end), dataLength);
}

/** Commands that read tracks. */
export const READS: CommandTable = {
  0x02: readIpl,
  0x06: readData,
  0x86: readData,
  0x0e: readKeyAndData,
  0x8e: readKeyAndData,
  0x12: readCount,
  0x92: readCount,
  0x1e: readCountKeyAndData,
  0x9e: readCountKeyAndData,
  0x16: readR0,
  0x96: readR0,
  0x0a: readHomeAddress,
  0x1a: readHomeAddress,
  0x9a: readHomeAddress,
  0xde: readTrack,
};
