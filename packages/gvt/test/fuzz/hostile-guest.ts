// A guest that does what it is told, and what must hold while it does.

import type { SoftGpu } from '../../src/gpu/soft-gpu.ts';
import { cmd, Context, Engine, Guest, MIB, PAGE, Ram, RCS, SHARE } from '../gpu/execution/guest.ts';
import { Loop } from '../gpu/execution/loop.ts';
import { BATCH_PAGES, BATCHES, DATA, DATA_PAGES, ENGINES, type Action } from './arbitraries.ts';

const RAM = 8 * MIB;
const GUARD = MIB;
const GUARD_BYTE = 0xa5;

/** Commands of a turn: 64 rounds of four engines, and what a look at the clock comes late by. */
const MOST_COMMANDS = 64 * 4 * (512 + 33);

/** A loop whose clock is another's, or one of which every look takes its time. */
class TickingLoop extends Loop {
  readonly #looks: () => void;
  readonly #now: (() => number) | undefined;

  constructor(looks: () => void, now?: () => number) {
    super();
    this.#looks = looks;
    this.#now = now;
  }

  override now(): number {
    this.#looks();
    this.time += 0.01;
    return this.#now?.() ?? this.time;
  }
}

/** Memory between guards; asked for nothing that makes no sense. */
class GuardedRam extends Ram {
  readonly #all: Uint8Array;
  readonly #looks: () => void;

  constructor(looks: () => void) {
    const all = new Uint8Array(RAM + 2 * GUARD).fill(GUARD_BYTE);
    super(RAM, all.subarray(GUARD, GUARD + RAM).fill(0));
    this.#all = all;
    this.#looks = looks;
  }

  /** Nothing was written outside. */
  get isIntact(): boolean {
    return (
      this.#all.subarray(0, GUARD).every(isGuard) && this.#all.subarray(GUARD + RAM).every(isGuard)
    );
  }

  override read(address: number, into: Uint8Array): void {
    this.#looks();
    checkRange(address, into.length);
    super.read(address, into);
  }

  override write(address: number, from: Uint8Array): void {
    this.#looks();
    checkRange(address, from.length);
    super.write(address, from);
  }

  override view(address: number, length: number): Uint8Array | undefined {
    this.#looks();
    checkRange(address, length);
    return super.view(address, length);
  }
}

function isGuard(byte: number): boolean {
  return byte === GUARD_BYTE;
}

function checkRange(address: number, length: number): void {
  if (!Number.isSafeInteger(address) || address < 0 || length <= 0) {
    throw new Error(`asked for ${length} bytes at ${address}`);
  }
}

/** A store of a guest's processor, as a GPU at work meets it. */
interface Store {
  left: number;
  readonly store: () => void;
}

/** A hostile guest of a GPU. */
export class HostileGuest {
  readonly guest: Guest;
  readonly ram: GuardedRam = new GuardedRam(() => this.#looked());
  readonly loop: TickingLoop;
  readonly #table = { bytes: new Uint8Array(8 * MIB), range: SHARE.hidden };
  /** Stores that come while the GPU works, the next one first, and looks until then. */
  #stores: Store[] = [];
  readonly #engines: readonly Engine[];
  readonly #contexts: readonly (readonly [Context, Context])[];
  readonly #batches: number;

  /** @param now - the time by which slices end; made up when left out, so that runs can be repeated */
  constructor(gpu: SoftGpu, now?: () => number) {
    this.loop = new TickingLoop(() => this.#looked(), now);
    this.guest = new Guest({ gpu, ram: this.ram, loop: this.loop, table: this.#table });
    const { guest } = this;
    this.#engines = ENGINES.map((base) => new Engine(guest, base));
    this.#contexts = ENGINES.map((_, i) => {
      const first = new Context(guest, 0x20 + i);
      return [first, new Context(guest, 0x40 + i, first.process)];
    });
    const data = guest.pages(DATA_PAGES);
    this.#batches = guest.pages(BATCH_PAGES);
    for (const [{ process }] of this.#contexts) {
      process.map(DATA, data, DATA_PAGES);
      process.map(BATCHES, this.#batches, BATCH_PAGES);
    }
  }

  /** Does one thing. @throws what a guest must not be able to make happen */
  do(action: Action): void {
    const { guest } = this;
    switch (action.kind) {
      case 'ring':
        this.#contexts[action.engine]?.[0].emit(...action.commands.slice(0, 1000));
        break;
      case 'submit': {
        const [first, second] = this.#contexts[action.engine] ?? [];
        if (first !== undefined) {
          this.#engines[action.engine]?.submit(first, action.second ? second : undefined);
        }
        break;
      }
      case 'batch':
        guest.setWords(this.#batches + action.page * PAGE, action.commands.slice(0, PAGE / 4));
        break;
      case 'register':
        guest.register(action.offset);
        guest.setRegister(action.offset, action.value);
        break;
      case 'image':
        this.#contexts[action.engine]?.[0].set(action.index, action.value);
        break;
      case 'entry': {
        const bytes = new Uint8Array(Uint32Array.of(action.low, action.high).buffer);
        guest.vgpu.writeGtt((SHARE.unmappable.base / PAGE + action.page) * 8, bytes);
        break;
      }
      case 'store': {
        const words = new Uint32Array(this.#table.bytes.buffer);
        const index = (SHARE.unmappable.base / PAGE + action.page) * 2;
        const store = (): void => words.set([action.low, action.high], index);
        this.#stores.push({ left: action.after, store });
        break;
      }
      case 'aperture': {
        const bytes = new Uint8Array(action.length);
        const offset = SHARE.aperture.base + action.offset;
        guest.vgpu.readAperture(offset, bytes);
        guest.vgpu.writeAperture(offset, bytes);
        break;
      }
      case 'poke':
        guest.setWord(action.at * 4, action.value);
        break;
      case 'turns':
        this.#turns(action.count);
    }
  }

  /** A device reset brings back a GPU that works. */
  recovers(): boolean {
    const { guest } = this;
    this.#stores = [];
    guest.vgpu.stop();
    guest.vgpu.reset(false);
    guest.vgpu.readRegister(0x7_8000, new Uint8Array(8));
    guest.vgpu.start();
    const engine = new Engine(guest, RCS);
    const context = new Context(guest, 0x20);
    context.emit(...cmd.storeGlobal(engine.page.graphics + 0x200, 0x600d));
    engine.submit(context);
    for (let i = 0; i < 3; i++) this.#turn();
    return guest.word(engine.page.physical + 0x200) === 0x600d;
  }

  /** The GPU has looked at memory or clock: time for a store. */
  #looked(): void {
    const [next] = this.#stores;
    if (next === undefined || next.left-- > 0) return;
    this.#stores.shift();
    next.store();
  }

  #turns(count: number): void {
    for (let i = 0; i < count; i++) this.#turn();
  }

  #turn(): void {
    const before = this.guest.vgpu.counters.commands;
    this.loop.time += 1;
    this.loop.turn();
    const done = this.guest.vgpu.counters.commands - before;
    if (done > MOST_COMMANDS) throw new Error(`${done} commands in a turn`);
  }
}
