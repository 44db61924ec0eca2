// The command-mode subchannel-status word. Principles of Operation, chapter 16, "Subchannel-Status Word".

import { structureView, viewOf } from './bytes.ts';

/** Bytes of an SCSW. */
export const SCSW_SIZE = 12;

/** Storage key, four bits. */
export const SCSW_KEY = 0xf000;
/** S. */
export const SCSW_SUSPEND_CONTROL = 0x0800;
/** L: the extended-status word has a meaning. */
export const SCSW_ESW_FORMAT = 0x0400;
/** Deferred condition code, two bits. */
export const SCSW_DEFERRED_CONDITION_CODE = 0x0300;
/** F: CCWs of format 1. */
export const SCSW_CCW_FORMAT = 0x0080;
/** P. */
export const SCSW_PREFETCH = 0x0040;
/** I. */
export const SCSW_INITIAL_STATUS_INTERRUPTION_CONTROL = 0x0020;
/** A. */
export const SCSW_ADDRESS_LIMIT_CHECKING_CONTROL = 0x0010;
/** U. */
export const SCSW_SUPPRESS_SUSPENDED_INTERRUPTION = 0x0008;
/** Z. */
export const SCSW_ZERO_CONDITION_CODE = 0x0004;
/** E: the extended-control word has sense data, or a measurement. */
export const SCSW_EXTENDED_CONTROL = 0x0002;
/** N. */
export const SCSW_PATH_NOT_OPERATIONAL = 0x0001;

/** Function control: a start is under way, or has ended. */
export const SCSW_START_FUNCTION = 0x4000;
/** Function control: halt. */
export const SCSW_HALT_FUNCTION = 0x2000;
/** Function control: clear. */
export const SCSW_CLEAR_FUNCTION = 0x1000;
/** Activity control: resume is to begin. */
export const SCSW_RESUME_PENDING = 0x0800;
/** Activity control: start is to begin. */
export const SCSW_START_PENDING = 0x0400;
/** Activity control: halt is to begin. */
export const SCSW_HALT_PENDING = 0x0200;
/** Activity control: clear is to begin. */
export const SCSW_CLEAR_PENDING = 0x0100;
/** Activity control. */
export const SCSW_SUBCHANNEL_ACTIVE = 0x0080;
/** Activity control. */
export const SCSW_DEVICE_ACTIVE = 0x0040;
/** Activity control. */
export const SCSW_SUSPENDED = 0x0020;
/** Status control: something unusual. */
export const SCSW_ALERT_STATUS = 0x0010;
/** Status control: the program goes on. */
export const SCSW_INTERMEDIATE_STATUS = 0x0008;
/** Status control: the channel is done. */
export const SCSW_PRIMARY_STATUS = 0x0004;
/** Status control: the device is done. */
export const SCSW_SECONDARY_STATUS = 0x0002;
/** Status control. */
export const SCSW_STATUS_PENDING = 0x0001;
/** All of the status control. */
export const SCSW_STATUS_CONTROL = 0x001f;
/** All of the function control. */
export const SCSW_FUNCTION_CONTROL = 0x7000;
/** All of the activity control. */
export const SCSW_ACTIVITY_CONTROL = 0x0fe0;

/** A subchannel-status word. */
export interface Scsw {
  /** The high half of word 0: {@link SCSW_KEY} to {@link SCSW_PATH_NOT_OPERATIONAL}. */
  readonly flags: number;
  /** The low half of word 0: {@link SCSW_START_FUNCTION} to {@link SCSW_STATUS_PENDING}. */
  readonly control: number;
  /** Address of the CCW after the last one. */
  readonly programAddress: number;
  /** `DEVICE_STATUS`. */
  readonly deviceStatus: number;
  /** `SUBCHANNEL_STATUS`. */
  readonly subchannelStatus: number;
  /** Bytes the last CCW had left. */
  readonly count: number;
}

/** @throws `EINVAL` fewer than {@link SCSW_SIZE} bytes */
export function decodeScsw(bytes: Uint8Array): Scsw {
  const view = structureView('Scsw', bytes, SCSW_SIZE);
  return {
    flags: view.getUint16(0),
    control: view.getUint16(2),
    programAddress: view.getUint32(4),
    deviceStatus: view.getUint8(8),
    subchannelStatus: view.getUint8(9),
    count: view.getUint16(10),
  };
}

/** Opposite of {@link decodeScsw}. */
export function encodeScsw(scsw: Scsw): Uint8Array {
  const bytes = new Uint8Array(SCSW_SIZE);
  const view = viewOf(bytes);
  view.setUint16(0, scsw.flags);
  view.setUint16(2, scsw.control);
  view.setUint32(4, scsw.programAddress);
  view.setUint8(8, scsw.deviceStatus);
  view.setUint8(9, scsw.subchannelStatus);
  view.setUint16(10, scsw.count);
  return bytes;
}
