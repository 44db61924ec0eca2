// Define Subsystem Operation (F7): its one order is Release Allocated Space, which empties tracks. Linux
// drivers/s390/block/dasd_eckd.h, `struct dasd_dso_ras_data`.
//
// Concepts: where the guest's extents begin and end is of no matter here, for each track is released by itself: it keeps
// home address and R0. A track is released or as it was after a crash; a release that was cut off has done some.

import type { CommandEnd, DeviceCommand } from '../../channel/control-unit.ts';
import type { Step } from '../../channel/steps.ts';
import { halfWordAt, trackAt } from '../addresses.ts';
import type { Extent } from '../chain.ts';
import { UnitCheck } from '../sense.ts';
import {
  DEFINE_SUBSYSTEM_OPERATION,
  parameters,
  READ_SUBSYSTEM_DATA,
  requireFirst,
  requireNoDomain,
  took,
} from '../unit.ts';
import type { CommandTable, Unit } from '../unit.ts';
import { FORMATS, requireMask, requireWritable } from './writes.ts';

/** Byte 0, with the flags behind it the shortest that an order can be. */
const RELEASE_ALLOCATED_SPACE = 0x81;
const SHORTEST_ORDER = 2;

/** Bytes of a release without extents, and of each extent. */
const SIZE = 24;
const EXTENT_SIZE = 8;

/** Extents that one release may name. */
const MAX_EXTENTS = 110;

/**
 * Byte 2. Tracks of an extent that is named in part only are initialised as well, and releases are forced: both are so
 * here in any case.
 */
const SCOPE = { BY_EXTENT: 0x20, INITIALISED: 0x10, FORCED: 0x08 } as const;
const KNOWN_SCOPE = SCOPE.BY_EXTENT | SCOPE.INITIALISED | SCOPE.FORCED;

/** Bytes that have no meaning: flags, of which one is for other volumes; scope; all around the number of extents. */
const RESERVED = [
  [1, 2],
  [3, 4],
  [6, 20],
  [22, SIZE],
] as const;

/** @throws UnitCheck the command is not where it may be in a chain */
function requirePlace(unit: Unit, command: DeviceCommand): void {
  requireNoDomain(unit);
  const { previous } = command;
  if (previous === DEFINE_SUBSYSTEM_OPERATION || previous === READ_SUBSYSTEM_DATA) return;
  requireFirst(unit, command);
}

/** How many extents a release names; none where it is for the whole volume. @throws UnitCheck */
function countExtents({ identity }: Unit, bytes: Uint8Array): number {
  const [, , scope = 0, , subsystem, address] = bytes;
  const count = halfWordAt(bytes, 20);
  const isCountValid = (scope & SCOPE.BY_EXTENT) === 0 ? count === 0 : count > 0;
  const isValid =
    (scope & ~KNOWN_SCOPE) === 0 &&
    RESERVED.every(([from, to]) => bytes.subarray(from, to).every((byte) => byte === 0)) &&
    subsystem === 0 &&
    address === identity.unitAddress &&
    isCountValid &&
    count <= MAX_EXTENTS;
  if (!isValid) throw new UnitCheck('invalidParameter', SIZE);
  return count;
}

/** What is to be released, and the bytes that say so. @throws UnitCheck */
function decode(unit: Unit, command: DeviceCommand): { extents: readonly Extent[]; size: number } {
  const [order] = parameters(command, SHORTEST_ORDER);
  if (order !== RELEASE_ALLOCATED_SPACE) throw new UnitCheck('invalidParameter', SHORTEST_ORDER);
  const count = countExtents(unit, parameters(command, SIZE));
  if (count === 0) return { extents: [{ first: 0, last: unit.lastTrack }], size: SIZE };
  const size = SIZE + count * EXTENT_SIZE;
  const bytes = parameters(command, size);
  const extents = Array.from({ length: count }, (_unused, index) => {
    const at = SIZE + index * EXTENT_SIZE;
    const first = trackAt(unit.geometry, bytes, at, size);
    const last = trackAt(unit.geometry, bytes, at + 4, size);
    if (last < first) throw new UnitCheck('invalidParameter', size);
    return { first, last };
  });
  return { extents, size };
}

function* defineSubsystemOperation(unit: Unit, command: DeviceCommand): Step<CommandEnd> {
  requirePlace(unit, command);
  const { extents, size } = decode(unit, command);
  const { chain, arm } = unit;
  requireWritable(unit);
  requireMask(chain, ...FORMATS);
  if (!extents.every(({ first, last }) => chain.isInExtent(first) && chain.isInExtent(last))) {
    throw new UnitCheck('fileProtected', size);
  }
  for (const { first, last } of extents) {
    for (let track = first; track <= last && !unit.isAborted; track += 1) {
      yield* arm.release(track);
    }
  }
  return took(size);
}

/** Commands on the space that a volume takes. */
export const SPACE: CommandTable = { [DEFINE_SUBSYSTEM_OPERATION]: defineSubsystemOperation };
