// Something that a queue is asked for.

import type { Timer } from '@vfio-ts/core';

/** What a request is and how its reply is read. */
export interface Question<T> {
  /** What it is called in errors. */
  readonly op: string;
  /** Which queues can do it: of a mode, or one. */
  readonly target: Target;
  /** The message to a queue of a domain. */
  encode(domain: number): Uint8Array;
  /** The result in a reply. Throws where there is none. */
  decode(reply: Uint8Array): T;
}

/** The mode of the queues, or the APQN of one queue. */
export type Target = 'accelerator' | 'cca' | number;

/** A request as those see it who carry it: it ends once, whatever comes after that. */
export interface Carried {
  readonly op: string;
  readonly target: Target;
  readonly isOver: boolean;
  encode(domain: number): Uint8Array;
  /** Ends it with a reply. */
  answer(reply: Uint8Array): void;
  /** Ends it without one. */
  fail(error: unknown): void;
}

/** A request. */
export class Request<T> implements Carried {
  /** Settles when it ends. */
  readonly result: Promise<T>;
  readonly #question: Question<T>;
  readonly #settle = Promise.withResolvers<T>();
  #isOver = false;
  #timer: Timer | undefined;

  constructor(question: Question<T>) {
    this.#question = question;
    this.result = this.#settle.promise;
  }

  get op(): string {
    return this.#question.op;
  }

  get target(): Target {
    return this.#question.target;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Cancels a timer when it ends. */
  setTimer(timer: Timer): void {
    this.#timer = timer;
  }

  encode(domain: number): Uint8Array {
    return this.#question.encode(domain);
  }

  answer(reply: Uint8Array): void {
    if (!this.#end()) return;
    try {
      this.#settle.resolve(this.#question.decode(reply));
    } catch (error) {
      this.#settle.reject(error);
    }
  }

  fail(error: unknown): void {
    if (this.#end()) this.#settle.reject(error);
  }

  #end(): boolean {
    if (this.#isOver) return false;
    this.#isOver = true;
    this.#timer?.cancel();
    return true;
  }
}
