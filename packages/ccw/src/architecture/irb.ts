// The interruption-response block, what TEST SUBCHANNEL stores: subchannel-status word, extended-status word of format
// 0, extended control and extended measurement. Principles of Operation, chapter 16.

import { structureView, viewOf } from './bytes.ts';
import { decodeScsw, encodeScsw, SCSW_SIZE, type Scsw } from './scsw.ts';

/** Bytes of an IRB. */
export const IRB_SIZE = 96;
/** Where the extended-status word is, bytes from the start of the IRB. */
export const IRB_ESW_OFFSET = 12;
/** Bytes of the extended-status word. */
export const ESW_SIZE = 20;
/** Where the extended-control word is, bytes from the start of the IRB. */
export const IRB_ECW_OFFSET = 32;
/** Bytes of the extended-control word. */
export const ECW_SIZE = 32;

/** Extended-report word: the extended-control word has sense data. */
export const ERW_CONCURRENT_SENSE = 0x0100_0000;
/** Extended-report word: bytes of sense data, six bits. */
export const ERW_CONCURRENT_SENSE_COUNT = 0x003f_0000;

/** A format-0 extended-status word. */
export interface Esw {
  /** Word 0, the subchannel logout. */
  readonly logout: number;
  /** Word 1, the extended report: {@link ERW_CONCURRENT_SENSE} and {@link ERW_CONCURRENT_SENSE_COUNT}. */
  readonly report: number;
}

/** An interruption-response block. */
export interface Irb {
  readonly scsw: Scsw;
  readonly esw: Esw;
  /** Concurrent sense data, 32 bytes at most; empty without. */
  readonly sense: Uint8Array;
}

/** The ESW of an operation on the paths `lpum`. */
export function eswOf(lpum: number, sense: Uint8Array): Esw {
  const report =
    sense.length === 0 ? 0 : ERW_CONCURRENT_SENSE | (Math.min(sense.length, ECW_SIZE) << 16);
  return { logout: (lpum & 0xff) << 16, report };
}

/** @throws `EINVAL` fewer than {@link IRB_SIZE} bytes */
export function decodeIrb(bytes: Uint8Array): Irb {
  const view = structureView('Irb', bytes, IRB_SIZE);
  const report = view.getUint32(IRB_ESW_OFFSET + 4);
  const count = (report & ERW_CONCURRENT_SENSE_COUNT) >>> 16;
  const sensed = (report & ERW_CONCURRENT_SENSE) === 0 ? 0 : Math.min(count, ECW_SIZE);
  return {
    scsw: decodeScsw(bytes.subarray(0, SCSW_SIZE)),
    esw: { logout: view.getUint32(IRB_ESW_OFFSET), report },
    sense: bytes.slice(IRB_ECW_OFFSET, IRB_ECW_OFFSET + sensed),
  };
}

/** Opposite of {@link decodeIrb}; sense data past 32 bytes is left out. */
export function encodeIrb({ scsw, esw, sense }: Irb): Uint8Array {
  const bytes = new Uint8Array(IRB_SIZE);
  bytes.set(encodeScsw(scsw));
  const view = viewOf(bytes);
  view.setUint32(IRB_ESW_OFFSET, esw.logout);
  view.setUint32(IRB_ESW_OFFSET + 4, esw.report);
  bytes.set(sense.subarray(0, ECW_SIZE), IRB_ECW_OFFSET);
  return bytes;
}
