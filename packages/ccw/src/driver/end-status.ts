// The status of a program that ended before the subchannel had it.

import { isErrno } from '@vfio-ts/core';
import {
  encodeIrb,
  eswOf,
  ORB_FORMAT_CONTROL,
  ORB_PREFETCH_CONTROL,
  SCSW_ALERT_STATUS,
  SCSW_CCW_FORMAT,
  SCSW_PREFETCH,
  SCSW_PRIMARY_STATUS,
  SCSW_SECONDARY_STATUS,
  SCSW_START_FUNCTION,
  SCSW_STATUS_PENDING,
  SUBCHANNEL_STATUS,
  type Orb,
} from '../architecture/index.ts';
import type { ConditionCode } from '../channel/subchannel.ts';

const ENDED =
  SCSW_START_FUNCTION |
  SCSW_ALERT_STATUS |
  SCSW_PRIMARY_STATUS |
  SCSW_SECONDARY_STATUS |
  SCSW_STATUS_PENDING;

/** Why a program did not run. */
export interface WhyEnded {
  /** What SSCH would have said, where it was too late for that. */
  readonly deferred?: ConditionCode;
  /** `SUBCHANNEL_STATUS`. */
  readonly subchannelStatus?: number;
}

/** The IRB of a program that did not run. */
export function endedIrb({ control, programAddress }: Orb, why: WhyEnded): Uint8Array {
  const { deferred = 0, subchannelStatus = 0 } = why;
  const format = (control & ORB_FORMAT_CONTROL) === 0 ? 0 : SCSW_CCW_FORMAT;
  const prefetch = (control & ORB_PREFETCH_CONTROL) === 0 ? 0 : SCSW_PREFETCH;
  const sense = new Uint8Array(0);
  return encodeIrb({
    scsw: {
      flags: (deferred << 8) | format | prefetch,
      control: ENDED,
      programAddress: deferred === 0 ? programAddress + 8 : programAddress,
      deviceStatus: 0,
      subchannelStatus,
      count: 0,
    },
    esw: eswOf(0, sense),
    sense,
  });
}

/** What a user makes of the errno of a start, as a status. */
export function statusOfError(error: unknown): WhyEnded {
  const isMemory = isErrno(error, 'EFAULT');
  const { CHANNEL_DATA_CHECK, PROGRAM_CHECK } = SUBCHANNEL_STATUS;
  return { subchannelStatus: isMemory ? CHANNEL_DATA_CHECK : PROGRAM_CHECK };
}
