// Things that take long to make, kept for the next request with the same key.

/** How many keys a thread keeps of a kind: those that guests use again and again. */
export const KEPT_KEYS = 64;

/** Keeps the few that were used last. */
export class KeyCache<T> {
  readonly #limit: number;
  /** The one used last comes last. */
  readonly #kept = new Map<string, T>();

  /** @param limit - how many are kept */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** What is kept under a name, or else what `make` makes. */
  get(name: string, make: () => T): T {
    const value = this.#kept.get(name) ?? make();
    this.#kept.delete(name);
    this.#kept.set(name, value);
    if (this.#kept.size > this.#limit) {
      const [oldest] = this.#kept.keys();
      if (oldest !== undefined) this.#kept.delete(oldest);
    }
    return value;
  }
}

/** A name that only these numbers in this order have: their sizes and all their bytes. */
export function keyName(numbers: readonly Uint8Array[]): string {
  const sizes = numbers.map(({ length }) => length).join();
  return `${sizes}:${Buffer.concat(numbers).toString('latin1')}`;
}
