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
  /** The tracker's own: neighbours in its list. */
  newer?: Ticket | undefined;
  older?: Ticket | undefined;
}

/** The list behind `VfioCore.leaks()`: linked through the tickets, so that it costs the same however long it is. */
export class LeakTracker {
  readonly trace: boolean;
  #oldest: Ticket | undefined;
  #newest: Ticket | undefined;

  constructor(trace: boolean) {
    this.trace = trace;
  }

  /** Notes that `ticket` lives; one that is noted already is ignored. */
  add(ticket: Ticket): void {
    if (ticket.older !== undefined || this.#oldest === ticket) return;
    if (this.trace) ticket.stack = captureStack();
    ticket.older = this.#newest;
    ticket.newer = undefined;
    if (this.#newest === undefined) this.#oldest = ticket;
    else this.#newest.newer = ticket;
    this.#newest = ticket;
  }

  /** Opposite of {@link LeakTracker.add}; a ticket that is not there is ignored. */
  remove(ticket: Ticket): void {
    const { older, newer } = ticket;
    if (older === undefined && this.#oldest !== ticket) return;
    if (older === undefined) this.#oldest = newer;
    else older.newer = newer;
    if (newer === undefined) this.#newest = older;
    else newer.older = older;
    ticket.older = undefined;
    ticket.newer = undefined;
  }

  /** Everything alive, oldest first. */
  list(): readonly Leak[] {
    const leaks: Leak[] = [];
    for (let ticket = this.#oldest; ticket !== undefined; ticket = ticket.newer) {
      leaks.push(toLeak(ticket));
    }
    return leaks;
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
