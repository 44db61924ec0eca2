// A pipe with its transcoder: planes, cursor, frames. PRM volume 12 (Display), "TRANS_CONF", "PIPE_SCANLINE",
// "PIPE_FRMCNT".

import type { Clock } from '@vfio-ts/core';
import type { Screen } from '../gpu.ts';
import {
  GEN8_PIPE_CDCLK_CRC_DONE,
  GEN8_PIPE_VBLANK,
  GEN9_PIPE_PLANE1_FLIP_DONE,
  pipeInterrupt,
} from '../interrupts/groups.ts';
import type { InterruptRouter } from '../interrupts/router.ts';
import type { PagedMemory } from '../memory/paged-memory.ts';
import type { Register, RegisterFamily, RegisterStorage } from '../registers/register.ts';
import { displayTime } from '../registers/timestamps.ts';
import { Composition, type Scene, type TakeRow } from './compositor.ts';
import { crcRegisters, FrameSum, isCrcEnabled, storeCrc } from './crc.ts';
import { Cursor } from './cursor.ts';
import { FrameClock } from './frame-clock.ts';
import { Gamma } from './gamma.ts';
import type { Layer } from './layer.ts';
import { Plane, PLANES } from './plane.ts';
import { readTiming } from './timing.ts';

const PIPESRC = 0x6_001c;
const PIPEDSL = 0x7_0000;
const TRANSCONF = 0x7_0008;
const SKL_BOTTOM_COLOR = 0x7_0034;
const PIPE_FRMCOUNT = 0x7_0040;
const PIPE_FLIPCOUNT = 0x7_0044;
const PIPE_FRMTMSTMP = 0x7_0048;
const PIPE_FLIPTMSTMP = 0x7_004c;

const TRANSCONF_ENABLE = 0x8000_0000;
const TRANSCONF_STATE_ENABLE = 0x4000_0000;

/** What a pipe is made of. */
export interface PipeParts {
  /** 0 is A. */
  readonly index: number;
  readonly registers: RegisterStorage;
  readonly interrupts: InterruptRouter;
  readonly memory: PagedMemory;
  readonly clock: Clock;
}

/** A pipe. */
export class Pipe {
  readonly family: RegisterFamily;
  readonly #parts: PipeParts;
  readonly #at: number;
  readonly #planes: readonly Plane[];
  readonly #cursor: Cursor;
  readonly #gamma: Gamma;
  readonly #frames: FrameClock;
  #isRunning = false;
  #isStarted = false;
  /** Of the frame that ends. */
  #sum: FrameSum | undefined;

  constructor(parts: PipeParts) {
    const { index, registers, interrupts, clock } = parts;
    const { group } = pipeInterrupt(index, GEN8_PIPE_VBLANK);
    const isUnanswered = (): boolean => interrupts.isUnanswered(group);
    // A guest that has not heard of the blank counts what it writes to the frame before.
    const isBlank = (): boolean => !this.#isRunning || isUnanswered();
    this.#parts = parts;
    this.#at = index * 0x1000;
    this.#planes = Array.from(
      { length: PLANES },
      (_, i) => new Plane(index, i, registers, { isBlank, flipped: () => this.#flipped(i) }),
    );
    this.#cursor = new Cursor(index, registers, isBlank);
    this.#gamma = new Gamma(index, registers);
    this.#frames = new FrameClock(clock, {
      isUnanswered,
      finish: () => this.#finish(),
      frame: () => this.#frame(),
    });
    this.family = {
      name: `pipe ${'ABC'[index]}`,
      registers: [
        ...this.#registers(),
        ...crcRegisters(index),
        ...this.#planes.flatMap((plane) => plane.registers),
        ...this.#cursor.registers,
        ...this.#gamma.registers,
      ],
    };
  }

  /** What is shown; `undefined` while pipe or planes are off. */
  screen(): Screen | undefined {
    const isShown = this.#isOn && this.#planes.some(({ isOn }) => isOn);
    return isShown ? this.#size() : undefined;
  }

  /** Draws what is shown. */
  compose(take: TakeRow): void {
    const composition = this.#compose();
    while (!composition.isDone) composition.next(take);
  }

  /** Frames come from now on, while the pipe is on. */
  start(): void {
    this.#isStarted = true;
    this.#follow();
  }

  /** Opposite of {@link Pipe.start}. */
  stop(): void {
    this.#isStarted = false;
    this.#follow();
  }

  /** Follows a reset of the registers. */
  reset(): void {
    this.#follow();
    this.#frames.reset();
    for (const plane of this.#planes) plane.reset();
    this.#cursor.reset();
    this.#gamma.reset();
  }

  get #isOn(): boolean {
    return this.#parts.registers.get(TRANSCONF + this.#at) >= TRANSCONF_ENABLE;
  }

  /** Frames come while guest and pipe are on. */
  #follow(): void {
    const isRunning = this.#isStarted && this.#isOn;
    if (isRunning === this.#isRunning) return;
    this.#isRunning = isRunning;
    if (isRunning) this.#frames.start(readTiming(this.#parts.registers, this.#parts.index));
    else this.#standStill();
  }

  /** What waits for a frame has none to wait for any more. */
  #standStill(): void {
    this.#frames.stop();
    this.#sum = undefined;
    this.#latch();
  }

  #latch(): void {
    for (const plane of this.#planes) plane.frame();
    this.#cursor.frame();
  }

  /** The sum is of what has been sent, so it comes before what is latched. */
  #finish(): boolean {
    const { index, registers, memory, clock } = this.#parts;
    if (!isCrcEnabled(registers, index)) {
      this.#sum = undefined;
      return true;
    }
    memory.renew();
    this.#sum ??= new FrameSum(this.#compose());
    return this.#sum.run(clock);
  }

  #compose(): Composition {
    const { memory } = this.#parts;
    memory.renew();
    return new Composition(memory, this.#scene());
  }

  #frame(): void {
    const { index, registers, interrupts, clock } = this.#parts;
    registers.set(PIPE_FRMTMSTMP + this.#at, displayTime(clock));
    this.#latch();
    if (this.#sum !== undefined) {
      storeCrc(registers, index, this.#sum.value);
      this.#sum = undefined;
      interrupts.raise(pipeInterrupt(index, GEN8_PIPE_CDCLK_CRC_DONE));
    }
    interrupts.raise(pipeInterrupt(index, GEN8_PIPE_VBLANK));
  }

  #flipped(plane: number): void {
    const { index, registers, interrupts, clock } = this.#parts;
    const count = PIPE_FLIPCOUNT + this.#at;
    if (plane === 0) registers.set(count, registers.get(count) + 1);
    registers.set(PIPE_FLIPTMSTMP + this.#at, displayTime(clock));
    if (!this.#isRunning) return;
    interrupts.raise(pipeInterrupt(index, GEN9_PIPE_PLANE1_FLIP_DONE + plane));
  }

  #layers(): Layer[] {
    return this.#planes.flatMap((plane) => plane.layer() ?? []);
  }

  #size(): Screen {
    const source = this.#parts.registers.get(PIPESRC + this.#at);
    return { width: ((source >>> 16) & 0xfff) + 1, height: (source & 0xfff) + 1 };
  }

  #scene(): Scene {
    const { registers } = this.#parts;
    const layers = this.#layers();
    const cursor = this.#cursor.layer();
    if (cursor !== undefined) layers.push(cursor);
    return {
      ...this.#size(),
      background: eightBits(registers.get(SKL_BOTTOM_COLOR + this.#at)),
      palette: this.#gamma.palette,
      correction: this.#gamma.correction,
      layers,
    };
  }

  #registers(): Register[] {
    const at = this.#at;
    const suffix = 'ABC'[this.#parts.index] ?? '';
    return [
      { offset: PIPEDSL + at, name: `PIPEDSL_${suffix}`, read: () => this.#frames.scanLine },
      {
        offset: TRANSCONF + at,
        name: `TRANSCONF_${suffix}`,
        readOnly: TRANSCONF_STATE_ENABLE,
        read: (stored) => (stored >= TRANSCONF_ENABLE ? stored | TRANSCONF_STATE_ENABLE : stored),
        written: () => this.#follow(),
      },
      {
        offset: PIPE_FRMCOUNT + at,
        name: `PIPE_FRMCOUNT_${suffix}`,
        read: () => this.#frames.count,
      },
      { offset: PIPE_FLIPCOUNT + at, name: `PIPE_FLIPCOUNT_${suffix}`, kind: 'read-only' },
      { offset: PIPE_FRMTMSTMP + at, name: `PIPE_FRMTMSTMP_${suffix}`, kind: 'read-only' },
      { offset: PIPE_FLIPTMSTMP + at, name: `PIPE_FLIPTMSTMP_${suffix}`, kind: 'read-only' },
    ];
  }
}

/** XRGB8888 of XRGB2101010. */
function eightBits(deep: number): number {
  const r = (deep >>> 22) & 0xff;
  const g = (deep >>> 12) & 0xff;
  const b = (deep >>> 2) & 0xff;
  return (r << 16) | (g << 8) | b;
}
