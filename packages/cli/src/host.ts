// What a command is given, and how it says that it was chosen.

import type { Output } from './output.ts';

/** What the commands are run in. */
export interface CommandHost {
  readonly output: Output;
  /** Begins to listen for the wish to end. */
  readonly untilStopped: () => Promise<unknown>;
  /** Shows how far something is, in place of what it showed before; absent where nobody looks. */
  readonly progress?: (text: string) => void;
  /** Calls back at each wish that files be read again. */
  readonly onReload?: (reload: () => void) => void;
  /** Of the package. */
  readonly version: string;
}

/** What a command does when it is chosen. @returns exit code */
export type Action = () => Promise<number>;

/** Tells the action of the command that was chosen. */
export type Choose = (action: Action) => void;

/** Milliseconds that need no remark. */
const SHORT = 1000;

/** Says what is waited for, where that takes longer than a second, until it is disposed. */
export class Waiting implements Disposable {
  readonly #show: ((text: string) => void) | undefined;
  readonly #timer: NodeJS.Timeout;
  #text = '';
  #isShown = false;

  constructor({ progress }: Pick<CommandHost, 'progress'>) {
    this.#show = progress;
    this.#timer = setTimeout(() => {
      this.#isShown = true;
      this.#show?.(this.#text);
    }, SHORT);
  }

  /** What is waited for from now on. */
  for(text: string): void {
    this.#text = text;
    if (this.#isShown) this.#show?.(text);
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    if (this.#isShown) this.#show?.('');
  }
}
