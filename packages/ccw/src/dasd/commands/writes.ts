// Writes into records that are there, and writes that make records.

import type { CommandEnd, DeviceCommand } from '../../channel/control-unit.ts';
import { DEVICE_STATUS } from '../../channel/control-unit.ts';
import { OPERATION, ORIENTATION, WRITE_CONTROL } from '../chain.ts';
import type { Chain, Domain } from '../chain.ts';
import { advance, nextCount } from '../motion.ts';
import { UnitCheck } from '../sense.ts';
import type { Step } from '../../channel/steps.ts';
import type { TrackRecord } from '../track-image.ts';
import { NORMAL_END, took } from '../unit.ts';
import type { CommandTable, Unit } from '../unit.ts';
import { toWholeTrack } from './reads.ts';

/** Global attribute: lengths of records are not checked. */
const CKD_CONVERSION = 0x20;

/** Bytes of the data of an R0 in a domain that writes tracks. */
const STANDARD_R0_SIZE = 8;

/** @throws UnitCheck the volume is read-only */
export function requireWritable({ store }: Unit): void {
  if (store.isReadOnly) throw new UnitCheck('writeInhibited');
}

/** @throws UnitCheck the file mask does not let the chain write this way */
export function requireMask({ mask }: Chain, ...allowed: readonly number[]): void {
  if (!allowed.includes(mask & WRITE_CONTROL.MASK)) throw new UnitCheck('invalidSequence');
}

const UPDATES = [
  WRITE_CONTROL.ALL_BUT_HOME_ADDRESS_AND_R0,
  WRITE_CONTROL.UPDATE,
  WRITE_CONTROL.ALL,
];
/** Write controls of a file mask that let a chain make and remove records. */
export const FORMATS: readonly number[] = [
  WRITE_CONTROL.ALL_BUT_HOME_ADDRESS_AND_R0,
  WRITE_CONTROL.ALL,
];

/** @throws UnitCheck the domain has announced records of another length */
function requireLength({ attributes }: Chain, expected: number, actual: number): void {
  if ((attributes & CKD_CONVERSION) === 0 && actual !== expected) {
    throw new UnitCheck('invalidTrackFormat');
  }
}

/** Writes a field of a record; a record without data is the end of a file, and stays. */
function updateField(
  { arm }: Unit,
  { data }: DeviceCommand,
  from: number,
  { end, dataLength }: TrackRecord,
): CommandEnd {
  if (dataLength === 0) return { status: NORMAL_END | DEVICE_STATUS.UNIT_EXCEPTION, taken: 0 };
  arm.update(from, end, data);
  return took(Math.min(data.length, end - from));
}

/** Operations in whose domain records are updated. */
const UPDATES_DATA: ReadonlySet<number> = new Set([OPERATION.WRITE_DATA, OPERATION.WRITE_ANY]);
const UPDATES_KEY: ReadonlySet<number> = new Set([OPERATION.WRITE_DATA]);

/**
 * The record that a write of a domain is for: the one just located, or the next one; never R0.
 */
function* toUpdate(
  unit: Unit,
  code: number,
  operations: ReadonlySet<number>,
): Step<{ record: TrackRecord; domain: Domain }> {
  const { arm, chain } = unit;
  const { domain } = chain;
  if (domain === undefined || !operations.has(domain.operation)) {
    throw new UnitCheck('invalidSequence');
  }
  requireMask(chain, ...UPDATES);
  const { record, passed } = arm;
  const isCurrent = passed === 'count' && record !== undefined && record.number !== 0;
  return { record: isCurrent ? record : yield* nextCount(unit, code), domain };
}

function* writeUpdateData(unit: Unit, command: DeviceCommand): Step<CommandEnd> {
  const { record, domain } = yield* toUpdate(unit, command.code, UPDATES_DATA);
  requireLength(unit.chain, domain.transferLength, record.dataLength);
  return updateField(unit, command, record.dataOffset, record);
}

function* writeUpdateKeyAndData(unit: Unit, command: DeviceCommand): Step<CommandEnd> {
  const { record, domain } = yield* toUpdate(unit, command.code, UPDATES_KEY);
  requireLength(unit.chain, domain.transferLength, record.keyLength + record.dataLength);
  return updateField(unit, command, record.keyOffset, record);
}

/** Operations in whose domain the writes of classic chains are as well. */
const UPDATES_CLASSIC: ReadonlySet<number> = new Set([OPERATION.WRITE_DATA, OPERATION.WRITE_TRACK]);

/** What of a record a classic write changes. */
type Field = 'data' | 'key and data';

/** Writes into the record whose count, or for its data its key as well, was just passed. */
function writeClassic(unit: Unit, command: DeviceCommand, field: Field): CommandEnd {
  const { chain, arm } = unit;
  const { domain } = chain;
  const { record, passed } = arm;
  const isFound = chain.isIdentifierEqual || (field === 'data' && chain.isKeyEqual);
  const isAllowed = domain === undefined ? isFound : UPDATES_CLASSIC.has(domain.operation);
  if (!isAllowed || record === undefined) throw new UnitCheck('invalidSequence');
  requireWritable(unit);
  requireMask(chain, ...UPDATES);
  const from = field === 'data' ? record.dataOffset : record.keyOffset;
  if (domain !== undefined) {
    const isR0 = domain.operation === OPERATION.WRITE_TRACK && record.number === 0;
    const length = isR0 && field === 'data' ? STANDARD_R0_SIZE : domain.transferLength;
    requireLength(chain, length, record.end - from);
  }
  const isThere = passed === 'count' || (field === 'data' && passed === 'key');
  if (!isThere && record.dataLength > 0) {
    throw new UnitCheck('invalidSequence', Math.min(command.data.length, record.end - from));
  }
  return updateField(unit, command, from, record);
}

function writeData(unit: Unit, command: DeviceCommand): CommandEnd {
  return writeClassic(unit, command, 'data');
}

function writeKeyAndData(unit: Unit, command: DeviceCommand): CommandEnd {
  return writeClassic(unit, command, 'key and data');
}

/** Operations in whose domain records are made. */
const MAKES_RECORDS: ReadonlySet<number> = new Set([OPERATION.FORMAT_WRITE, OPERATION.WRITE_TRACK]);

/** @throws UnitCheck the chain has not gone to a record behind which others may be written */
function requireFormat(unit: Unit, operations: ReadonlySet<number>): void {
  const { chain, arm } = unit;
  const { domain } = chain;
  const isFound = chain.isIdentifierEqual || chain.isKeyEqual || chain.hasWrittenCount;
  const isAllowed = domain === undefined ? isFound : operations.has(domain.operation);
  // At the index the next record is R0, which only Write R0 makes.
  const isAtIndex = arm.passed === 'index' || arm.passed === 'nothing';
  if (!isAllowed || isAtIndex) throw new UnitCheck('invalidSequence');
  requireWritable(unit);
  requireMask(chain, ...FORMATS);
}

/** Makes a record, behind which the track ends. */
function format({ arm, chain }: Unit, { data }: DeviceCommand): CommandEnd {
  const size = arm.format(data);
  chain.hasWrittenCount = chain.domain === undefined;
  return took(Math.min(data.length, size));
}

function writeCountKeyAndData(unit: Unit, command: DeviceCommand): CommandEnd {
  requireFormat(unit, MAKES_RECORDS);
  return format(unit, command);
}

const WRITE_CKD = 0x1d;
const WRITE_CKD_NEXT_TRACK = 0x9d;

function* writeCountKeyAndDataNextTrack(unit: Unit, command: DeviceCommand): Step<CommandEnd> {
  const { chain } = unit;
  const { previous } = command;
  const isBehindWrite = previous === WRITE_CKD || previous === WRITE_CKD_NEXT_TRACK;
  if (chain.domain?.operation !== OPERATION.FORMAT_WRITE || !isBehindWrite) {
    throw new UnitCheck('invalidSequence');
  }
  requireMask(chain, ...FORMATS);
  yield* advance(unit);
  yield* nextCount(unit, command.code);
  return format(unit, command);
}

function writeR0(unit: Unit, command: DeviceCommand): CommandEnd {
  const { chain, arm } = unit;
  const { domain } = chain;
  const isAtStart =
    domain?.orientation === ORIENTATION.HOME_ADDRESS || domain?.orientation === ORIENTATION.INDEX;
  const isAllowed =
    domain === undefined
      ? chain.isHomeAddressEqual
      : domain.operation === OPERATION.FORMAT_WRITE && isAtStart && arm.passed === 'index';
  if (!isAllowed) throw new UnitCheck('invalidSequence');
  requireWritable(unit);
  requireMask(chain, WRITE_CONTROL.ALL);
  return format(unit, command);
}

function erase(unit: Unit, command: DeviceCommand): CommandEnd {
  requireFormat(unit, new Set([OPERATION.WRITE_TRACK]));
  const size = unit.arm.erase(command.data);
  return took(Math.min(command.data.length, size));
}

const WRITES_TRACKS: ReadonlySet<number> = new Set([
  OPERATION.WRITE_TRACK,
  OPERATION.WRITE_FULL_TRACK,
]);

function* writeFullTrack(unit: Unit, command: DeviceCommand): Step<CommandEnd> {
  requireMask(unit.chain, WRITE_CONTROL.ALL);
  yield* toWholeTrack(unit, command, WRITES_TRACKS);
  return took(unit.arm.formatTrack(command.data));
}

/** Commands that write tracks. */
export const WRITES: CommandTable = {
  0x05: writeData,
  0x85: writeUpdateData,
  0x0d: writeKeyAndData,
  0x8d: writeUpdateKeyAndData,
  0x11: erase,
  0x15: writeR0,
  0x1d: writeCountKeyAndData,
  0x9d: writeCountKeyAndDataNextTrack,
  0x95: writeFullTrack,
};
