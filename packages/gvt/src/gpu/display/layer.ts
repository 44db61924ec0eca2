// One thing that a pipe shows: a plane or the cursor, as its registers say.

import type { PixelFormat } from './pixel-format.ts';
import type { Surface } from './surface.ts';

/** A rectangle of the picture, and where its pixels are. */
export interface Layer {
  /** Pixels from the left of the picture; negative for a cursor that is partly outside. */
  readonly x: number;
  readonly y: number;
  /** Pixels. */
  readonly width: number;
  readonly height: number;
  /** Turned by 180 degrees. */
  readonly isUpsideDown: boolean;
  /** Goes through the pipe's palette. */
  readonly hasGamma: boolean;
  /** Of all of it, 0 to 255. */
  readonly opacity: number;
  readonly format: PixelFormat;
  readonly surface: Surface;
}
