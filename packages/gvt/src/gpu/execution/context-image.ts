// The image of a logical ring context. Kaby Lake PRM, volume 7, "Logical Ring Context Format".
//
// Page 0 is the context's own status page, page 1 its registers: pairs of register and value behind the headers of loads
// of registers, of which only values are ever changed here.

import type { Ggtt } from '../memory/ggtt.ts';
import { PAGE_SIZE } from '../memory/paged-memory.ts';
import type { Ppgtt } from '../memory/ppgtt.ts';

const CONTEXT_CONTROL = 0x03;
const RING_HEAD = 0x05;
const RING_TAIL = 0x07;
const RING_START = 0x09;
const RING_CTL = 0x0b;
const PER_CONTEXT_BATCH = 0x19;
const INDIRECT_CONTEXT = 0x1b;
const RUNTIME = 0x23;
/** PDP3 first, each as upper and lower half. */
const DIRECTORIES = 0x25;
const PML4_UPPER = 0x31;
const PML4_LOWER = 0x33;

const PAGE = 0xffff_f000;
const RING_OFFSET = 0x1f_fff8;
const RING_PAGES_SHIFT = 12;
const RING_PAGES_MASK = 0x1ff;
const RING_ENABLED = 1;
const BATCH_VALID = 1;
const CACHE_LINE = 64;
const CACHE_LINES = 0x3f;
const INDIRECT_ADDRESS = 0xffff_ffc0;
/** The engine's registers stay as they are. */
const RESTORE_INHIBIT = 1;
const ADDRESSING_SHIFT = 3;
const FOUR_LEVELS = 3;

/** One context at a time, read from and written to its image. */
export class ContextImage {
  /** Graphics address of page 0. */
  page = 0;
  ringStart = 0;
  /** Bytes; 0 when the ring is disabled. */
  ringSize: number = PAGE_SIZE;
  control = 0;
  head = 0;
  tail = 0;
  /** The image has no values of the engine's registers yet. */
  isFirst = false;
  /** How long the context has run, in counts of the command streamers; 32 bits. */
  runtime = 0;
  /** Graphics addresses of batches of the context's own; 0 for none. */
  contextBatch = 0;
  indirectBatch = 0;
  /** Bytes; 0 for none. */
  indirectSize = 0;
  readonly #ggtt: Ggtt;
  readonly #directories = new Float64Array(4);
  #isFourLevels = false;

  constructor(ggtt: Ggtt) {
    this.#ggtt = ggtt;
  }

  /**
   * Reads an image.
   *
   * @param descriptor - low half of a context descriptor
   * @returns whether it could be read
   */
  load(descriptor: number): boolean {
    this.page = (descriptor & PAGE) >>> 0;
    if (!this.#ggtt.allows(this.page + PAGE_SIZE, true)) return false;
    this.isFirst = (this.#value(CONTEXT_CONTROL) & RESTORE_INHIBIT) !== 0;
    this.control = this.#value(RING_CTL);
    const pages = ((this.control >>> RING_PAGES_SHIFT) & RING_PAGES_MASK) + 1;
    this.ringSize = pages * PAGE_SIZE;
    this.ringStart = (this.#value(RING_START) & PAGE) >>> 0;
    this.tail = this.#value(RING_TAIL) & RING_OFFSET;
    const head = this.#value(RING_HEAD) & RING_OFFSET;
    this.head = (this.control & RING_ENABLED) === 0 ? this.tail : head;
    this.runtime = this.#value(RUNTIME);
    const batch = this.#value(PER_CONTEXT_BATCH);
    this.contextBatch = (batch & BATCH_VALID) === 0 ? 0 : (batch & PAGE) >>> 0;
    const indirect = this.#value(INDIRECT_CONTEXT);
    this.indirectSize = (indirect & CACHE_LINES) * CACHE_LINE;
    this.indirectBatch = (indirect & INDIRECT_ADDRESS) >>> 0;
    this.#loadTables(descriptor);
    return true;
  }

  /** The tail as it is now: the guest moves it while the context runs. */
  readTail(): number {
    this.tail = this.#value(RING_TAIL) & RING_OFFSET;
    return this.tail;
  }

  /** Keeps where the ring goes on, and how long it has run. @param time - since it was loaded */
  save(head: number, time: number): void {
    this.#set(RING_HEAD, head);
    this.#set(RUNTIME, (this.runtime + time) % 0x1_0000_0000);
  }

  /** Makes a space of the context's process. */
  selectTables(ppgtt: Ppgtt): void {
    if (this.#isFourLevels) ppgtt.use4Levels(this.#directories[0] ?? 0);
    else ppgtt.use3Levels(this.#directories);
  }

  #loadTables(descriptor: number): void {
    this.#isFourLevels = ((descriptor >>> ADDRESSING_SHIFT) & 3) === FOUR_LEVELS;
    if (this.#isFourLevels) {
      this.#directories[0] = this.#address(PML4_UPPER, PML4_LOWER);
      return;
    }
    for (let i = 0; i < 4; i++) {
      const at = DIRECTORIES + (3 - i) * 4;
      this.#directories[i] = this.#address(at, at + 2);
    }
  }

  #address(upper: number, lower: number): number {
    return (this.#value(upper) & 0x7f) * 0x1_0000_0000 + ((this.#value(lower) & PAGE) >>> 0);
  }

  #value(index: number): number {
    return this.#ggtt.read32(this.page + PAGE_SIZE + index * 4);
  }

  #set(index: number, value: number): void {
    this.#ggtt.write32(this.page + PAGE_SIZE + index * 4, value);
  }
}
