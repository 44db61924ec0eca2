// A descriptor that is owned once and closed once.

/** An open file descriptor of this process with one owner. */
export interface Fd {
  /** The number; -1 once closed. */
  readonly number: number;
  /** Closes it. A second call does nothing. */
  close(): void;
  /** A second descriptor for the same file, close-on-exec. */
  dup(): Fd;
  [Symbol.dispose](): void;
}
