// Requests that no queue has yet, in the order they came.

import type { Carried, Target } from './request.ts';

/** The requests, by what they want. */
export class Waiting {
  readonly #lines = new Map<Target, Set<Carried>>();

  /** What requests want. */
  get targets(): readonly Target[] {
    return [...this.#lines.keys()];
  }

  get isEmpty(): boolean {
    return this.#lines.size === 0;
  }

  add(request: Carried): void {
    const line = this.#lines.get(request.target) ?? new Set();
    line.add(request);
    this.#lines.set(request.target, line);
  }

  /** Takes one away, wherever it stands. */
  delete(request: Carried): void {
    const line = this.#lines.get(request.target);
    if (line?.delete(request) === true && line.size === 0) this.#lines.delete(request.target);
  }

  /** Those that want `target` and are not over; the others are taken away. They stay until they are deleted. */
  *of(target: Target): IterableIterator<Carried> {
    for (const request of this.#lines.get(target) ?? []) {
      if (request.isOver) this.delete(request);
      else yield request;
    }
  }

  /** Ends those that want `target`. */
  fail(target: Target, error: (op: string) => unknown): void {
    const line = this.#lines.get(target);
    this.#lines.delete(target);
    for (const request of line ?? []) request.fail(error(request.op));
  }
}
