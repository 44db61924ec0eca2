// A log that a test can look at.

import type { Logger, LogLevel } from '@vfio-ts/core';

/** One line of a {@link RecordingLogger}. */
export interface LogLine {
  readonly level: LogLevel;
  readonly component: string;
  readonly message: string;
  readonly error: unknown;
}

/** Keeps every line. */
export class RecordingLogger implements Logger {
  readonly lines: LogLine[] = [];

  log(level: LogLevel, component: string, message: () => string, error?: unknown): void {
    this.lines.push({ level, component, message: message(), error });
  }

  /** The lines of one level, oldest first. */
  at(level: LogLevel): readonly LogLine[] {
    return this.lines.filter((line) => line.level === level);
  }

  /** Takes the lines of one level out, for a test that expects them. */
  take(level: LogLevel): readonly LogLine[] {
    const taken = this.at(level);
    const rest = this.lines.filter((line) => line.level !== level);
    this.lines.splice(0, this.lines.length, ...rest);
    return taken;
  }
}
