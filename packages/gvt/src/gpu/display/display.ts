// The display engine of one vGPU: pipes, clocks, ports, and the monitor at port B.

import type { Clock } from '@vfio-ts/core';
import type { Monitor, Screen } from '../gpu.ts';
import type { InterruptRouter } from '../interrupts/router.ts';
import type { PagedMemory } from '../memory/paged-memory.ts';
import type { RegisterFamily, RegisterStorage } from '../registers/register.ts';
import { Sideband } from '../registers/sideband.ts';
import { ddi } from './ddi.ts';
import { DPLL } from './dpll.ts';
import { Gmbus } from './gmbus.ts';
import { GPIO } from './gpio.ts';
import { HOT_PLUG, tellHotPlug } from './hot-plug.ts';
import { DISPLAY_MISC } from './misc.ts';
import { Pipe } from './pipe.ts';
import { POWER } from './power.ts';

/** What the display is made of. */
export interface DisplayParts {
  readonly registers: RegisterStorage;
  readonly interrupts: InterruptRouter;
  /** Where planes and cursor are. */
  readonly memory: PagedMemory;
  readonly clock: Clock;
  /** 0 to 3. */
  readonly pipes: number;
  readonly monitor: Monitor;
}

/** The display engine. Frames come between {@link Display.start} and {@link Display.stop}. */
export class Display {
  readonly families: readonly RegisterFamily[];
  readonly #parts: DisplayParts;
  readonly #pipes: readonly Pipe[];
  readonly #gmbus: Gmbus;
  readonly #sideband = new Sideband();
  #monitor: Monitor;

  constructor(parts: DisplayParts) {
    const { registers, interrupts, pipes, monitor } = parts;
    this.#parts = parts;
    this.#monitor = owned(monitor);
    this.#gmbus = new Gmbus(registers, interrupts, () => this.#monitor);
    this.#pipes = Array.from({ length: pipes }, (_, index) => new Pipe({ ...parts, index }));
    this.families = [
      POWER,
      DPLL,
      GPIO,
      HOT_PLUG,
      DISPLAY_MISC,
      ddi(interrupts),
      this.#gmbus.family,
      this.#sideband.family,
      ...this.#pipes.map((pipe) => pipe.family),
    ];
  }

  /** Another monitor, or none; the guest hears of it. */
  plug(monitor: Monitor): void {
    this.#monitor = owned(monitor);
    tellHotPlug(this.#parts.registers, this.#parts.interrupts);
  }

  /** What the first pipe that shows something shows. */
  screen(): Screen | undefined {
    for (const pipe of this.#pipes) {
      const screen = pipe.screen();
      if (screen !== undefined) return screen;
    }
    return undefined;
  }

  /**
   * Draws what {@link Display.screen} says, XRGB8888.
   *
   * @returns `undefined` when nothing is shown or it does not fit
   */
  draw(into: Uint8Array): Screen | undefined {
    for (const pipe of this.#pipes) {
      const screen = pipe.screen();
      if (screen === undefined) continue;
      const pitch = screen.width * 4;
      if (into.length < pitch * screen.height) return undefined;
      pipe.compose((_, bytes, y) => into.set(bytes, y * pitch));
      return screen;
    }
    return undefined;
  }

  /** Follows a reset of the registers. The monitor stays. */
  reset(): void {
    for (const pipe of this.#pipes) pipe.reset();
    this.#gmbus.reset();
    this.#sideband.reset();
  }

  /** The guest runs. */
  start(): void {
    for (const pipe of this.#pipes) pipe.start();
  }

  /** Opposite of {@link Display.start}. */
  stop(): void {
    for (const pipe of this.#pipes) pipe.stop();
  }
}

function owned({ edid, isConnected }: Monitor): Monitor {
  return { edid: edid.slice(), isConnected };
}
