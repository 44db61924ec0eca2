// A guest made by hand: memory, tables, contexts and rings as i915 lays them out, over a vGPU of the software GPU.

import { ManualClock } from '@vfio-ts/conformance/fakes';
import { VfioError, type Clock } from '@vfio-ts/core';
import type {
  FailsafeReason,
  GpuShare,
  GuestMemory,
  SharedTable,
  VirtualGpu,
} from '../../../src/gpu/gpu.ts';
import { SoftGpu } from '../../../src/gpu/soft-gpu.ts';

export const MIB = 1024 * 1024;
export const PAGE = 4096;

export const SHARE: GpuShare = {
  id: 1,
  aperture: { base: 128 * MIB, size: 64 * MIB },
  hidden: { base: 640 * MIB, size: 384 * MIB },
  mappable: { base: 128 * MIB, size: 2 * MIB },
  unmappable: { base: 640 * MIB, size: 384 * MIB },
  fences: 4,
  weight: 4,
};

/** Bases of the engines' registers. */
export const RCS = 0x2000;
export const BCS = 0x2_2000;
export const VCS = 0x1_2000;
export const VECS = 0x1_a000;

/** Memory in one piece from address 0 on; anything else is not the guest's. */
export class Ram implements GuestMemory {
  readonly bytes: Uint8Array;
  readonly words: Uint32Array;
  /** Pages that can only be reached by `read` and `write`. */
  isUnmapped = false;

  constructor(size: number, bytes: Uint8Array = new Uint8Array(size)) {
    this.bytes = bytes;
    this.words = new Uint32Array(bytes.buffer, bytes.byteOffset, size / 4);
  }

  read(address: number, into: Uint8Array): void {
    this.#check(address, into.length);
    into.set(this.bytes.subarray(address, address + into.length));
  }

  write(address: number, from: Uint8Array): void {
    this.#check(address, from.length);
    this.bytes.set(from, address);
  }

  view(address: number, length: number): Uint8Array | undefined {
    if (this.isUnmapped || address + length > this.bytes.length) return undefined;
    return this.bytes.subarray(address, address + length);
  }

  #check(address: number, length: number): void {
    if (address + length > this.bytes.length) {
      throw new VfioError('EFAULT', 'Ram', `0x${address.toString(16)} is no memory`);
    }
  }
}

export interface GuestOptions {
  readonly clock?: ManualClock;
  /** In place of the clock. */
  readonly loop?: Clock;
  readonly gpu?: SoftGpu;
  readonly share?: GpuShare;
  readonly ram?: Ram;
  readonly table?: SharedTable;
}

/** The guest's side of one vGPU. */
export class Guest {
  readonly ram: Ram;
  readonly clock: ManualClock;
  readonly vgpu: VirtualGpu;
  readonly failsafes: FailsafeReason[] = [];
  readonly logs: string[] = [];
  interrupts = 0;
  #freePage = 16 * PAGE;
  #freeGraphics: number;

  constructor(options: GuestOptions = {}) {
    const { clock = new ManualClock(), gpu = new SoftGpu({ pipes: 0 }), share = SHARE } = options;
    this.clock = clock;
    this.ram = options.ram ?? new Ram(8 * MIB);
    this.#freeGraphics = share.unmappable.base;
    const monitor = { edid: new Uint8Array(128), isConnected: false };
    this.vgpu = gpu.createVgpu(share, monitor, {
      memory: this.ram,
      ...(options.table && { table: options.table }),
      clock: options.loop ?? clock,
      log: (_level, message) => void this.logs.push(message()),
      interrupt: () => void this.interrupts++,
      displayReady: () => undefined,
      failsafe: (reason) => void this.failsafes.push(reason),
    });
    this.vgpu.readRegister(0x7_8000, new Uint8Array(8));
    this.vgpu.start();
  }

  register(offset: number): number {
    const bytes = new Uint8Array(4);
    this.vgpu.readRegister(offset, bytes);
    return new DataView(bytes.buffer).getUint32(0, true);
  }

  setRegister(offset: number, value: number): void {
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setUint32(0, value, true);
    this.vgpu.writeRegister(offset, bytes);
  }

  /** Guest physical address of new pages, all 0. */
  pages(count = 1): number {
    const address = this.#freePage;
    this.#freePage += count * PAGE;
    this.ram.bytes.fill(0, address, this.#freePage);
    return address;
  }

  /** Writes an entry of the global table. */
  mapGlobal(graphics: number, physical: number): void {
    const entry = new Uint8Array(8);
    new DataView(entry.buffer).setBigUint64(0, BigInt(physical) | 1n, true);
    this.vgpu.writeGtt((graphics / PAGE) * 8, entry);
  }

  /** New pages with graphics addresses. */
  global(count = 1): { readonly graphics: number; readonly physical: number } {
    const physical = this.pages(count);
    const graphics = this.#freeGraphics;
    this.#freeGraphics += count * PAGE;
    for (let i = 0; i < count; i++) this.mapGlobal(graphics + i * PAGE, physical + i * PAGE);
    return { graphics, physical };
  }

  word(physical: number): number {
    return this.ram.words[physical / 4] ?? 0;
  }

  setWord(physical: number, value: number): void {
    this.ram.words[physical / 4] = value;
  }

  setWords(physical: number, values: readonly number[]): void {
    values.forEach((value, index) => this.setWord(physical + index * 4, value));
  }

  /** Lets milliseconds pass. */
  run(ms = 5): void {
    this.clock.advance(ms);
  }
}

/** The graphics addresses of one process. */
export class Process {
  readonly root: number;
  readonly #guest: Guest;

  constructor(guest: Guest) {
    this.#guest = guest;
    this.root = guest.pages();
  }

  /** Maps pages of 4 KiB. @param flags - of the last entry */
  map(address: number, physical: number, count = 1, flags = 3): void {
    for (let i = 0; i < count; i++) {
      const at = address + i * PAGE;
      const table = this.directory(at, 3);
      this.#set(table, Math.floor(at / PAGE) % 512, physical + i * PAGE, flags);
    }
  }

  /** Sets the entry of a level: 1 for pages of 1 GiB, 2 for 2 MiB. */
  mapLarge(address: number, level: 1 | 2, physical: number, flags: number): void {
    this.#set(this.directory(address, level), entryOf(address, level), physical, flags);
  }

  /** Table of a level in which an address is; made where there is none. Level 0 is the root. */
  directory(address: number, level: number): number {
    let table = this.root;
    for (let i = 0; i < level; i++) {
      const at = table + entryOf(address, i) * 8;
      if ((this.#guest.word(at) & 1) === 0) {
        this.#set(table, entryOf(address, i), this.#guest.pages(), 3);
      }
      table = this.#guest.word(at) & ~0xfff;
    }
    return table;
  }

  /** New pages at an address. */
  pages(address: number, count = 1): number {
    const physical = this.#guest.pages(count);
    this.map(address, physical, count);
    return physical;
  }

  #set(table: number, entry: number, physical: number, flags: number): void {
    this.#guest.setWord(table + entry * 8, (physical % 2 ** 32) | flags);
    this.#guest.setWord(table + entry * 8 + 4, Math.floor(physical / 2 ** 32));
  }
}

function entryOf(address: number, level: number): number {
  return Math.floor(address / 2 ** (39 - 9 * level)) % 512;
}

const RING_PAGES = 4;

/** A logical ring context and its ring. */
export class Context {
  readonly id: number;
  readonly image: { readonly graphics: number; readonly physical: number };
  readonly ring: { readonly graphics: number; readonly physical: number };
  readonly process: Process;
  tail = 0;
  readonly #guest: Guest;

  constructor(guest: Guest, id: number, process: Process = new Process(guest)) {
    this.#guest = guest;
    this.id = id;
    this.process = process;
    this.image = guest.global(2);
    this.ring = guest.global(RING_PAGES);
    this.set(0x01, 0x1100_1000 | 27);
    this.set(0x09, this.ring.graphics);
    this.set(0x0b, ((RING_PAGES - 1) << 12) | 1);
    this.set(0x33, process.root);
  }

  get descriptor(): number {
    return (this.image.graphics | (3 << 3) | (1 << 8) | 1) >>> 0;
  }

  get(index: number): number {
    return this.#guest.word(this.image.physical + PAGE + index * 4);
  }

  set(index: number, value: number): void {
    this.#guest.setWord(this.image.physical + PAGE + index * 4, value);
  }

  /** Adds commands to the ring and moves the tail in the image. */
  emit(...words: readonly number[]): void {
    const padded = words.length % 2 === 0 ? words : [...words, 0];
    for (const word of padded) {
      this.#guest.setWord(this.ring.physical + this.tail, word);
      this.tail = (this.tail + 4) % (RING_PAGES * PAGE);
    }
    this.set(0x07, this.tail);
  }
}

/** An engine as a driver uses it. */
export class Engine {
  readonly page: { readonly graphics: number; readonly physical: number };
  readonly #guest: Guest;
  readonly #base: number;

  constructor(guest: Guest, base: number) {
    this.#guest = guest;
    this.#base = base;
    this.page = guest.global();
    guest.setRegister(base + 0x29c, 0x8000_8000);
    guest.setRegister(base + 0x80, this.page.graphics);
    guest.setRegister(base + 0x3a0, 0xffff_0505);
    guest.setWord(this.page.physical + 0x7c, 5);
  }

  submit(first: Context, second?: Context): void {
    const guest = this.#guest;
    guest.setRegister(this.#base + 0x230, second?.id ?? 0);
    guest.setRegister(this.#base + 0x230, second?.descriptor ?? 0);
    guest.setRegister(this.#base + 0x230, first.id);
    guest.setRegister(this.#base + 0x230, first.descriptor);
  }

  /** Events of the status page, the last `count` of them. */
  events(count: number): readonly (readonly [status: number, id: number])[] {
    const last = this.#guest.word(this.page.physical + 0x7c);
    return Array.from({ length: count }, (_, i) => {
      const at = this.page.physical + 0x40 + ((last + 6 - (count - 1) + i) % 6) * 8;
      return [this.#guest.word(at), this.#guest.word(at + 4)] as const;
    });
  }
}

/** Commands, header first. */
export const cmd = {
  noop: 0,
  userInterrupt: 0x0100_0000,
  batchEnd: 0x0500_0000,
  arbCheck: 0x0280_0000,
  storeGlobal: (address: number, value: number) => [0x1040_0002, address, 0, value],
  store: (address: number, value: number) => [
    0x1000_0002,
    address % 2 ** 32,
    Math.floor(address / 2 ** 32),
    value,
  ],
  copyGlobal: (to: number, from: number) => [0x1760_0003, to, 0, from, 0],
  batch: (address: number) => [0x1880_0101, address % 2 ** 32, Math.floor(address / 2 ** 32)],
  batchGlobal: (address: number) => [0x1880_0001, address, 0],
  loadImm: (...pairs: readonly number[]) => [0x1100_0000 | (pairs.length - 1), ...pairs],
  /** What i915 ends a request with. */
  breadcrumb: (base: number, page: number, seqno: number) =>
    base === RCS
      ? [0x7a00_0004, (1 << 24) | (1 << 20) | (1 << 14), page + 0x100, 0, seqno, 0, 0x0100_0000]
      : [0x1300_4002, (page + 0x100) | 4, 0, seqno, 0x0100_0000],
} as const;
