// Lists of contexts to execute: the submission port of one engine, and the events that answer it. Kaby Lake PRM, volume
// 7, "Execlists".
//
// Concepts: a list has two elements, of which the second may be empty. A list that begins with the context that runs now
// extends it (a lite restore). A list that begins with another one waits until all of the list that runs is done: no
// context is taken off in the middle.

/** A context descriptor. */
export interface Element {
  low: number;
  /** Context id. */
  high: number;
}

const VALID = 1;
const PAGE = 0xffff_f000;

/** Lists of one engine: what runs, what waits, and what is being written. */
export class Execlists {
  readonly #running: readonly Element[] = [element(), element()];
  readonly #waiting: readonly Element[] = [element(), element()];
  readonly #port = new Uint32Array(4);
  #written = 0;
  #current = 0;
  #isActive = false;
  #hasWaiting = false;

  /** Something runs. */
  get isActive(): boolean {
    return this.#isActive;
  }

  /** A list waits to be begun, or to extend what runs. */
  get hasWaiting(): boolean {
    return this.#hasWaiting;
  }

  /** What runs, or ran last. */
  get current(): Element {
    return this.#running[this.#current] ?? NONE;
  }

  /** Another element of the list that runs is to come. */
  get hasNext(): boolean {
    return this.#isActive && this.#current === 0 && isValid(this.#running[1] ?? NONE);
  }

  /** The list that waits begins with what runs. */
  get isLiteRestore(): boolean {
    const [first = NONE] = this.#waiting;
    return this.#hasWaiting && this.#isActive && isSame(first, this.current);
  }

  /**
   * Takes a dword of the port: element 1 high, low, element 0 high, low.
   *
   * @returns whether that was a whole list that is now waiting
   */
  write(value: number): boolean {
    this.#port[this.#written] = value;
    this.#written = (this.#written + 1) % 4;
    if (this.#written !== 0) return false;
    const [first = NONE, second = NONE] = this.#waiting;
    second.high = this.#port[0] ?? 0;
    second.low = this.#port[1] ?? 0;
    first.high = this.#port[2] ?? 0;
    first.low = this.#port[3] ?? 0;
    this.#hasWaiting = isValid(first);
    return this.#hasWaiting;
  }

  /** What waits runs, from its first element on. */
  begin(): void {
    for (let i = 0; i < 2; i++) {
      const from = this.#waiting[i] ?? NONE;
      const to = this.#running[i] ?? NONE;
      to.low = from.low;
      to.high = from.high;
    }
    this.#current = 0;
    this.#isActive = true;
    this.#hasWaiting = false;
  }

  /** The next element runs. */
  next(): void {
    this.#current = 1;
  }

  /** Nothing runs any more. */
  end(): void {
    this.#isActive = false;
  }

  /** Forgets everything. */
  reset(): void {
    this.#written = 0;
    this.#current = 0;
    this.#isActive = false;
    this.#hasWaiting = false;
  }
}

const NONE: Element = { low: 0, high: 0 };

function element(): Element {
  return { low: 0, high: 0 };
}

function isValid({ low }: Element): boolean {
  return (low & VALID) !== 0;
}

function isSame(a: Element, b: Element): boolean {
  return ((a.low ^ b.low) & PAGE) === 0 && a.high === b.high;
}
