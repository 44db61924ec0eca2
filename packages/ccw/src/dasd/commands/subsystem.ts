// Perform Subsystem Function (27), Read Subsystem Data (3E), and other commands on the control unit itself. IBM 3990
// Storage Control Reference, chapter 4.

import type { CommandEnd, DeviceCommand } from '../../channel/control-unit.ts';
import { AUTHORISATION } from '../chain.ts';
import { UnitCheck } from '../sense.ts';
import { extentPools, volumeStorage } from '../space-query.ts';
import {
  DEFINE_SUBSYSTEM_OPERATION,
  gave,
  parameters,
  READ_SUBSYSTEM_DATA,
  requireFirst,
  requireNoDomain,
  took,
} from '../unit.ts';
import type { CommandTable, Unit } from '../unit.ts';

const PERFORM_SUBSYSTEM_FUNCTION = 0x27;
const READ_MESSAGE_ID = 0x4e;
const SET_SUBSYSTEM_MODE = 0x87;

/** Makes the answer to a suborder, of the order's bytes. */
type Suborder = (unit: Unit, bytes: Uint8Array) => Uint8Array;

function storagePathStatus(): Uint8Array {
  const bytes = new Uint8Array(24);
  // The path is there and attached; one logical path.
  bytes.set([0xc0, 0x80]);
  bytes[16] = 1;
  return bytes;
}

function statistics({ identity }: Unit, bytes: Uint8Array): Uint8Array {
  const SHORT_SIZE = 96;
  const answer = new Uint8Array(bytes[8] === 0 ? SHORT_SIZE : 2 * SHORT_SIZE);
  answer[1] = identity.unitAddress;
  answer.set([identity.subsystemId >>> 8, identity.subsystemId], 94);
  return answer;
}

/** There is no message: its length, no format, no code, the identifier that was asked for. */
function attentionMessage(_unit: Unit, bytes: Uint8Array): Uint8Array {
  const answer = new Uint8Array(9);
  answer[1] = answer.length;
  answer.set(bytes.subarray(8, 12), 4);
  return answer;
}

/** Pairs of type and base address, all zero: no unit address has an alias. */
function unitAddressConfiguration(): Uint8Array {
  return new Uint8Array(512);
}

/** One host has access. */
function hostAccess(): Uint8Array {
  const bytes = new Uint8Array(52);
  bytes[17] = 32;
  bytes[19] = 1;
  return bytes;
}

/** Feature bytes, of which those that tell Linux what to send are set. */
function features({ identity }: Unit): Uint8Array {
  const bytes = new Uint8Array(256);
  if (identity.hasPrefix) bytes[8] = 0x01;
  // A release empties the tracks it names and no others, whatever part of an extent they are.
  if (identity.isSpaceEfficient) bytes[56] = 0x01;
  return bytes;
}

const SUBORDERS: ReadonlyMap<number, Suborder> = new Map<number, Suborder>([
  [0x00, storagePathStatus],
  [0x01, statistics],
  [0x03, attentionMessage],
  [0x0e, unitAddressConfiguration],
  [0x1c, hostAccess],
  [0x41, features],
]);

const SUBORDER_STORAGE_QUERY = 0x52;

/** Suborders of a volume that says it is space-efficient. */
const SPACE_SUBORDERS: ReadonlyMap<number, Suborder> = new Map<number, Suborder>([
  [SUBORDER_STORAGE_QUERY, volumeStorage],
  [0x53, extentPools],
]);

/** Suborders whose last bytes are parameters, and those that are to be zero in all others. */
const SUBORDER_STATISTICS = 0x01;
const SUBORDER_HOST_ACCESS = 0x1c;
const WITH_MESSAGE: ReadonlySet<number> = new Set([0x03, 0x05]);

function isZero(bytes: Uint8Array, from: number, to: number): boolean {
  return bytes.subarray(from, to).every((byte) => byte === 0);
}

/** Who the answer is about: nobody in particular, where it can be so the device itself. */
function isAddressed({ identity }: Unit, bytes: Uint8Array): boolean {
  const suborder = bytes[6];
  if (suborder === SUBORDER_HOST_ACCESS) return isZero(bytes, 2, 4);
  const isOwn = suborder === SUBORDER_STORAGE_QUERY && bytes[5] === identity.unitAddress;
  return isZero(bytes, 2, isOwn ? 5 : 6);
}

function isPrepareValid(unit: Unit, bytes: Uint8Array): boolean {
  const [, flags, , , , , suborder = 0, scope = 0, kind = 0] = bytes;
  const isStatistics = suborder === SUBORDER_STATISTICS;
  const isScopeValid = scope === 0 || (isStatistics && scope === 0xff);
  const isTailValid =
    WITH_MESSAGE.has(suborder) ||
    (isStatistics ? kind <= 1 && isZero(bytes, 9, 12) : isZero(bytes, 8, 12));
  return flags === 0 && isScopeValid && isAddressed(unit, bytes) && isTailValid;
}

/** Does what an order asks for. The bytes are those of the order. @throws UnitCheck */
type Order = (unit: Unit, bytes: Uint8Array, command: DeviceCommand) => void;

function prepareSubsystemData(unit: Unit, bytes: Uint8Array): void {
  const suborder = bytes[6] ?? 0;
  const ofSpace = unit.identity.isSpaceEfficient ? SPACE_SUBORDERS.get(suborder) : undefined;
  const prepare = SUBORDERS.get(suborder) ?? ofSpace;
  if (prepare === undefined || !isPrepareValid(unit, bytes)) {
    throw new UnitCheck('invalidParameter', bytes.length);
  }
  unit.chain.subsystemData = prepare(unit, bytes);
  unit.chain.onlyFollowers = [READ_SUBSYSTEM_DATA];
}

/** Byte 1 of most orders. */
function requireNoFlags(bytes: Uint8Array, allowed = 0): void {
  if (((bytes[1] ?? 0) & ~allowed) !== 0) throw new UnitCheck('invalidParameter', bytes.length);
}

function setSpecialIntercept(unit: Unit, bytes: Uint8Array, command: DeviceCommand): void {
  requireFirst(unit, command);
  requireNoFlags(bytes);
  if (command.isChained) throw new UnitCheck('invalidSequence', bytes.length);
  unit.hasSpecialIntercept = true;
}

/** Orders by their first byte, with the bytes that each has. */
const ORDERS: ReadonlyMap<number, { size: number; perform: Order }> = new Map([
  [0x18, { size: 12, perform: prepareSubsystemData }],
  [0x1b, { size: 2, perform: setSpecialIntercept }],
  [0x1d, { size: 66, perform: (_unit: Unit, bytes: Uint8Array) => requireNoFlags(bytes) }],
  [0xb0, { size: 4, perform: (_unit: Unit, bytes: Uint8Array) => requireNoFlags(bytes, 0x01) }],
]);

/** Bytes of an order that there is not: code and flags. */
const SHORTEST_ORDER = 2;

/**
 * Does what an order of Perform Subsystem Function asks for.
 *
 * @param data - the order, and what is behind it
 * @returns bytes of the order
 * @throws UnitCheck
 */
export function performOrder(unit: Unit, command: DeviceCommand, data: Uint8Array): number {
  requireNoDomain(unit);
  const order = ORDERS.get(data[0] ?? 0);
  const size = order?.size ?? SHORTEST_ORDER;
  if (data.length < size) throw new UnitCheck('countTooSmall');
  if (order === undefined) throw new UnitCheck('invalidParameter', size);
  order.perform(unit, data.subarray(0, size), command);
  return size;
}

function performSubsystemFunction(unit: Unit, command: DeviceCommand): CommandEnd {
  return took(performOrder(unit, command, command.data));
}

function readSubsystemData(unit: Unit): CommandEnd {
  requireNoDomain(unit);
  const { chain } = unit;
  const data = chain.subsystemData;
  if (data === undefined) throw new UnitCheck('invalidSequence');
  chain.subsystemData = undefined;
  chain.onlyFollowers = [PERFORM_SUBSYSTEM_FUNCTION, DEFINE_SUBSYSTEM_OPERATION];
  return gave(data);
}

function readMessageId(unit: Unit, { previous }: DeviceCommand): CommandEnd {
  requireNoDomain(unit);
  const hasAsked = previous === PERFORM_SUBSYSTEM_FUNCTION || previous === SET_SUBSYSTEM_MODE;
  if (unit.chain.position > 0 && !hasAsked) throw new UnitCheck('invalidSequence');
  unit.chain.onlyFollowers = [];
  return gave(new Uint8Array(4).fill(0xff));
}

/** Bytes of Set Subsystem Mode; bits without a meaning; the request of a message. */
const MODE = { SIZE: 2, RESERVED: [0x02, 0x07], HAS_MESSAGE: 0x01 } as const;

/** Caches are switched on and off as asked for: nothing changes for data. */
function setSubsystemMode(unit: Unit, command: DeviceCommand): CommandEnd {
  requireNoDomain(unit);
  requireFirst(unit, command);
  const [first = 0, second = 0] = parameters(command, MODE.SIZE);
  const fields = [first & 0xe0, first & 0x1c, second & 0xe0, second & 0x18];
  const isOneAtMost = fields.filter((field) => field !== 0).length <= 1;
  if ((first & MODE.RESERVED[0]) !== 0 || (second & MODE.RESERVED[1]) !== 0 || !isOneAtMost) {
    throw new UnitCheck('invalidParameter', MODE.SIZE);
  }
  unit.chain.onlyFollowers = (first & MODE.HAS_MESSAGE) === 0 ? [] : [READ_MESSAGE_ID];
  return took(MODE.SIZE);
}

/** The one diagnostic function that is here: is there anything to maintain. */
const MEDIA_MAINTENANCE_QUERY = 0x12;
const DIAGNOSTIC_SIZE = 4;

function diagnosticControl(unit: Unit, command: DeviceCommand): CommandEnd {
  if (unit.hasSpecialIntercept) {
    unit.hasSpecialIntercept = false;
    throw new UnitCheck('specialIntercept');
  }
  const [code, , third, fourth] = parameters(command, DIAGNOSTIC_SIZE);
  requireNoDomain(unit, DIAGNOSTIC_SIZE);
  if (code !== MEDIA_MAINTENANCE_QUERY || third !== 0 || fourth !== 0) {
    throw new UnitCheck('invalidParameter', DIAGNOSTIC_SIZE);
  }
  if ((unit.chain.mask & AUTHORISATION.MASK) === AUTHORISATION.NORMAL) {
    throw new UnitCheck('diagnosticNotAllowed', DIAGNOSTIC_SIZE);
  }
  return took(DIAGNOSTIC_SIZE);
}

/** Commands on the control unit. */
export const SUBSYSTEM: CommandTable = {
  [PERFORM_SUBSYSTEM_FUNCTION]: performSubsystemFunction,
  [READ_SUBSYSTEM_DATA]: readSubsystemData,
  [READ_MESSAGE_ID]: readMessageId,
  [SET_SUBSYSTEM_MODE]: setSubsystemMode,
  0xf3: diagnosticControl,
};
