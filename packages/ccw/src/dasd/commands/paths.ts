// Path groups, and reserve and release.

import type { CommandEnd, DeviceCommand } from '../../channel/control-unit.ts';
import { PATH_GROUP_SIZE } from '../../channel/path-group.ts';
import { SENSE_SIZE, UnitCheck } from '../sense.ts';
import {
  gave,
  parameters,
  requireFirst,
  requireNoDomain,
  SUSPEND_MULTIPATH_RECONNECTION,
  took,
} from '../unit.ts';
import type { CommandTable, Unit } from '../unit.ts';

function sensePathGroupId(unit: Unit, command: DeviceCommand): CommandEnd {
  requireFirst(unit, command);
  unit.chain.onlyFollowers = [];
  return gave(unit.paths.sense(unit.isReserved));
}

function setPathGroupId(unit: Unit, command: DeviceCommand): CommandEnd {
  requireFirst(unit, command);
  const isSet = unit.paths.set(parameters(command, PATH_GROUP_SIZE));
  if (!isSet) throw new UnitCheck('invalidParameter', PATH_GROUP_SIZE);
  unit.chain.onlyFollowers = [];
  return took(PATH_GROUP_SIZE);
}

function suspendMultipathReconnection(unit: Unit): CommandEnd {
  requireNoDomain(unit);
  return took(0);
}

/**
 * One guest has the device, so a reservation keeps nobody out: it is there to be seen in Sense Path Group ID and
 * Reset Allegiance, and ends with the release, or a reset.
 */
function reserve(unit: Unit, command: DeviceCommand): CommandEnd {
  requireNoDomain(unit);
  requireFirst(unit, command);
  unit.isReserved = true;
  return gave(unit.takeSense());
}

function release(unit: Unit): CommandEnd {
  requireNoDomain(unit);
  const { chain } = unit;
  if (chain.isExtentDefined || chain.isMaskSet || chain.hasReadIpl) {
    throw new UnitCheck('invalidSequence');
  }
  unit.isReserved = false;
  return gave(unit.takeSense());
}

/** Reset Allegiance, byte 0: the reset was done; the device is reserved. Byte 1: by this path. */
const ALLEGIANCE = { RESET: 0x80, RESERVED: 0x10, THIS_PATH: 0x20 } as const;

/** Where the path group identifier begins. */
const ALLEGIANCE_GROUP_OFFSET = 4;

function resetAllegiance(unit: Unit, command: DeviceCommand): CommandEnd {
  requireFirst(unit, command);
  const bytes = new Uint8Array(SENSE_SIZE);
  // The identifier is behind the state byte, as in Sense Path Group ID.
  bytes.set(unit.paths.sense(false), ALLEGIANCE_GROUP_OFFSET);
  bytes[ALLEGIANCE_GROUP_OFFSET] = 0;
  bytes[0] = ALLEGIANCE.RESET | (unit.isReserved ? ALLEGIANCE.RESERVED : 0);
  bytes[1] = ALLEGIANCE.THIS_PATH;
  return gave(bytes);
}

/** Commands on paths and on whom the device belongs to. */
export const PATHS: CommandTable = {
  0x34: sensePathGroupId,
  0xaf: setPathGroupId,
  [SUSPEND_MULTIPATH_RECONNECTION]: suspendMultipathReconnection,
  0xb4: reserve,
  0x14: reserve,
  0x94: release,
  0x44: resetAllegiance,
};
