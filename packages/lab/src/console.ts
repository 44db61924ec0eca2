import { within } from './deadline.ts';
import { LabError, tail } from './errors.ts';

/** A wait for text that has begun; disposing gives it up. */
export interface Watch extends Disposable {
  /** The first match; rejects when the text ends before. */
  readonly match: Promise<RegExpExecArray>;
}

interface Waiter {
  readonly pattern: RegExp;
  resolve(match: RegExpExecArray): void;
  reject(error: Error): void;
}

/** A console's text, that grows and that one can wait in, with remarks in between. */
export class ConsoleText {
  #text = '';
  #fresh = '';
  #closed: Error | undefined;
  readonly #waiters = new Set<Waiter>();

  /** Everything so far, remarks included. */
  get text(): string {
    return this.#text;
  }

  /** Adds text and wakes whoever waited for it. */
  append(chunk: string): void {
    this.#text += chunk;
    this.#fresh += chunk;
    for (const waiter of this.#waiters) this.#try(waiter);
  }

  /** Adds a remark: it is in {@link text}, and no wait ever sees it. */
  remark(text: string): void {
    this.#text += text;
  }

  /** From here on waits look at new text only, as after a reset. */
  restart(): void {
    this.#fresh = '';
  }

  /** Ends the text: whoever waits now or later is refused with the error. */
  close(error: Error): void {
    this.#closed = error;
    for (const waiter of this.#waiters) waiter.reject(error);
    this.#waiters.clear();
  }

  /** Begins to wait for a match in the text since the last {@link restart}, text already there included. */
  watch(pattern: RegExp): Watch {
    const { promise, resolve, reject } = Promise.withResolvers<RegExpExecArray>();
    promise.catch(() => {});
    const fresh = new RegExp(pattern.source, pattern.flags.replaceAll(/[gy]/g, ''));
    const waiter: Waiter = { pattern: fresh, resolve, reject };
    this.#waiters.add(waiter);
    this.#try(waiter);
    if (this.#closed !== undefined) reject(this.#closed);
    return { match: promise, [Symbol.dispose]: () => this.#waiters.delete(waiter) };
  }

  /**
   * Waits as {@link watch} does, for so many milliseconds.
   * @throws LabError with the end of the text, at the deadline or when the text ends before.
   */
  async waitFor(pattern: RegExp, deadline: number): Promise<RegExpExecArray> {
    using watch = this.watch(pattern);
    return await within(watch.match, deadline, () => {
      const what = `no ${pattern} on the console within ${deadline} ms; its end:`;
      return new LabError(`${what}\n${tail(this.#text)}`);
    });
  }

  #try(waiter: Waiter): void {
    const match = waiter.pattern.exec(this.#fresh);
    if (match === null) return;
    this.#waiters.delete(waiter);
    waiter.resolve(match);
  }
}
