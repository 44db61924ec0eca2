// What is alive and who made it. Each thing that must be given back holds a ticket while it lives.

/** What kinds of thing can leak. */
export type LeakKind =
  | 'device'
  | 'mdev'
  | 'group-file'
  | 'device-file'
  | 'region-mapping'
  | 'dma-mapping'
  | 'pin'
  | 'irq-signal'
  | 'migration-stream';

/** Something alive. */
export interface Leak {
  readonly kind: LeakKind;
  /** What it is, for people. */
  readonly what: string;
  /** The stack that made it, when the core traces. */
  readonly stack?: string;
}

/** A thing's entry in the list while the thing lives. */
export interface Ticket {
  readonly kind: LeakKind;
  /** Describes the thing, called only when somebody asks. */
  describe(): string;
  stack?: string;
}

/** The list behind `VfioCore.leaks()`. */
export class LeakTracker {
  readonly trace: boolean;
  readonly #alive = new Set<Ticket>();

  constructor(trace: boolean) {
    this.trace = trace;
  }

  /** Notes that `ticket` lives. */
  add(ticket: Ticket): void {
    if (this.trace) ticket.stack = captureStack();
    this.#alive.add(ticket);
  }

  /** Opposite of {@link LeakTracker.add}. */
  remove(ticket: Ticket): void {
    this.#alive.delete(ticket);
  }

  list(): readonly Leak[] {
    return Array.from(this.#alive, toLeak);
  }
}

function toLeak(ticket: Ticket): Leak {
  const what = ticket.describe();
  return ticket.stack === undefined
    ? { kind: ticket.kind, what }
    : { kind: ticket.kind, what, stack: ticket.stack };
}

/** The stack of the caller's caller, without the line that says "Error". */
export function captureStack(): string {
  const { stack = '' } = new Error('trace');
  return stack.split('\n').slice(3).join('\n');
}
