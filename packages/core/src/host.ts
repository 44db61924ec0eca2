// What core asks of its host. Core has no clock, log, memory or randomness of its own: everything comes in here.

/** A timer that has not fired yet. */
export interface Timer {
  /** Cancels the timer; harmless once it has fired. */
  cancel(): void;
}

/** Monotonic time and timers. */
export interface Clock {
  /** Milliseconds since some fixed moment; never runs backwards. */
  now(): number;
  /** Calls `fire` once, `ms` milliseconds from now. */
  after(ms: number, fire: () => void): Timer;
}

/** How much a log line matters. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** Where log lines go. A logger never throws. */
export interface Logger {
  /**
   * Takes one line.
   *
   * @param component - who speaks, for example `'vfio0'`
   * @param message - builds the text; called only if the line is wanted
   * @param error - what went wrong, with its stack
   */
  log(level: LogLevel, component: string, message: () => string, error?: unknown): void;
}

/**
 * An edge the device can send: an eventfd on Linux. Owned by exactly one holder, which closes it once.
 */
export interface EventSignal {
  /** Adds one to the counter. Never throws and never blocks. */
  signal(): void;
  /** Calls `fire` whenever the other side signals, until `close`; absent where the host cannot wait. */
  watch?(fire: () => void): void;
  /** Gives the descriptor back. A second call does nothing. */
  close(): void;
}

/** Both ends of something that a device can signal and its user can wait for. */
export interface SignalPair {
  /** For the device, which closes it. */
  readonly signal: EventSignal;
  /** Ends the wait. A second call does nothing. */
  close(): void;
}

/** Makes a signal that calls `fire` each time it is signalled; signals close together may be one. */
export type MakeSignal = (fire: () => void) => SignalPair;

/**
 * A view of memory that can be taken back: `bytes` has length 0 once `unmap` has run, and so has every
 * typed array made over the same buffer.
 */
export interface MemoryMapping {
  /** The mapped bytes, offset 0 of the buffer. */
  readonly bytes: Uint8Array;
  /** Detaches the buffer, then gives the memory back. A second call does nothing. */
  unmap(): void;
}

/** Memory that several parties can map at once: a memfd on Linux. */
export interface SharedMemory {
  /** Length in bytes, a multiple of the page size. */
  readonly size: number;
  /** The owner's own mapping of all of it, alive until `close`. */
  readonly bytes: Uint8Array;
  /**
   * Maps a part of it, shared.
   *
   * @throws `EINVAL` when the range is not inside the memory or not page aligned
   */
  map(offset: number, length: number): MemoryMapping;
  /** Detaches `bytes` and gives the memory back; mappings made by `map` stay until their own `unmap`. */
  close(): void;
}

/** Where shared memory comes from. */
export interface MemoryBackend {
  /**
   * Allocates zeroed memory.
   *
   * @param name - for diagnostics (`/proc/PID/fd` shows it)
   * @param size - bytes, rounded up to the page size
   * @throws `ENOMEM`
   */
  alloc(name: string, size: number): SharedMemory;
}

/** Everything core needs from where it runs. */
export interface CoreHost {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly memory: MemoryBackend;
}
