// What the chunks of a display's migration stream hold, little endian.

import { VfioError, type PciConfigSpace, type StreamIdentity } from '@vfio-ts/core';
import type { MdpyType } from './types.ts';

/** Offset in the frame buffer, 32 bits, and pages from there on; later ones count. */
export const PAGES_CHUNK = 1;
/** Configuration space, whole; once, the last. */
export const CONFIG_CHUNK = 2;
/** Bytes of the offset. */
export const OFFSET_SIZE = 4;

/** What of a display migrates. */
export interface MdpyState {
  readonly type: MdpyType;
  readonly config: PciConfigSpace;
  /** Looked up at each use: another array may be there the next time. */
  readonly framebuffer: Uint8Array;
}

/** Raised when the chunks change. */
const VERSION = 1;

/** What a stream of such a display says it is. */
export function mdpyStream({ sysfsName, width, height }: MdpyType): StreamIdentity {
  return { type: `mdpy-${sysfsName} ${width}x${height}`, version: VERSION };
}

/** The offset of a chunk of pages. */
export function encodeOffset(offset: number): Uint8Array {
  const bytes = new Uint8Array(OFFSET_SIZE);
  new DataView(bytes.buffer).setUint32(0, offset, true);
  return bytes;
}

/** @throws `EINVAL` there is none */
export function decodeOffset(payload: Uint8Array): number {
  if (payload.length < OFFSET_SIZE) throw new VfioError('EINVAL', 'resume', 'pages without offset');
  return new DataView(payload.buffer, payload.byteOffset).getUint32(0, true);
}
