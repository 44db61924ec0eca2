// Log lines: from which level on they are wanted, and which session they are about.

import type { LogLevel, Logger } from '@vfio-ts/core';

const ORDER: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3 };

/** A logger that passes lines on from a level on, which can be changed at any time. */
export class LevelLogger implements Logger {
  readonly #sink: Logger;
  /** The least level that is passed on. */
  level: LogLevel;

  constructor(sink: Logger, level: LogLevel) {
    this.#sink = sink;
    this.level = level;
  }

  /** Whether a line of this level is passed on. */
  isWanted(level: LogLevel): boolean {
    return ORDER[level] >= ORDER[this.level];
  }

  log(level: LogLevel, component: string, message: () => string, error?: unknown): void {
    if (this.isWanted(level)) this.#sink.log(level, component, message, error);
  }
}

/** The log of one session: its lines say which it is and, once it has negotiated, which kind of client it has. */
export class SessionLog extends LevelLogger {
  readonly #session: string;
  #component: string;

  /** @param session - what the session is called, for example `vfio0#3` */
  constructor(sink: Logger, level: LogLevel, session: string) {
    super(sink, level);
    this.#session = session;
    this.#component = session;
  }

  /** Names the kind of client in all lines from now on, for example `vfio0#3 qemu`. */
  attached(kind: string): void {
    this.#component = `${this.#session} ${kind}`;
  }

  /** One line of the session. */
  write(level: LogLevel, message: () => string, error?: unknown): void {
    this.log(level, this.#component, message, error);
  }
}
