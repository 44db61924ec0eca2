// What passes through one session, or through all of a server, as numbers. Counting a message allocates nothing, once
// there was one of its command.

import { errnoCode } from '@vfio-ts/core';
import { commandName, VFIO_USER } from '../protocol.ts';
import { Latency, type LatencyStats } from './latency.ts';

/** Where the time comes from: milliseconds that never run backwards. */
export interface StatsClock {
  now(): number;
}

/** One kind of command as plain data. */
export interface CommandStats {
  readonly messages: number;
  /** How many of them were refused or failed. */
  readonly errors: number;
  /** From the whole message to its reply. Of register accesses every 64th is timed, of others each. */
  readonly latency: LatencyStats;
}

/** What passed through as plain data; replies of the client are messages too. */
export interface TrafficStats {
  readonly messages: number;
  readonly bytesReceived: number;
  readonly bytesSent: number;
  readonly fdsReceived: number;
  readonly fdsSent: number;
  /** Interrupts the device signalled. */
  readonly irqs: number;
  /** Bytes the device took from client memory that is not mapped; mapped memory is not counted. */
  readonly dmaBytesRead: number;
  /** Bytes the device put into client memory that is not mapped. */
  readonly dmaBytesWritten: number;
  /** How often each error was answered, by name; what has no name by number. */
  readonly errors: Readonly<Record<string, number>>;
  /** By name; only those that came. Numbers that are no command count as `unknown`. */
  readonly commands: Readonly<Record<string, CommandStats>>;
}

/** What is counted one by one. */
export const COUNTED = {
  BYTES_RECEIVED: 0,
  BYTES_SENT: 1,
  FDS_RECEIVED: 2,
  FDS_SENT: 3,
  IRQS: 4,
  DMA_READ: 5,
  DMA_WRITTEN: 6,
} as const;

const KINDS = Object.keys(COUNTED).length;
/** No command has this number; those that are unknown are counted under it. */
const UNKNOWN = 0;
const COMMANDS: number = Math.max(...Object.values(VFIO_USER)) + 1;
/** Reading a clock costs more than all other counting, so of the commands a guest waits for few are timed. */
const TIMED_ONE_IN = 64;

const MESSAGES = 0;
const ERRORS = 1;
const BEGUN = 2;

class CommandCounters {
  readonly counts = new Float64Array(3);
  readonly latency = new Latency();
  /** A power of two, less one. */
  readonly mask: number;

  constructor(command: number) {
    const isAccess = command === VFIO_USER.REGION_READ || command === VFIO_USER.REGION_WRITE;
    this.mask = isAccess ? TIMED_ONE_IN - 1 : 0;
  }
}

/** The counters of a session or a server. */
export class Counters {
  readonly #clock: StatsClock;
  readonly #counts = new Float64Array(KINDS);
  readonly #commands: (CommandCounters | undefined)[] = Array.from({ length: COMMANDS });
  readonly #errors = new Map<number, number>();

  constructor(clock: StatsClock) {
    this.#clock = clock;
  }

  /** Counts `by` more of one kind of `COUNTED`. */
  count(kind: number, by: number): void {
    this.#counts[kind] = (this.#counts[kind] ?? 0) + by;
  }

  /** A message came. */
  received(command: number, bytes: number, fds: number): void {
    const counts = this.#counts;
    const { counts: own } = this.#of(command);
    own[MESSAGES] = (own[MESSAGES] ?? 0) + 1;
    counts[COUNTED.BYTES_RECEIVED] = (counts[COUNTED.BYTES_RECEIVED] ?? 0) + bytes;
    if (fds > 0) this.count(COUNTED.FDS_RECEIVED, fds);
  }

  /** A command is handled from now on. @returns whether it is timed, and wants an {@link Counters.end} */
  begin(command: number): boolean {
    const { counts, mask } = this.#of(command);
    if ((((counts[MESSAGES] ?? 0) - 1) & mask) !== 0) return false;
    this.#stamp(counts);
    return true;
  }

  /** By itself, because V8 makes an object of a time that seldom called code returns to code that is often called. */
  #stamp(counts: Float64Array): void {
    counts[BEGUN] = this.#clock.now();
  }

  /** Opposite of {@link Counters.begin}. */
  end(command: number): void {
    const { counts, latency } = this.#of(command);
    latency.record(Math.max(0, this.#clock.now() - (counts[BEGUN] ?? 0)));
  }

  /** A command was refused or failed. @param errno - positive */
  failed(command: number, errno: number): void {
    const { counts } = this.#of(command);
    counts[ERRORS] = (counts[ERRORS] ?? 0) + 1;
    this.#errors.set(errno, (this.#errors.get(errno) ?? 0) + 1);
  }

  /** Adds everything another has counted. */
  add(other: Counters): void {
    for (const [kind, count] of other.#counts.entries()) this.count(kind, count);
    for (const [errno, count] of other.#errors) {
      this.#errors.set(errno, (this.#errors.get(errno) ?? 0) + count);
    }
    for (const [command, theirs] of other.#commands.entries()) {
      if (theirs === undefined) continue;
      const { counts, latency } = this.#of(command);
      counts[MESSAGES] = (counts[MESSAGES] ?? 0) + (theirs.counts[MESSAGES] ?? 0);
      counts[ERRORS] = (counts[ERRORS] ?? 0) + (theirs.counts[ERRORS] ?? 0);
      latency.add(theirs.latency);
    }
  }

  snapshot(): TrafficStats {
    const of = (kind: number): number => this.#counts[kind] ?? 0;
    return {
      messages: this.#commands.reduce((sum, command) => sum + (command?.counts[MESSAGES] ?? 0), 0),
      bytesReceived: of(COUNTED.BYTES_RECEIVED),
      bytesSent: of(COUNTED.BYTES_SENT),
      fdsReceived: of(COUNTED.FDS_RECEIVED),
      fdsSent: of(COUNTED.FDS_SENT),
      irqs: of(COUNTED.IRQS),
      dmaBytesRead: of(COUNTED.DMA_READ),
      dmaBytesWritten: of(COUNTED.DMA_WRITTEN),
      errors: Object.fromEntries(
        Array.from(this.#errors, ([errno, count]) => [errnoCode(errno) ?? `${errno}`, count]),
      ),
      commands: Object.fromEntries(this.#commandStats()),
    };
  }

  *#commandStats(): Iterable<readonly [string, CommandStats]> {
    for (const [command, counters] of this.#commands.entries()) {
      if (counters === undefined) continue;
      const [messages = 0, errors = 0] = counters.counts;
      const name = command === UNKNOWN ? 'unknown' : commandName(command);
      yield [name, { messages, errors, latency: counters.latency.snapshot() }];
    }
  }

  #of(command: number): CommandCounters {
    const number = command < COMMANDS ? command : UNKNOWN;
    const counters = this.#commands[number];
    if (counters !== undefined) return counters;
    const made = new CommandCounters(number);
    this.#commands[number] = made;
    return made;
  }
}
