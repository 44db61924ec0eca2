// Where an engine reads its commands: a ring, and the batches it calls. Kaby Lake PRM, volume 7 "Command Stream
// Programming", and MI_BATCH_BUFFER_START.
//
// The commands are read where they are in the guest's memory, a page at a time and never copied.

import { PAGE_SIZE, type PagedMemory } from '../memory/paged-memory.ts';

/** A ring, a batch, a batch of a batch, and one of a context's own batches below. */
const DEEPEST = 4;

interface Frame {
  at: number;
  end: number;
  memory: PagedMemory;
}

/** The place of the current command, and the places to return to. */
export class CommandStream {
  /** How many returns lead to the ring. */
  depth = 0;
  readonly #global: PagedMemory;
  #memory: PagedMemory;
  readonly #frames: Frame[];
  #at = 0;
  /** Where a batch of given length ends. */
  #end = Number.POSITIVE_INFINITY;
  #ringStart = 0;
  #ringSize = PAGE_SIZE;
  #ringTail = 0;
  #words: Int32Array | undefined;
  /** Of the current command in the words, and of the end of its page. */
  #index = 0;
  #limit = 0;
  #isThere = true;

  /** @param global - memory of rings */
  constructor(global: PagedMemory) {
    this.#global = global;
    this.#memory = global;
    this.#frames = Array.from({ length: DEEPEST }, () => ({ at: 0, end: 0, memory: global }));
  }

  /** Graphics address of the current command. */
  get at(): number {
    return this.#at;
  }

  /** Commands of the ring and of batches in global memory may do more. */
  get isPrivileged(): boolean {
    return this.#memory === this.#global;
  }

  /** Something is there to be executed. */
  get isThere(): boolean {
    return this.#isThere;
  }

  /** The ring, and nothing left in it. */
  get isDone(): boolean {
    return this.depth === 0 && this.#at === this.#ringStart + this.#ringTail;
  }

  /** The current batch has come to the end it was given. */
  get isAtEnd(): boolean {
    return this.#at >= this.#end;
  }

  /** Where the ring goes on, bytes from its start. */
  get head(): number {
    return (this.depth === 0 ? this.#at : (this.#frames[0]?.at ?? 0)) - this.#ringStart;
  }

  get tail(): number {
    return this.#ringTail;
  }

  /** Begins with a ring. All in bytes; head and tail are brought inside the ring. */
  start(ring: number, size: number, head: number, tail: number): void {
    this.depth = 0;
    this.#memory = this.#global;
    this.#ringStart = ring;
    this.#ringSize = size;
    this.#end = Number.POSITIVE_INFINITY;
    this.setTail(tail);
    this.#go(ring + aligned(head, size));
  }

  /** The ring has grown. */
  setTail(tail: number): void {
    this.#ringTail = aligned(tail, this.#ringSize);
  }

  /** Reads anew where it is: the loop may have run since. */
  renew(): void {
    this.#look();
  }

  /** A dword of the current command, signed. @param index - 0 is its header */
  word(index: number): number {
    const at = this.#index + index;
    const words = this.#words;
    if (words !== undefined && at < this.#limit) return words[at] ?? 0;
    return this.#far(index);
  }

  /** A dword of the current command, unsigned. */
  unsigned(index: number): number {
    return this.word(index) >>> 0;
  }

  /** To the command that is `words` dwords on. */
  advance(words: number): void {
    const at = this.#index + words;
    this.#at += words * 4;
    if (this.depth === 0 && this.#at >= this.#ringStart + this.#ringSize) {
      this.#go(this.#ringStart + ((this.#at - this.#ringStart) % this.#ringSize));
    } else if (at < this.#limit) {
      this.#index = at;
    } else {
      this.#look();
    }
  }

  /** Passes dwords of 0 up to the end of the page, the ring's tail or the batch. */
  skipZeros(): void {
    const words = this.#words;
    if (words === undefined) {
      this.advance(1);
      return;
    }
    let end = this.#limit;
    if (this.depth === 0 && this.#at < this.#ringStart + this.#ringTail) {
      end = Math.min(end, this.#index + (this.#ringStart + this.#ringTail - this.#at) / 4);
    } else if (this.depth === 0) {
      end = Math.min(end, this.#index + (this.#ringStart + this.#ringSize - this.#at) / 4);
    } else if (this.#end !== Number.POSITIVE_INFINITY) {
      end = Math.min(end, this.#index + (this.#end - this.#at) / 4);
    }
    let index = this.#index;
    while (index < end && words[index] === 0) index++;
    this.advance(index - this.#index);
  }

  /**
   * Goes on elsewhere and comes back behind the current command; where no deeper call is possible it never comes back.
   *
   * @param length - dwords of the current command
   * @param bytes - how long the batch is; without end by itself when left out
   */
  call(memory: PagedMemory, address: number, length: number, bytes?: number): void {
    const frame = this.#frames[this.depth];
    if (frame !== undefined && this.depth < DEEPEST - 1) {
      frame.at = this.#behind(length);
      frame.end = this.#end;
      frame.memory = this.#memory;
      this.depth++;
    }
    this.#end = bytes === undefined ? Number.POSITIVE_INFINITY : address + bytes;
    this.#memory = memory;
    this.#go(address);
  }

  /** Goes on elsewhere, in the same batch as it were. */
  jump(memory: PagedMemory, address: number): void {
    this.#end = Number.POSITIVE_INFINITY;
    this.#memory = memory;
    this.#go(address);
  }

  /** Opposite of {@link CommandStream.call}. @returns whether there was something to return to */
  return(): boolean {
    if (this.depth === 0) return false;
    const frame = this.#frames[--this.depth];
    if (frame === undefined) return false;
    this.#end = frame.end;
    this.#memory = frame.memory;
    this.#go(frame.at);
    return true;
  }

  #behind(length: number): number {
    const at = this.#at + length * 4;
    if (this.depth > 0) return at;
    return this.#ringStart + ((at - this.#ringStart) % this.#ringSize);
  }

  #go(address: number): void {
    this.#at = address;
    this.#look();
  }

  #look(): void {
    const memory = this.#memory;
    const length = memory.find(this.#at, PAGE_SIZE - (this.#at & (PAGE_SIZE - 1)), false);
    this.#isThere = length > 0 || memory.allows(this.#at, false);
    this.#words = length > 0 ? memory.foundWords : undefined;
    this.#index = memory.foundAt >>> 2;
    this.#limit = this.#words === undefined ? 0 : this.#index + (length >>> 2);
    if (this.#words === undefined) this.#index = 0;
  }

  #far(index: number): number {
    return this.#memory.read32(this.#behindWord(index)) | 0;
  }

  #behindWord(index: number): number {
    const at = this.#at + index * 4;
    if (this.depth > 0 || at < this.#ringStart + this.#ringSize) return at;
    return this.#ringStart + ((at - this.#ringStart) % this.#ringSize);
  }
}

function aligned(offset: number, size: number): number {
  return (offset - (offset % 8)) % size;
}
