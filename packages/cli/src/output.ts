// What the command says: results on standard output, everything else on standard error.

import { inspect } from 'node:util';
import type { Logger, LogLevel } from '@vfio-ts/core';
import { LevelLogger } from '@vfio-ts/vfio-user';

/** The levels of the log, least first. */
export const LOG_LEVELS: readonly LogLevel[] = ['debug', 'info', 'warn', 'error'];

/** Tells whether a word is one of the levels. */
export function isLogLevel(word: string): word is LogLevel {
  return LOG_LEVELS.some((level) => level === word);
}

/** Where a command writes. */
export interface Output {
  /** A result, one line on standard output. */
  print(line: string): void;
  /** A remark, one line on standard error. */
  note(line: string): void;
}

/** The process's own streams. A reader that has gone away is no error. */
export const processOutput: Output = {
  print: (line) => void process.stdout.write(`${line}\n`),
  note: (line) => void process.stderr.write(`${line}\n`),
};

/** A logger of lines `level component: message`, from `least` on; stacks at the errors. */
export function lineLogger(output: Output, least: LogLevel): Logger {
  const lines: Logger = {
    log(level, component, message, error) {
      output.note(`${level} ${component}: ${message()}`);
      if (error !== undefined)
        output.note(error instanceof Error ? (error.stack ?? error.message) : inspect(error));
    },
  };
  return new LevelLogger(lines, least);
}
