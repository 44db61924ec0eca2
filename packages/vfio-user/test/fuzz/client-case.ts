// A hostile server as data: what its client does, and what it answers.

import type { FdKind, MessageSpec } from './server-case.ts';

export const OPERATIONS = [
  'info',
  'region',
  'irq',
  'set-irqs',
  'read',
  'write',
  'post',
  'mmap',
  'reset',
  'feature',
  'migration-read',
  'migration-write',
  'map',
  'unmap',
  'io-fds',
  'write-multi',
  'post-multi',
  'raw',
] as const;

/** Something the client is told to do, with two numbers that mean what the operation makes of them. */
export interface Operation {
  readonly op: (typeof OPERATIONS)[number];
  readonly a: number;
  readonly b: number;
}

/** How an answer differs from the right one. */
export interface Answer {
  /** What VERSION says, instead of what is right. */
  readonly json?: string | undefined;
  /** Times it is sent; only when the client has given up for -1. */
  readonly times?: number;
  readonly flags?: number;
  readonly errno?: number;
  /** Added to id and command. */
  readonly id?: number;
  readonly command?: number;
  /** Bytes more, or less, than the right ones. */
  readonly more?: number;
  /** What the header says of the size. */
  readonly size?: number | undefined;
  /** 32-bit words of the payload that are others, by their place. */
  readonly words?: readonly (readonly [at: number, value: number])[];
  /** Instead of those that belong to it. */
  readonly fds?: readonly FdKind[] | undefined;
  /** Where it is cut into pieces. */
  readonly cuts?: readonly number[];
  /** Sent before it. */
  readonly before?: readonly MessageSpec[];
}

export interface ClientCase {
  readonly about?: string;
  /** Of VERSION. */
  readonly version?: Answer;
  readonly operations: readonly Operation[];
  /** One after the other; the right one where there are no more. */
  readonly answers: readonly Answer[];
}
