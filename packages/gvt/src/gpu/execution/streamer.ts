// One engine's command streamer: runs what a ring says, for as long as it is let.

import type { Clock } from '@vfio-ts/core';
import { engineInterrupt } from '../interrupts/groups.ts';
import type { InterruptSink, InterruptSource } from '../interrupts/source.ts';
import type { PagedMemory } from '../memory/paged-memory.ts';
import type { Ppgtt } from '../memory/ppgtt.ts';
import type { EngineLayout } from '../registers/engines.ts';
import { commandStreamerTime } from '../registers/timestamps.ts';
import { Blitter } from './blt/blitter.ts';
import type { Budget } from './budget.ts';
import {
  Outcome,
  type CommandContext,
  type CommandCounters,
  type CommandRegisters,
} from './command.ts';
import { commandOf } from './commands/table.ts';
import type { ContextImage } from './context-image.ts';
import { CommandStream } from './stream.ts';

const LANE_BITS = 16;

/** Jumps back of one engine in a round: a batch that only goes round waits for somebody else. */
const MOST_JUMPS_BACK = 8;

/** Commands, and bytes of their work, after which the clock is looked at. */
const COMMANDS_BY_CLOCK = 32;
const BYTES_BY_CLOCK = 16 * 1024;

/** How a slice ended. */
export const Progress = {
  /** The ring is done. */
  done: 0,
  /** There is more to do at once. */
  more: 1,
  /** There is more to do once something has changed. */
  waiting: 2,
  /** Nothing more until a reset. */
  hung: 3,
} as const;
/** How a slice ended. */
export type Progress = (typeof Progress)[keyof typeof Progress];

/** What a command streamer is part of. */
export interface StreamerParts {
  readonly engine: EngineLayout;
  readonly ggtt: PagedMemory;
  readonly ppgtt: Ppgtt;
  readonly registers: CommandRegisters;
  readonly interrupts: InterruptSink;
  readonly counters: CommandCounters;
  readonly clock: Clock;
  /** A stream asked for something that it may not do. */
  refused(engine: EngineLayout, what: number, isPrivileged: boolean): void;
}

/** Executes commands of one context at a time. */
export class CommandStreamer implements CommandContext {
  readonly engine: EngineLayout;
  readonly stream: CommandStream;
  readonly ggtt: PagedMemory;
  readonly ppgtt: Ppgtt;
  readonly registers: CommandRegisters;
  readonly counters: CommandCounters;
  readonly blitter: Blitter;
  contextPage = 0;
  /** The header of the last command. */
  header = 0;
  readonly #parts: StreamerParts;
  readonly #interrupts: readonly InterruptSource[];
  #bytes = 0;
  #isWaiting = false;
  /** What is restored of a context once its indirect batch is done. */
  #rest: { readonly image: ContextImage; readonly restore: () => void } | undefined;

  constructor(parts: StreamerParts) {
    this.#parts = parts;
    this.engine = parts.engine;
    this.ggtt = parts.ggtt;
    this.ppgtt = parts.ppgtt;
    this.registers = parts.registers;
    this.counters = parts.counters;
    this.stream = new CommandStream(parts.ggtt);
    this.blitter = new Blitter();
    this.#interrupts = Array.from({ length: LANE_BITS }, (_, bit) =>
      engineInterrupt(parts.engine, bit),
    );
  }

  /**
   * Begins with what a context's image says. The indirect batch comes in the middle of its restoring.
   *
   * @param restore - gives the engine's registers the values of the context
   */
  start(image: ContextImage, restore: () => void): void {
    this.#isWaiting = false;
    this.blitter.reset();
    this.contextPage = image.page;
    image.selectTables(this.ppgtt);
    this.#rest = { image, restore };
    if (image.indirectSize === 0) {
      this.#startRing();
      return;
    }
    this.stream.start(image.ringStart, image.ringSize, image.head, image.head);
    this.stream.call(this.ggtt, image.indirectBatch, 0, image.indirectSize);
  }

  /** The ring of the context that runs has grown, as its image says by now. */
  extend(image: ContextImage): void {
    const tail = image.readTail();
    if (this.#rest === undefined) this.stream.setTail(tail);
  }

  #startRing(): void {
    if (this.#rest === undefined) return;
    const { image, restore } = this.#rest;
    this.#rest = undefined;
    restore();
    this.stream.start(image.ringStart, image.ringSize, image.head, image.tail);
    if (image.contextBatch !== 0) this.stream.call(this.ggtt, image.contextBatch, 0);
  }

  /** Executes until the budget is used up or nothing can be done. */
  run(budget: Budget): Progress {
    const { stream } = this;
    stream.renew();
    this.#bytes = 0;
    let jumpsBack = 0;
    let commands = 0;
    for (;;) {
      if (stream.isDone) {
        if (this.#rest === undefined) return Progress.done;
        this.#startRing();
        continue;
      }
      if (stream.isAtEnd) {
        stream.return();
        continue;
      }
      if (!stream.isThere) return Progress.hung;
      if (++commands > COMMANDS_BY_CLOCK || this.#bytes > BYTES_BY_CLOCK) {
        if (this.#isOver(budget, commands)) return Progress.more;
        commands = 0;
      }
      const header = stream.word(0);
      if (header === 0) {
        stream.skipZeros();
        continue;
      }
      this.header = header;
      const { at, depth } = stream;
      const command = commandOf(header);
      const outcome = command.execute(this, header);
      if (outcome === Outcome.again) continue;
      if (outcome === Outcome.wait) return Progress.waiting;
      this.counters.commands++;
      this.#isWaiting = false;
      if (outcome === Outcome.next) stream.advance(command.length(header));
      else if (outcome === Outcome.hang) return Progress.hung;
      else if (depth > 0 && stream.depth === depth && stream.at <= at) {
        if (++jumpsBack > MOST_JUMPS_BACK) return Progress.waiting;
      }
    }
  }

  /** Takes what was done from the budget. */
  #isOver(budget: Budget, commands: number): boolean {
    budget.commands -= commands;
    budget.bytes -= this.#bytes;
    this.#bytes = 0;
    if (budget.commands <= 0 || budget.bytes <= 0) return true;
    return this.#parts.clock.now() >= budget.deadline;
  }

  time(): number {
    return commandStreamerTime(this.#parts.clock);
  }

  interrupt(bit: number): void {
    const source = this.#interrupts[bit];
    if (source !== undefined) this.#parts.interrupts.raise(source);
  }

  waits(bit: number): void {
    if (!this.#isWaiting) this.interrupt(bit);
    this.#isWaiting = true;
  }

  memory(isGlobal: boolean): PagedMemory | undefined {
    if (!isGlobal) return this.ppgtt;
    if (this.stream.isPrivileged) return this.ggtt;
    this.refuse(this.header);
    return undefined;
  }

  refuse(what: number): void {
    this.counters.refused++;
    this.#parts.refused(this.engine, what, this.stream.isPrivileged);
  }

  worked(bytes: number): void {
    this.#bytes += bytes;
  }
}
