// Prefix (E7): Define Extent and Locate Record Extended, or Perform Subsystem Function, in one command. Offered only
// where the device says so. Linux drivers/s390/block/dasd_eckd.h, `struct PFX_eckd_data`.

import type { CommandEnd, DeviceCommand } from '../../channel/control-unit.ts';
import { UnitCheck } from '../sense.ts';
import type { Step } from '../../channel/steps.ts';
import { parameters, took } from '../unit.ts';
import type { CommandTable, Unit } from '../unit.ts';
import { defineExtent } from './define-extent.ts';
import { locateRecordExtended } from './locate-record.ts';
import { performOrder } from './subsystem.ts';

/** Where the parts are. */
const DEFINE_EXTENT_OFFSET = 12;
const LOCATE_RECORD_OFFSET = 44;

/** The order is at the end of what has to be there: its shortest form fits. */
const ORDER_OFFSET = 62;

/** Bytes that have to be there. */
const SIZE = 64;

/** Byte 0: what there is besides the Define Extent. */
const FORMAT = { DEFINE_EXTENT: 0x00, LOCATE_RECORD: 0x01, SUBSYSTEM_FUNCTION: 0x02 } as const;
const LAST_FORMAT = FORMAT.SUBSYSTEM_FUNCTION;

/** Byte 1: there is a Define Extent. */
const HAS_DEFINE_EXTENT = 0x80;

/** Performs the order. @throws UnitCheck */
function performPrefixed(unit: Unit, command: DeviceCommand): CommandEnd {
  try {
    return took(ORDER_OFFSET + performOrder(unit, command, command.data.subarray(ORDER_OFFSET)));
  } catch (error) {
    if (!(error instanceof UnitCheck)) throw error;
    throw new UnitCheck(error.kind, ORDER_OFFSET + error.taken);
  }
}

function* prefix(unit: Unit, command: DeviceCommand): Step<CommandEnd> {
  if (!unit.identity.hasPrefix) throw new UnitCheck('invalidCommand');
  const [format = 0, validity = 0] = parameters(command, SIZE);
  if (format > LAST_FORMAT) throw new UnitCheck('invalidParameter', SIZE);
  if ((validity & HAS_DEFINE_EXTENT) !== 0) {
    defineExtent(unit, command.data.subarray(DEFINE_EXTENT_OFFSET, LOCATE_RECORD_OFFSET), SIZE);
  }
  if (format === FORMAT.DEFINE_EXTENT) return took(SIZE);
  if (format === FORMAT.SUBSYSTEM_FUNCTION) return performPrefixed(unit, command);
  const located = command.data.subarray(LOCATE_RECORD_OFFSET);
  const size = yield* locateRecordExtended(unit, located, LOCATE_RECORD_OFFSET);
  return took(LOCATE_RECORD_OFFSET + size);
}

/** Prefix. */
export const PREFIX: CommandTable = { 0xe7: prefix };
