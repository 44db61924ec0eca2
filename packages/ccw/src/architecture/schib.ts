// The subchannel-information block, what STORE SUBCHANNEL stores: path-management-control word and subchannel-status
// word. Principles of Operation, chapter 15, "Subchannel-Information Block".

import { structureView, viewOf } from './bytes.ts';
import { decodeScsw, encodeScsw, SCSW_SIZE, type Scsw } from './scsw.ts';

/** Bytes of a PMCW. */
export const PMCW_SIZE = 28;
/** Bytes of a SCHIB. */
export const SCHIB_SIZE = 52;
/** Where the SCSW is, bytes from the start of the SCHIB. */
export const SCHIB_SCSW_OFFSET = 28;
/** Paths a subchannel can have. */
export const PATH_COUNT = 8;

/** QF: the subchannel is for queued direct I/O. */
export const PMCW_QDIO = 0x8000;
/** Interruption subclass, three bits. */
export const PMCW_ISC = 0x3800;
/** E. */
export const PMCW_ENABLED = 0x0080;
/** LM, two bits. */
export const PMCW_LIMIT_MODE = 0x0060;
/** MM, two bits. */
export const PMCW_MEASUREMENT_MODE_ENABLE = 0x0018;
/** D. */
export const PMCW_MULTIPATH_MODE = 0x0004;
/** T. */
export const PMCW_TIMING_FACILITY = 0x0002;
/** V. */
export const PMCW_DEVICE_NUMBER_VALID = 0x0001;
/** Word 6, subchannel type, three bits; 0 is I/O. */
export const PMCW_SUBCHANNEL_TYPE = 0x00e0_0000;
/** Word 6, S. */
export const PMCW_CONCURRENT_SENSE = 0x0000_0001;

/** A path-management-control word. Path i of a mask is bit `0x80 >> i`. */
export interface Pmcw {
  readonly interruptionParameter: number;
  /** Bytes 4 and 5: {@link PMCW_QDIO} to {@link PMCW_DEVICE_NUMBER_VALID}. */
  readonly flags: number;
  readonly deviceNumber: number;
  /** Logical paths. */
  readonly lpm: number;
  /** Paths found not operational. */
  readonly pnom: number;
  /** The path used last. */
  readonly lpum: number;
  /** Paths installed. */
  readonly pim: number;
  readonly measurementBlockIndex: number;
  /** Paths operational. */
  readonly pom: number;
  /** Paths available. */
  readonly pam: number;
  /** Channel-path identifiers, one for each path; those left out are 0. */
  readonly chpids: readonly number[];
  /** Word 6: {@link PMCW_SUBCHANNEL_TYPE}, {@link PMCW_CONCURRENT_SENSE}. */
  readonly word6: number;
}

/** A subchannel-information block. */
export interface Schib {
  readonly pmcw: Pmcw;
  readonly scsw: Scsw;
}

/** @throws `EINVAL` fewer than {@link PMCW_SIZE} bytes */
export function decodePmcw(bytes: Uint8Array): Pmcw {
  const view = structureView('Pmcw', bytes, PMCW_SIZE);
  return {
    interruptionParameter: view.getUint32(0),
    flags: view.getUint16(4),
    deviceNumber: view.getUint16(6),
    lpm: view.getUint8(8),
    pnom: view.getUint8(9),
    lpum: view.getUint8(10),
    pim: view.getUint8(11),
    measurementBlockIndex: view.getUint16(12),
    pom: view.getUint8(14),
    pam: view.getUint8(15),
    chpids: Array.from(bytes.subarray(16, 16 + PATH_COUNT)),
    word6: view.getUint32(24),
  };
}

/** Opposite of {@link decodePmcw}. */
export function encodePmcw(pmcw: Pmcw): Uint8Array {
  const bytes = new Uint8Array(PMCW_SIZE);
  const view = viewOf(bytes);
  view.setUint32(0, pmcw.interruptionParameter);
  view.setUint16(4, pmcw.flags);
  view.setUint16(6, pmcw.deviceNumber);
  bytes.set([pmcw.lpm, pmcw.pnom, pmcw.lpum, pmcw.pim], 8);
  view.setUint16(12, pmcw.measurementBlockIndex);
  bytes.set([pmcw.pom, pmcw.pam, ...pmcw.chpids.slice(0, PATH_COUNT)], 14);
  view.setUint32(24, pmcw.word6);
  return bytes;
}

/** @throws `EINVAL` fewer than {@link SCHIB_SIZE} bytes */
export function decodeSchib(bytes: Uint8Array): Schib {
  structureView('Schib', bytes, SCHIB_SIZE);
  return {
    pmcw: decodePmcw(bytes),
    scsw: decodeScsw(bytes.subarray(SCHIB_SCSW_OFFSET, SCHIB_SCSW_OFFSET + SCSW_SIZE)),
  };
}

/** Opposite of {@link decodeSchib}; there is no measurement block. */
export function encodeSchib({ pmcw, scsw }: Schib): Uint8Array {
  const bytes = new Uint8Array(SCHIB_SIZE);
  bytes.set(encodePmcw(pmcw));
  bytes.set(encodeScsw(scsw), SCHIB_SCSW_OFFSET);
  return bytes;
}
