// Searches, after which the command behind the next one follows where they have found what they look for.

import type { CommandEnd, DeviceCommand } from '../../channel/control-unit.ts';
import { DEVICE_STATUS } from '../../channel/control-unit.ts';
import { currentOrNext, nextCount, requirePosition } from '../motion.ts';
import type { Step } from '../../channel/steps.ts';
import { NORMAL_END, requireNoDomain } from '../unit.ts';
import type { CommandTable, Unit } from '../unit.ts';
import { toIndex } from './reads.ts';

/** Bits of a search command: what of the track it is to find, compared with its argument. */
const FINDS = { EQUAL: 0x20, HIGH: 0x40 } as const;

/** Negative, 0 or positive as bytes are less than, equal to or greater than as many of an argument. */
function compare(bytes: Uint8Array, argument: Uint8Array, length: number): number {
  for (let at = 0; at < length; at += 1) {
    const difference = (bytes[at] ?? 0) - (argument[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

interface Comparison {
  readonly end: CommandEnd;
  /** All of the field is equal to the argument. */
  readonly isEqual: boolean;
}

function search({ code, data }: DeviceCommand, field: Uint8Array): Comparison {
  const taken = Math.min(data.length, field.length);
  const order = compare(field, data, taken);
  const isFound =
    field.length > 0 &&
    (((code & FINDS.EQUAL) !== 0 && order === 0) || ((code & FINDS.HIGH) !== 0 && order > 0));
  const status = isFound ? NORMAL_END | DEVICE_STATUS.STATUS_MODIFIER : NORMAL_END;
  const isEqual = isFound && order === 0 && taken === field.length;
  return { end: { status, taken }, isEqual };
}

/** Whether a search finds equals only: writes may follow those. */
function isForEqual(code: number): boolean {
  return (code & FINDS.HIGH) === 0;
}

/** Bytes of a count field that are the identifier: CC HH R. */
const IDENTIFIER_SIZE = 5;

function* searchIdentifier(unit: Unit, command: DeviceCommand): Step<CommandEnd> {
  const { chain, arm } = unit;
  requirePosition(unit);
  requireNoDomain(unit);
  const { offset } = yield* nextCount(unit, command.code);
  const { end, isEqual } = search(command, arm.view(offset, offset + IDENTIFIER_SIZE));
  chain.isIdentifierEqual = isEqual && isForEqual(command.code);
  return end;
}

function* searchKey(unit: Unit, command: DeviceCommand): Step<CommandEnd> {
  const { chain, arm } = unit;
  requirePosition(unit);
  requireNoDomain(unit);
  const { keyOffset, dataOffset } = yield* currentOrNext(unit, command.code, true);
  arm.passed = 'key';
  const { end, isEqual } = search(command, arm.view(keyOffset, dataOffset));
  chain.isKeyEqual = isEqual && isForEqual(command.code);
  return end;
}

function* searchHomeAddress(unit: Unit, command: DeviceCommand): Step<CommandEnd> {
  const { chain, arm } = unit;
  requirePosition(unit);
  requireNoDomain(unit);
  yield* toIndex(unit, command.code);
  const { end, isEqual } = search(command, arm.homeAddress);
  chain.isHomeAddressEqual = isEqual;
  return end;
}

/** Commands that search a track, or with the multitrack bit those of a cylinder. */
export const SEARCHES: CommandTable = {
  0x29: searchKey,
  0xa9: searchKey,
  0x49: searchKey,
  0xc9: searchKey,
  0x69: searchKey,
  0xe9: searchKey,
  0x31: searchIdentifier,
  0xb1: searchIdentifier,
  0x51: searchIdentifier,
  0xd1: searchIdentifier,
  0x71: searchIdentifier,
  0xf1: searchIdentifier,
  0x39: searchHomeAddress,
  0xb9: searchHomeAddress,
};
