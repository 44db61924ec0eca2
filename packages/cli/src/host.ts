// What a command is given, and how it says that it was chosen.

import type { Output } from './output.ts';

/** What the commands are run in. */
export interface CommandHost {
  readonly output: Output;
  /** Begins to listen for the wish to end. */
  readonly untilStopped: () => Promise<unknown>;
  /** Shows how far something is, in place of what it showed before; absent where nobody looks. */
  readonly progress?: (text: string) => void;
  /** Of the package. */
  readonly version: string;
}

/** What a command does when it is chosen. @returns exit code */
export type Action = () => Promise<number>;

/** Tells the action of the command that was chosen. */
export type Choose = (action: Action) => void;
