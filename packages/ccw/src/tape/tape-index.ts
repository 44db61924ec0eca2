// Places of a tape by the numbers of their blocks, one of every thousand, so that no block is far from one.

import { TAPE_START } from './block-walk.ts';
import type { TapePosition } from './block-walk.ts';

/** Blocks from one known place to the next. */
const INTERVAL = 1024;

/** Known places of a tape. */
export class TapeIndex {
  readonly #places: TapePosition[] = [TAPE_START];

  /** A place was passed on the way forward. */
  add(place: TapePosition): void {
    if (place.block === this.#places.length * INTERVAL) this.#places.push(place);
  }

  /** What was behind a place is not there any more. */
  cut({ block, offset }: TapePosition): void {
    const isGone = (place: TapePosition): boolean => place.block > block || place.offset > offset;
    while (this.#places.length > 1 && this.#places.some(isGone)) this.#places.pop();
  }

  /** The nearest known place that is not behind a block. */
  before(block: number): TapePosition {
    const at = Math.min(Math.floor(block / INTERVAL), this.#places.length - 1);
    return this.#places[at] ?? TAPE_START;
  }
}
