// What a client understands.

import { ENCODING } from './protocol.ts';

/** The encodings of a client that matter here. */
export interface ClientEncodings {
  readonly hasTight: boolean;
  /** Besides tight: images. */
  readonly hasTightPng: boolean;
  readonly hasCopyRect: boolean;
  /** How it learns of another size; not at all when left out. */
  readonly size: 'extended' | 'plain' | undefined;
  readonly hasFence: boolean;
  readonly hasContinuousUpdates: boolean;
  /** zlib's level, 1 to 9. */
  readonly level: number;
  /** It has asked for no compression: images are hardly smaller than their pixels. */
  readonly hasPlainImages: boolean;
  /** What has many colours goes uncompressed: the client has asked for raw first, or for no compression. */
  readonly prefersRaw: boolean;
}

/** A client that has said nothing. */
export const NO_ENCODINGS: ClientEncodings = understood([]);

/** What a list of encodings says, the one it likes best first. */
export function understood(list: readonly number[]): ClientEncodings {
  const has = (encoding: number): boolean => list.includes(encoding);
  const asked = list.find(
    (one) => one >= ENCODING.COMPRESS_LEVEL_0 && one <= ENCODING.COMPRESS_LEVEL_9,
  );
  const level = asked === undefined ? 1 : asked - ENCODING.COMPRESS_LEVEL_0;
  const first = list.find((one) => one === ENCODING.RAW || one === ENCODING.TIGHT);
  const plain = has(ENCODING.DESKTOP_SIZE) ? 'plain' : undefined;
  return {
    hasTight: has(ENCODING.TIGHT),
    hasTightPng: has(ENCODING.TIGHT_PNG),
    hasCopyRect: has(ENCODING.COPY_RECT),
    size: has(ENCODING.EXTENDED_DESKTOP_SIZE) ? 'extended' : plain,
    hasFence: has(ENCODING.FENCE),
    hasContinuousUpdates: has(ENCODING.CONTINUOUS_UPDATES) && has(ENCODING.FENCE),
    level: Math.max(1, level),
    hasPlainImages: level === 0,
    prefersRaw: level === 0 || first !== ENCODING.TIGHT,
  };
}
