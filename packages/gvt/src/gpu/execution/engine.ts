// One engine: what was submitted to it, the context that runs, and what its registers tell of both.

import { GT_CONTEXT_SWITCH_INTERRUPT } from '../interrupts/groups.ts';
import type { Ggtt } from '../memory/ggtt.ts';
import type { Budget } from './budget.ts';
import { ContextImage } from './context-image.ts';
import { ContextRegisters } from './context-registers.ts';
import {
  MI_MODE,
  RING_ACTHD,
  RING_ACTHD_UDW,
  RING_BBADDR,
  RING_BBADDR_UDW,
  RING_CONTEXT_STATUS_PTR,
  RING_CTL,
  RING_DMA_FADD,
  RING_DMA_FADD_UDW,
  RING_EXECLIST_STATUS_HI,
  RING_EXECLIST_STATUS_LO,
  RING_HEAD,
  RING_IPEHR,
  RING_START,
  RING_TAIL,
} from './engine-offsets.ts';
import { Execlists } from './execlists.ts';
import { ContextStatus, StatusBuffer, STATUS_POINTER_AT_RESET } from './status-buffer.ts';
import { CommandStreamer, Progress, type StreamerParts } from './streamer.ts';

const STOP_RING = 1 << 8;
const MODE_IDLE = 1 << 9;
const RESET_CTL = 0xd0;
const BATCH_VALID = 1;
const EXECLIST_0_ACTIVE = 1 << 17;
const EXECLIST_0_VALID = 1 << 14;

/** What {@link Engine} tells of what runs. */
const TOLD: readonly number[] = [
  RING_HEAD,
  RING_TAIL,
  RING_START,
  RING_CTL,
  RING_ACTHD,
  RING_ACTHD_UDW,
  RING_DMA_FADD,
  RING_DMA_FADD_UDW,
  RING_IPEHR,
  RING_BBADDR,
  RING_BBADDR_UDW,
  RING_EXECLIST_STATUS_LO,
  RING_EXECLIST_STATUS_HI,
];

/** Values that a time stamp has. */
const TIMES = 2 ** 36;

/** What an engine is part of. */
export interface EngineParts extends StreamerParts {
  readonly ggtt: Ggtt;
  /** A context image cannot be read. */
  unreadable(): void;
}

/** An engine of one vGPU. */
export class Engine {
  readonly streamer: CommandStreamer;
  readonly #parts: EngineParts;
  readonly #base: number;
  readonly #lists = new Execlists();
  readonly #image: ContextImage;
  readonly #kept: ContextRegisters;
  readonly #events: StatusBuffer;
  #isHung = false;
  /** Time of the command streamers. */
  #startedAt = 0;
  readonly #restore = (): void => {
    if (!this.#image.isFirst) this.#kept.load(this.#image.page);
  };

  constructor(parts: EngineParts) {
    this.#parts = parts;
    this.#base = parts.engine.base;
    this.streamer = new CommandStreamer(parts);
    this.#image = new ContextImage(parts.ggtt);
    this.#kept = new ContextRegisters(parts.ggtt, parts.registers, parts.engine);
    this.#events = new StatusBuffer(parts.ggtt, parts.registers, this.#base);
  }

  /** Something runs or waits, and is not stuck. */
  get isBusy(): boolean {
    return this.#lists.hasWaiting || (this.#lists.isActive && !this.#isHung);
  }

  /** Takes a dword of the submission port. @returns whether a list has become complete */
  submit(value: number): boolean {
    return this.#lists.write(value);
  }

  /** Forgets translations: the loop may have run since the last slice. */
  renew(): void {
    this.streamer.ppgtt.renew();
  }

  /** Executes for as long as the budget lasts. */
  run(budget: Budget): Progress {
    const progress = this.#run(budget);
    this.#tell();
    return progress;
  }

  /** Drops what runs and what waits, and stands as after power-on. */
  reset(): void {
    const { registers } = this.#parts;
    this.#lists.reset();
    this.#isHung = false;
    for (const offset of TOLD) registers.set(this.#base + offset, 0);
    registers.set(this.#base + RING_CONTEXT_STATUS_PTR, STATUS_POINTER_AT_RESET);
    registers.set(this.#base + MI_MODE, MODE_IDLE);
    registers.set(this.#base + RESET_CTL, 0);
  }

  #run(budget: Budget): Progress {
    if ((this.#parts.registers.get(this.#base + MI_MODE) & STOP_RING) !== 0) {
      return this.isBusy ? Progress.waiting : Progress.done;
    }
    this.#takeList();
    while (this.#lists.isActive) {
      if (this.#isHung) return Progress.hung;
      const progress = this.streamer.run(budget);
      if (progress === Progress.hung) this.#isHung = true;
      if (progress !== Progress.done) return progress;
      this.#finish();
    }
    return Progress.done;
  }

  #takeList(): void {
    const lists = this.#lists;
    if (!lists.hasWaiting) return;
    if (lists.isLiteRestore) {
      lists.begin();
      this.#event(ContextStatus.preempted | ContextStatus.liteRestore, lists.current.high);
      this.streamer.extend(this.#image);
    } else if (!lists.isActive) {
      lists.begin();
      this.#event(ContextStatus.idleToActive, 0);
      this.#start();
    }
  }

  #start(): void {
    this.#startedAt = this.streamer.time();
    this.#isHung = !this.#image.load(this.#lists.current.low);
    if (this.#isHung) {
      this.#parts.unreadable();
      return;
    }
    this.streamer.start(this.#image, this.#restore);
  }

  #finish(): void {
    const lists = this.#lists;
    const { high } = lists.current;
    const time = (this.streamer.time() - this.#startedAt + TIMES) % TIMES;
    this.#image.save(this.streamer.stream.head, time);
    this.#kept.save(this.#image.page);
    if (lists.hasNext) {
      lists.next();
      this.#event(ContextStatus.elementSwitch | ContextStatus.complete, high);
      this.#start();
    } else {
      lists.end();
      this.#event(ContextStatus.activeToIdle | ContextStatus.complete, high);
      this.#takeList();
    }
  }

  #event(status: number, contextId: number): void {
    this.#events.add(status, contextId);
    this.streamer.interrupt(GT_CONTEXT_SWITCH_INTERRUPT);
  }

  /** Registers that a driver reads when it thinks that the engine hangs. */
  #tell(): void {
    const { registers } = this.#parts;
    const base = this.#base;
    const { stream, header } = this.streamer;
    const low = stream.at >>> 0;
    const high = Math.floor(stream.at / 0x1_0000_0000);
    registers.set(base + RING_HEAD, stream.head);
    registers.set(base + RING_TAIL, stream.tail);
    registers.set(base + RING_START, this.#image.ringStart);
    registers.set(base + RING_CTL, this.#image.control);
    registers.set(base + RING_ACTHD, low);
    registers.set(base + RING_ACTHD_UDW, high);
    registers.set(base + RING_DMA_FADD, low);
    registers.set(base + RING_DMA_FADD_UDW, high);
    registers.set(base + RING_IPEHR, header >>> 0);
    const isBatch = stream.depth > 0;
    registers.set(base + RING_BBADDR, isBatch ? (low | BATCH_VALID) >>> 0 : 0);
    registers.set(base + RING_BBADDR_UDW, isBatch ? high : 0);
    const { isActive, current } = this.#lists;
    const status = isActive ? EXECLIST_0_ACTIVE | EXECLIST_0_VALID : 0;
    registers.set(base + RING_EXECLIST_STATUS_LO, status);
    registers.set(base + RING_EXECLIST_STATUS_HI, isActive ? current.high : 0);
  }
}
