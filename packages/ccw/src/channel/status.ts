// The interruption-response blocks of the channel subsystem, as guests have accepted them.

import { DEVICE_STATUS, SUBCHANNEL_STATUS } from '../architecture/device-status.ts';
import { encodeIrb, eswOf } from '../architecture/irb.ts';
import {
  SCSW_ALERT_STATUS,
  SCSW_CCW_FORMAT,
  SCSW_CLEAR_FUNCTION,
  SCSW_ESW_FORMAT,
  SCSW_EXTENDED_CONTROL,
  SCSW_HALT_FUNCTION,
  SCSW_INTERMEDIATE_STATUS,
  SCSW_PRIMARY_STATUS,
  SCSW_SECONDARY_STATUS,
  SCSW_START_FUNCTION,
  SCSW_STATUS_PENDING,
  type Scsw,
} from '../architecture/scsw.ts';
import type { ChannelProgram } from './channel-program.ts';
import type { ProgramEnd } from './program-run.ts';

const NO_SENSE = new Uint8Array(0);
const NO_STATUS: Scsw = {
  flags: 0,
  control: 0,
  programAddress: 0,
  deviceStatus: 0,
  subchannelStatus: 0,
  count: 0,
};

/** Bits of the SCSW that say nothing of a status: function and format of what was started. */
export function startedFlags({ isFormat1, statusFlags = 0 }: ChannelProgram): number {
  return statusFlags | (isFormat1 ? SCSW_CCW_FORMAT : 0);
}

/**
 * The end of a program: primary and secondary status at once.
 *
 * @param path - the path it ran on, `0x80 >> i`
 * @param isHalted - a halt has ended it
 */
export function endStatus(
  program: ChannelProgram,
  end: ProgramEnd,
  path: number,
  isHalted: boolean,
): Uint8Array {
  const { deviceStatus, subchannelStatus, sense = NO_SENSE } = end;
  const pci = subchannelStatus & SUBCHANNEL_STATUS.PROGRAM_CONTROLLED_INTERRUPTION;
  const isAlert =
    (deviceStatus & DEVICE_STATUS.UNIT_CHECK) !== 0 || (subchannelStatus & ~pci) !== 0;
  const senseFlags = sense.length === 0 ? 0 : SCSW_ESW_FORMAT | SCSW_EXTENDED_CONTROL;
  const control =
    SCSW_START_FUNCTION |
    (isHalted ? SCSW_HALT_FUNCTION : 0) |
    (isAlert ? SCSW_ALERT_STATUS : 0) |
    (pci === 0 ? 0 : SCSW_INTERMEDIATE_STATUS) |
    SCSW_PRIMARY_STATUS |
    SCSW_SECONDARY_STATUS |
    SCSW_STATUS_PENDING;
  return encodeIrb({
    scsw: {
      flags: startedFlags(program) | senseFlags,
      control,
      programAddress: end.address + 8,
      deviceStatus,
      subchannelStatus,
      count: end.residual,
    },
    esw: eswOf(path, sense),
    sense,
  });
}

/** A halt of nothing. */
export function haltStatus(): Uint8Array {
  return bare({ control: SCSW_HALT_FUNCTION | SCSW_STATUS_PENDING });
}

/** A clear, whatever was cleared. */
export function clearStatus(): Uint8Array {
  return bare({ control: SCSW_CLEAR_FUNCTION | SCSW_STATUS_PENDING });
}

/** A status nobody has asked for, attention for example. */
export function unsolicitedStatus(deviceStatus: number): Uint8Array {
  return bare({ control: SCSW_ALERT_STATUS | SCSW_STATUS_PENDING, deviceStatus });
}

function bare(parts: Partial<Scsw>): Uint8Array {
  return encodeIrb({
    scsw: { ...NO_STATUS, ...parts },
    esw: eswOf(0, NO_SENSE),
    sense: NO_SENSE,
  });
}
