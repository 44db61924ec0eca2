// The picture of a pipe, row by row, from the layers it shows. PRM volume 12 (Display), "Plane Capability and
// Interoperability". Words are little endian, and so must the host be.

import type { GraphicsMemory } from '../memory/address-space.ts';
import { applyPalette, blend, OPAQUE } from './blend.ts';
import type { Layer } from './layer.ts';
import type { Palette } from './pixel-format.ts';
import { SurfaceReader } from './surface.ts';

/** What a pipe shows. */
export interface Scene {
  /** Pixels. */
  readonly width: number;
  readonly height: number;
  /** Behind all layers, XRGB8888. */
  readonly background: number;
  /** Of indexed colours. */
  readonly palette: Palette;
  /** What becomes of each colour of layers with gamma. */
  readonly correction: Palette | undefined;
  /** The lowest first. */
  readonly layers: readonly Layer[];
}

/**
 * Takes a row of the picture.
 *
 * @param words - XRGB8888, `width` of them; the upper byte means nothing. Valid during the call
 * @param bytes - the same
 */
export type TakeRow = (words: Uint32Array, bytes: Uint8Array, y: number) => void;

/** A picture that is put together, as many rows at a time as whoever does it likes. */
export class Composition {
  readonly #scene: Scene;
  readonly #words: Uint32Array;
  readonly #bytes: Uint8Array;
  readonly #painters: readonly Painter[];
  #y = 0;

  constructor(memory: GraphicsMemory, scene: Scene) {
    this.#scene = scene;
    this.#words = new Uint32Array(scene.width);
    this.#bytes = new Uint8Array(this.#words.buffer);
    this.#painters = scene.layers.flatMap((layer) => Painter.of(layer, scene, memory) ?? []);
  }

  get isDone(): boolean {
    return this.#y === this.#scene.height;
  }

  /** Makes the next row. */
  next(take: TakeRow): void {
    if (this.isDone) return;
    this.#words.fill(this.#scene.background);
    for (const painter of this.#painters) painter.paint(this.#y, this.#words, this.#bytes);
    take(this.#words, this.#bytes, this.#y);
    this.#y++;
  }
}

/** Draws the part of a layer that is inside the picture. */
class Painter {
  readonly #layer: Layer;
  readonly #palette: Palette;
  readonly #correction: Palette | undefined;
  readonly #reader: SurfaceReader;
  /** First pixel of the picture, and how many. */
  readonly #left: number;
  readonly #count: number;
  readonly #source: Uint8Array;
  readonly #pixels: Uint32Array;

  private constructor(layer: Layer, scene: Scene, memory: GraphicsMemory) {
    const { x, width, surface, format } = layer;
    this.#layer = layer;
    this.#palette = scene.palette;
    const hasCorrection = layer.hasGamma && format.isIndexed !== true;
    this.#correction = hasCorrection ? scene.correction : undefined;
    this.#left = Math.max(0, x);
    this.#count = Math.min(x + width, scene.width) - this.#left;
    const before = this.#left - x;
    const column = layer.isUpsideDown ? width - before - this.#count : before;
    this.#reader = new SurfaceReader(memory, surface, format.bytes, column, this.#count);
    this.#source = new Uint8Array(this.#count * format.bytes);
    this.#pixels = new Uint32Array(this.#count);
  }

  /** @returns `undefined` where nothing of the layer is inside */
  static of(layer: Layer, scene: Scene, memory: GraphicsMemory): Painter | undefined {
    const isBeside = layer.x >= scene.width || layer.x + layer.width <= 0;
    return isBeside ? undefined : new Painter(layer, scene, memory);
  }

  paint(y: number, words: Uint32Array, bytes: Uint8Array): void {
    const { format, height, isUpsideDown, opacity } = this.#layer;
    const row = y - this.#layer.y;
    if (row < 0 || row >= height) return;
    const left = this.#left;
    const isOpaque = format.alpha === undefined && opacity === OPAQUE;
    if (isOpaque && format.isNative === true && !isUpsideDown && this.#correction === undefined) {
      this.#reader.read(row, bytes.subarray(left * 4, (left + this.#count) * 4));
      return;
    }
    this.#convert(isUpsideDown ? height - 1 - row : row);
    if (isOpaque) words.set(this.#pixels, left);
    else blend(this.#pixels, words.subarray(left), format.alpha, opacity);
  }

  #convert(row: number): void {
    const { format, isUpsideDown } = this.#layer;
    this.#reader.read(row, this.#source);
    format.convert(this.#source, this.#count, this.#pixels, this.#palette);
    if (isUpsideDown) this.#pixels.reverse();
    if (this.#correction !== undefined) applyPalette(this.#pixels, this.#correction);
  }
}
