// What a loop waits for, and what it can be told.

/** A descriptor and what to do about it. None of the functions blocks, but `receive`. */
export interface LoopSource {
  /** The descriptor; stays open and the same until the registration is removed. */
  readonly fd: number;
  /** `onReadable` is called once for each time more comes, whether or not anything is read. */
  readonly isEdge?: boolean;
  /** The descriptor is readable, or its peer is gone. Handles a bounded amount and returns. */
  onReadable(): void;
  /** The descriptor is writable. */
  onWritable?(): void;
  /** The peer is gone while nothing is read. Without it the source is removed. */
  onHangup?(): void;
  /**
   * Waits a few milliseconds at most for something to read and handles it.
   *
   * @returns false when the time was out
   */
  receive?(): boolean;
  /** The loop goes to sleep: memory kept for speed can be given back. */
  onIdle?(): void;
  /** One of the functions threw. */
  onError?(error: unknown): void;
}

/** A source in a loop. */
export interface LoopRegistration {
  /** What the descriptor is watched for; at first for reading only. */
  watch(readable: boolean, writable: boolean): void;
  /** Calls `onReadable` soon, whether or not the descriptor is readable. */
  wake(): void;
  /** Ends the watch; afterwards the descriptor may be closed. A second call does nothing. */
  remove(): void;
}

/** How a loop waits. Times are milliseconds of `now`. */
export interface LoopOptions {
  /** The clock, by default `performance.now`. */
  readonly now?: () => number;
  /** How long the loop works before Node has a turn; 1. */
  readonly turn?: number;
  /** How long it stays awake with nothing to do; 4. */
  readonly idleAfter?: number;
  /** How many events Node has had, by default what it counts itself. */
  readonly nodeEvents?: () => number;
  /** What a source without `onError` threw; by default a warning of the process. */
  readonly onError?: (error: unknown) => void;
}
