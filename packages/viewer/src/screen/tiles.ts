// The tiles a picture is compared and sent by.

/** Pixels; a row of text on a console is one row of tiles. */
export const TILE_WIDTH = 64;
/** Pixels. */
export const TILE_HEIGHT = 16;

/** A rectangle of a picture, pixels. */
export interface Rect {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** A set of tiles of a picture of one size. */
export class TileSet {
  readonly columns: number;
  readonly rows: number;
  /** 1 for each tile in the set, row by row. */
  readonly flags: Uint8Array;

  constructor(width: number, height: number) {
    this.columns = Math.ceil(width / TILE_WIDTH);
    this.rows = Math.ceil(height / TILE_HEIGHT);
    this.flags = new Uint8Array(this.columns * this.rows);
  }

  /** Whether no tile is in the set. */
  get isEmpty(): boolean {
    return !this.flags.includes(1);
  }

  /** Tiles in the set. */
  get count(): number {
    let count = 0;
    for (const flag of this.flags) count += flag;
    return count;
  }

  /** Adds all tiles of another set for the same size. */
  add({ flags }: TileSet): void {
    for (let i = 0; i < flags.length; i++) this.flags[i] = (this.flags[i] ?? 0) | (flags[i] ?? 0);
  }

  /** Adds every tile. */
  addAll(): void {
    this.flags.fill(1);
  }
}
