// Files of a device on the AP bus.

/** A file of a device: what reading it gives, and what writing it does. */
export interface ApAttribute<T> {
  /** The whole text, newline included. */
  readonly show?: (device: T) => string;
  /** Takes the whole text or throws; the bus does nothing else meanwhile. */
  readonly store?: (device: T, text: string) => Promise<void> | void;
}

/** Files by name, in the order they are listed in. */
export type ApAttributes<T> = Readonly<Record<string, ApAttribute<T>>>;
