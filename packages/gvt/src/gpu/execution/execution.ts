// What executes the submissions of one vGPU: its engines, in slices that the scheduler gives.

import type { Clock, LogLevel } from '@vfio-ts/core';
import type { EngineMask, FailsafeReason, GpuShare, GuestMemory, VgpuCounters } from '../gpu.ts';
import type { InterruptSink } from '../interrupts/source.ts';
import type { Ggtt } from '../memory/ggtt.ts';
import type { FaultSink } from '../memory/paged-memory.ts';
import { Ppgtt } from '../memory/ppgtt.ts';
import { ENGINES, GRDOM_FULL, type EngineLayout } from '../registers/engines.ts';
import type { RegisterFamily } from '../registers/register.ts';
import type { Budget } from './budget.ts';
import type { CommandRegisters } from './command.ts';
import { Engine } from './engine.ts';
import { engineRegisters } from './engine-registers.ts';
import { RENDER_REGISTERS } from './render-registers.ts';
import type { GpuClient, GpuScheduler, Remainder } from './scheduler.ts';
import { Progress } from './streamer.ts';

/** What execution is part of. */
export interface ExecutionParts {
  readonly registers: CommandRegisters;
  readonly interrupts: InterruptSink;
  readonly ggtt: Ggtt;
  readonly memory: GuestMemory;
  readonly faults: FaultSink;
  readonly clock: Clock;
  readonly share: GpuShare;
  log(level: LogLevel, message: () => string): void;
  /** The guest's driver has read that it shares its GPU. */
  isNotified(): boolean;
  failsafe(reason: FailsafeReason): void;
}

/** Milliseconds of a slice. */
const SLICE_MS = 1;

/** Of one engine, before the next one has its turn. */
const QUANTUM = { commands: 512, bytes: 128 * 1024 } as const;

/** Turns of all engines in a slice, for clocks that stand still. */
const MOST_ROUNDS = 64;

/** Different refusals that are told of. */
const MOST_TOLD = 64;

/** The engines of one vGPU. */
export class Execution implements GpuClient {
  readonly families: readonly RegisterFamily[];
  readonly weight: number;
  readonly clock: Clock;
  readonly #parts: ExecutionParts;
  readonly #scheduler: GpuScheduler;
  readonly #engines: readonly Engine[];
  readonly #counters = { submissions: 0, commands: 0, busy: 0, refused: 0, draws: 0 };
  readonly #budget: Budget = { commands: 0, bytes: 0, deadline: 0 };
  readonly #told = new Set<number>();
  #isStarted = false;
  #hasDrawn = false;

  constructor(parts: ExecutionParts, scheduler: GpuScheduler) {
    this.#parts = parts;
    this.#scheduler = scheduler;
    this.weight = parts.share.weight;
    this.clock = parts.clock;
    this.#engines = ENGINES.map((engine) => this.#makeEngine(engine));
    this.families = [
      ...this.#engines.map((engine) => this.#makeRegisters(engine)),
      RENDER_REGISTERS,
    ];
  }

  get counters(): Pick<VgpuCounters, 'submissions' | 'commands' | 'busy' | 'refused' | 'draws'> {
    return this.#counters;
  }

  /** Drops what runs and what waits on these engines. */
  reset(mask: EngineMask): void {
    for (const engine of this.#engines) {
      const { resetBit } = engine.streamer.engine;
      if ((mask & (GRDOM_FULL | resetBit)) !== 0) engine.reset();
    }
  }

  /** Executes what is submitted from now on, and what was left by {@link Execution.stop}. */
  start(): void {
    this.#isStarted = true;
    if (this.#isBusy()) this.#scheduler.wake(this);
  }

  /** Nothing runs and no guest memory is touched until {@link Execution.start}. */
  stop(): void {
    this.#isStarted = false;
    this.#scheduler.remove(this);
  }

  slice(): Remainder {
    const begin = this.clock.now();
    this.#parts.ggtt.renew();
    for (const engine of this.#engines) engine.renew();
    this.#budget.deadline = begin + SLICE_MS;
    let remainder: Remainder = 'nothing';
    try {
      for (let round = 0; round < MOST_ROUNDS; round++) {
        remainder = this.#round();
        if (remainder !== 'work' || this.clock.now() >= this.#budget.deadline) break;
      }
    } catch (error) {
      // The scheduler is everybody's: an error of one ends that one.
      const stack = error instanceof Error ? error.stack : undefined;
      this.#failsafe('guest error', stack ?? String(error));
      remainder = 'nothing';
    }
    this.#counters.busy += this.clock.now() - begin;
    this.#tellOfDraws();
    return remainder;
  }

  #round(): Remainder {
    let remainder: Remainder = 'nothing';
    for (const engine of this.#engines) {
      if (!engine.isBusy) continue;
      this.#budget.commands = QUANTUM.commands;
      this.#budget.bytes = QUANTUM.bytes;
      const progress = engine.run(this.#budget);
      if (progress === Progress.more) remainder = 'work';
      else if (progress === Progress.waiting && remainder === 'nothing') remainder = 'waiting';
    }
    return remainder;
  }

  #isBusy(): boolean {
    return this.#engines.some(({ isBusy }) => isBusy);
  }

  #makeEngine(engine: EngineLayout): Engine {
    const { registers, interrupts, ggtt, memory, faults, clock } = this.#parts;
    return new Engine({
      engine,
      registers,
      interrupts,
      ggtt,
      clock,
      ppgtt: new Ppgtt(memory, faults),
      counters: this.#counters,
      refused: ({ name }, what, isPrivileged) => this.#refused(name, what, isPrivileged),
      unreadable: () => this.#failsafe('guest error', `${engine.name}: no context image`),
    });
  }

  #makeRegisters(engine: Engine): RegisterFamily {
    const layout = engine.streamer.engine;
    const { share } = this.#parts;
    return engineRegisters(layout, {
      windows: [share.aperture, share.hidden],
      submit: (value) => this.#submit(engine, value),
      runListsOn: () => {
        if (this.#parts.isNotified()) return;
        this.#failsafe('unsupported guest', `${layout.name}: run lists without PVINFO`);
      },
      forbiddenMode: () => this.#failsafe('unsupported guest', `${layout.name}: forbidden mode`),
      refusedPage: (address) => {
        this.#counters.refused++;
        this.#parts.log('warn', () => `${layout.name}: status page ${hex(address)} is not its own`);
      },
    });
  }

  #submit(engine: Engine, value: number): void {
    if (!engine.submit(value)) return;
    this.#counters.submissions++;
    if (this.#isStarted) this.#scheduler.wake(this);
  }

  /** A driver's own commands are known; a program's may ask for anything. */
  #refused(name: string, what: number, isPrivileged: boolean): void {
    if (this.#told.size >= MOST_TOLD || this.#told.has(what)) return;
    this.#told.add(what);
    const who = isPrivileged ? 'a command of the ring' : "a program's command";
    const level = isPrivileged ? 'warn' : 'debug';
    this.#parts.log(level, () => `${name}: ${who} may not use ${hex(what >>> 0)}`);
  }

  #tellOfDraws(): void {
    if (this.#hasDrawn || this.#counters.draws === 0) return;
    this.#hasDrawn = true;
    this.#parts.log('info', () => 'draws end without a picture: there are no shaders');
  }

  #failsafe(reason: FailsafeReason, why: string): void {
    this.#parts.log('error', () => why);
    this.#parts.failsafe(reason);
  }
}

function hex(value: number): string {
  return `0x${value.toString(16)}`;
}
