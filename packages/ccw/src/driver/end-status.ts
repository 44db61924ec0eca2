// The status of a program that ended before the subchannel had it.

import { isErrno } from '@vfio-ts/core';
import {
  encodeIrb,
  eswOf,
  SCSW_ADDRESS_LIMIT_CHECKING_CONTROL,
  SCSW_ALERT_STATUS,
  SCSW_CCW_FORMAT,
  SCSW_INITIAL_STATUS_INTERRUPTION_CONTROL,
  SCSW_PREFETCH,
  SCSW_PRIMARY_STATUS,
  SCSW_SECONDARY_STATUS,
  SCSW_START_FUNCTION,
  SCSW_STATUS_PENDING,
  SCSW_SUPPRESS_SUSPENDED_INTERRUPTION,
  SCSW_SUSPEND_CONTROL,
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

const REPEATED =
  SCSW_SUSPEND_CONTROL |
  SCSW_CCW_FORMAT |
  SCSW_PREFETCH |
  SCSW_INITIAL_STATUS_INTERRUPTION_CONTROL |
  SCSW_ADDRESS_LIMIT_CHECKING_CONTROL |
  SCSW_SUPPRESS_SUSPENDED_INTERRUPTION;

/** Why a program did not run. */
export interface WhyEnded {
  /** What SSCH would have said, where it was too late for that. */
  readonly deferred?: ConditionCode;
  /** `SUBCHANNEL_STATUS`. */
  readonly subchannelStatus?: number;
}

/** The IRB of a program that did not run. */
export function endedIrb(orb: Orb, why: WhyEnded): Uint8Array {
  const { programAddress } = orb;
  const { deferred = 0, subchannelStatus = 0 } = why;
  const sense = new Uint8Array(0);
  return encodeIrb({
    scsw: {
      flags: (deferred << 8) | statusFlags(orb),
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

/** What the SCSW of every status of a program repeats of its ORB: the same bits in the same places. */
export function statusFlags({ key, control }: Orb): number {
  return (key << 12) | ((control >>> 16) & REPEATED);
}

/** What a user makes of the errno of a start, as a status. */
export function statusOfError(error: unknown): WhyEnded {
  const isMemory = isErrno(error, 'EFAULT');
  const { CHANNEL_DATA_CHECK, PROGRAM_CHECK } = SUBCHANNEL_STATUS;
  return { subchannelStatus: isMemory ? CHANNEL_DATA_CHECK : PROGRAM_CHECK };
}
