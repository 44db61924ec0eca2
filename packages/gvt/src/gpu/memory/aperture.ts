// Graphics memory as the CPU sees it through BAR 2: the global table, and fences that make tiled surfaces look linear.
// Kaby Lake PRM, volume 2c, FENCE_LSB and FENCE_MSB.

import type { RegisterStorage } from '../registers/register.ts';
import type { Ggtt } from './ggtt.ts';
import { PAGE_SIZE } from './paged-memory.ts';
import { TILE_RUN, Tiling, tiledOffset } from './tiling.ts';

/** The first fence; eight bytes each. */
export const FENCE_BASE = 0x10_0000;

const VALID = 1;
const TILING_Y = 2;
const ADDRESS = 0xffff_f000;
const PITCH = 0xfff;
const PITCH_UNIT = 128;

/** Reads and writes of the aperture. */
export class Aperture {
  readonly #ggtt: Ggtt;
  readonly #registers: RegisterStorage;
  readonly #fences: number;
  #start = 0;
  #end = 0;
  #pitch = 0;
  #tiling: Tiling = Tiling.linear;

  /** @param fences - how many the vGPU has */
  constructor(ggtt: Ggtt, registers: RegisterStorage, fences: number) {
    this.#ggtt = ggtt;
    this.#registers = registers;
    this.#fences = fences;
  }

  /** Fills `into` from a graphics address on; what is not there reads as 0. */
  read(address: number, into: Uint8Array): void {
    this.#ggtt.renew();
    for (let done = 0; done < into.length;) {
      const length = this.#run(address + done, into.length - done);
      this.#ggtt.read(this.#place(address + done), into.subarray(done, done + length));
      done += length;
    }
  }

  /** Opposite direction of {@link Aperture.read}; what is not there is dropped. */
  write(address: number, from: Uint8Array): void {
    this.#ggtt.renew();
    for (let done = 0; done < from.length;) {
      const length = this.#run(address + done, from.length - done);
      this.#ggtt.write(this.#place(address + done), from.subarray(done, done + length));
      done += length;
    }
  }

  /** Bytes from `address` on that {@link Aperture.#place} moves together, and which fence they are behind. */
  #run(address: number, longest: number): number {
    const inPage = Math.min(longest, PAGE_SIZE - (address % PAGE_SIZE));
    if (!this.#findFence(address)) return inPage;
    const x = (address - this.#start) % this.#pitch;
    const run = TILE_RUN[this.#tiling] ?? 1;
    return Math.min(inPage, run - (x % run));
  }

  #place(address: number): number {
    if (this.#tiling === Tiling.linear) return address;
    const linear = address - this.#start;
    const y = Math.floor(linear / this.#pitch);
    return this.#start + tiledOffset(this.#tiling, linear % this.#pitch, y, this.#pitch);
  }

  #findFence(address: number): boolean {
    for (let i = 0; i < this.#fences; i++) {
      const low = this.#registers.get(FENCE_BASE + i * 8);
      if ((low & VALID) === 0) continue;
      const high = this.#registers.get(FENCE_BASE + i * 8 + 4);
      this.#start = (low & ADDRESS) >>> 0;
      this.#end = ((high & ADDRESS) >>> 0) + PAGE_SIZE;
      if (address < this.#start || address >= this.#end) continue;
      this.#pitch = ((high & PITCH) + 1) * PITCH_UNIT;
      this.#tiling = (low & TILING_Y) === 0 ? Tiling.x : Tiling.y;
      return true;
    }
    this.#tiling = Tiling.linear;
    return false;
  }
}
