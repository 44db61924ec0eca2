// The channel-report word. Principles of Operation, chapter 17, "Channel-Report Word".

import { structureView, viewOf } from './bytes.ts';

/** Bytes of a CRW. */
export const CRW_SIZE = 4;

/** S. */
export const CRW_SOLICITED = 0x4000_0000;
/** R: reports have been lost. */
export const CRW_OVERFLOW = 0x2000_0000;
/** C: the next report belongs to this one. */
export const CRW_CHAINED = 0x1000_0000;
/** A. */
export const CRW_ANCILLARY_REPORT = 0x0080_0000;

/** Reporting-source codes. */
export const CRW_RSC = {
  MONITORING: 0x2,
  SUBCHANNEL: 0x3,
  CHANNEL_PATH: 0x4,
  CONFIGURATION_ALERT: 0x9,
  CHANNEL_SUBSYSTEM: 0xb,
} as const;

/** Error-recovery codes. */
export const CRW_ERC = {
  EVENT_PENDING: 0,
  AVAILABLE: 1,
  INITIALIZED: 2,
  TEMPORARY_ERROR: 3,
  INSTALLED_PARAMETERS_INITIALIZED: 4,
  TERMINAL: 5,
  PERMANENT_ERROR_NOT_INITIALIZED: 6,
  PERMANENT_ERROR_INITIALIZED: 7,
  INSTALLED_PARAMETERS_MODIFIED: 8,
  INSTALLED_PARAMETERS_RESTORED: 10,
} as const;

/** A channel-report word. */
export interface Crw {
  /** {@link CRW_SOLICITED}, {@link CRW_OVERFLOW}, {@link CRW_CHAINED}, {@link CRW_ANCILLARY_REPORT}. */
  readonly flags: number;
  /** {@link CRW_RSC}. */
  readonly source: number;
  /** {@link CRW_ERC}. */
  readonly recovery: number;
  /** Reporting-source id: a subchannel's number, a channel path's identifier. */
  readonly sourceId: number;
}

const FLAGS = CRW_SOLICITED | CRW_OVERFLOW | CRW_CHAINED | CRW_ANCILLARY_REPORT;

/** @throws `EINVAL` fewer than {@link CRW_SIZE} bytes */
export function decodeCrw(bytes: Uint8Array): Crw {
  const word = structureView('Crw', bytes, CRW_SIZE).getUint32(0);
  return {
    flags: word & FLAGS,
    source: (word >>> 24) & 0x0f,
    recovery: (word >>> 16) & 0x3f,
    sourceId: word & 0xffff,
  };
}

/** Opposite of {@link decodeCrw}. */
export function encodeCrw({ flags, source, recovery, sourceId }: Crw): Uint8Array {
  const bytes = new Uint8Array(CRW_SIZE);
  const codes = ((source & 0x0f) << 24) | ((recovery & 0x3f) << 16) | (sourceId & 0xffff);
  viewOf(bytes).setUint32(0, (flags & FLAGS) | codes);
  return bytes;
}
