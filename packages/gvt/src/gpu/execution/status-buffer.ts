// The context status buffer: a ring of six events, in the engine's status page and in registers. Kaby Lake PRM, volume 7,
// "Context Status".

import type { Ggtt } from '../memory/ggtt.ts';
import type { RegisterStorage } from '../registers/register.ts';
import { HWS_PGA, RING_CONTEXT_STATUS_BUF, RING_CONTEXT_STATUS_PTR } from './engine-offsets.ts';

/** What an event says. */
export const ContextStatus = {
  idleToActive: 0x1,
  preempted: 0x2,
  elementSwitch: 0x4,
  activeToIdle: 0x8,
  complete: 0x10,
  liteRestore: 0x8000,
} as const;

/** Where the two pointers are after a reset: behind the last event. */
export const STATUS_POINTER_AT_RESET = 0x505;

const EVENTS = 6;
const PAGE = 0xffff_f000;
const BUFFER_IN_PAGE = 0x40;
const POINTER_IN_PAGE = 0x7c;
const WRITE_POINTER = 7;

/** Events of one engine. */
export class StatusBuffer {
  readonly #ggtt: Ggtt;
  readonly #registers: RegisterStorage;
  readonly #base: number;

  /** @param base - of the engine's registers */
  constructor(ggtt: Ggtt, registers: RegisterStorage, base: number) {
    this.#ggtt = ggtt;
    this.#registers = registers;
    this.#base = base;
  }

  /** Adds an event. The pointer comes last: the guest looks at nothing beyond it. */
  add(status: number, contextId: number): void {
    const registers = this.#registers;
    const pointer = registers.get(this.#base + RING_CONTEXT_STATUS_PTR);
    const index = ((pointer & WRITE_POINTER) + 1) % EVENTS;
    registers.set(this.#base + RING_CONTEXT_STATUS_BUF + index * 8, status);
    registers.set(this.#base + RING_CONTEXT_STATUS_BUF + index * 8 + 4, contextId);
    registers.set(this.#base + RING_CONTEXT_STATUS_PTR, (pointer & ~WRITE_POINTER) | index);
    const page = (registers.get(this.#base + HWS_PGA) & PAGE) >>> 0;
    this.#ggtt.write32(page + BUFFER_IN_PAGE + index * 8, status);
    this.#ggtt.write32(page + BUFFER_IN_PAGE + index * 8 + 4, contextId);
    this.#ggtt.write32(page + POINTER_IN_PAGE, index);
  }
}
