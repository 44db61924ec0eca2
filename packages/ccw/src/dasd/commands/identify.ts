// Sense, and what the device tells of itself.

import type { CommandEnd, DeviceCommand } from '../../channel/control-unit.ts';
import { configurationData, deviceCharacteristics, senseId } from '../identification.ts';
import { SENSE_SIZE, UnitCheck } from '../sense.ts';
import { gave, requireNoDomain, SUSPEND_MULTIPATH_RECONNECTION } from '../unit.ts';
import type { CommandTable, Unit } from '../unit.ts';

function sense(unit: Unit): CommandEnd {
  requireNoDomain(unit);
  return gave(unit.takeSense());
}

function identify(unit: Unit): CommandEnd {
  requireNoDomain(unit);
  return gave(senseId(unit.model));
}

const READ_DEVICE_CHARACTERISTICS = 0x64;
const READ_CONFIGURATION_DATA = 0xfa;

function readDeviceCharacteristics(unit: Unit): CommandEnd {
  requireNoDomain(unit);
  return gave(deviceCharacteristics(unit.geometry, unit.model, unit.identity));
}

function readConfigurationData(unit: Unit): CommandEnd {
  requireNoDomain(unit);
  return gave(configurationData(unit.model, unit.identity));
}

/** @throws UnitCheck behind commands other than those that read what the device is */
function requireIdentified(unit: Unit, { previous }: DeviceCommand): void {
  requireNoDomain(unit);
  const { position } = unit.chain;
  const isBehindRead =
    previous === READ_DEVICE_CHARACTERISTICS || previous === READ_CONFIGURATION_DATA;
  const isBehindFirst = position === 1 && previous === SUSPEND_MULTIPATH_RECONNECTION;
  if (position > 0 && !isBehindRead && !isBehindFirst) throw new UnitCheck('invalidSequence');
}

/** Bytes of a 3990-6's subsystem status. */
const SUBSYSTEM_STATUS_SIZE = 44;

/** The highest unit address of a subsystem. */
const HIGHEST_DEVICE = 0xff;

function senseSubsystemStatus(unit: Unit, command: DeviceCommand): CommandEnd {
  requireIdentified(unit, command);
  const { unitAddress, subsystemId } = unit.identity;
  const bytes = new Uint8Array(SUBSYSTEM_STATUS_SIZE);
  // Byte 0: the status is of a 3990-6.
  bytes.set([0x01, unitAddress, HIGHEST_DEVICE]);
  bytes.set([subsystemId >>> 8, subsystemId], 38);
  unit.chain.onlyFollowers = [];
  return gave(bytes);
}

function readBufferedLog(unit: Unit, command: DeviceCommand): CommandEnd {
  requireIdentified(unit, command);
  return gave(new Uint8Array(SENSE_SIZE));
}

/** Commands that read what the device is, and how it is. */
export const IDENTIFY: CommandTable = {
  0x04: sense,
  0xe4: identify,
  [READ_DEVICE_CHARACTERISTICS]: readDeviceCharacteristics,
  [READ_CONFIGURATION_DATA]: readConfigurationData,
  0x54: senseSubsystemStatus,
  0xa4: readBufferedLog,
};
