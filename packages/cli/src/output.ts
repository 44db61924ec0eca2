// What the command says: results on standard output, everything else on standard error.

import { inspect, styleText } from 'node:util';
import type { Logger, LogLevel } from '@vfio-ts/core';
import { LevelLogger } from '@vfio-ts/vfio-user';

/** The levels of the log, least first. */
export const LOG_LEVELS: readonly LogLevel[] = ['debug', 'info', 'warn', 'error'];

/** How a part of a line can be told from the rest on a terminal. */
export type LineStyle = 'bold' | 'dim' | 'red' | 'green' | 'yellow';

/** Puts a style on text; gives it back as it is where nobody would see it. */
export type Styler = (style: LineStyle, text: string) => string;

/** Where a command writes. */
export interface Output {
  /** A result, one line on standard output. */
  print(line: string): void;
  /** A remark, one line on standard error. */
  note(line: string): void;
  /** Results go to a terminal, whose screen can be drawn again. */
  readonly isTerminal?: boolean;
  /** For results; plain when left out. */
  readonly style?: Styler;
  /** For remarks; plain when left out. */
  readonly noteStyle?: Styler;
}

/** The process's own streams, with colours on terminals, unless `NO_COLOR` is set. A reader that has gone away is no error. */
export const processOutput: Output = {
  print: (line) => void process.stdout.write(`${line}\n`),
  note: (line) => void process.stderr.write(`${line}\n`),
  isTerminal: process.stdout.isTTY,
  style: (style, text) => styleText(style, text, { stream: process.stdout }),
  noteStyle: (style, text) => styleText(style, text, { stream: process.stderr }),
};

/** Styles nothing. */
export const plain: Styler = (_style, text) => text;

/** Shows how far something is, on the last line of the terminal; `undefined` where standard error is none. */
export function terminalProgress(): ((text: string) => void) | undefined {
  if (!process.stderr.isTTY) return undefined;
  return (text) => void process.stderr.write(`\r\u001B[K${text}`);
}

/** A logger of lines of JSON, from `least` on. */
export function jsonLogger(output: Output, least: LogLevel): Logger {
  const lines: Logger = {
    log(level, component, message, error) {
      const line = { time: new Date().toISOString(), level, component, message: message() };
      const told = error === undefined ? {} : { error: errorFields(error) };
      output.note(JSON.stringify({ ...line, ...told }));
    },
  };
  return new LevelLogger(lines, least);
}

function errorFields(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { message: inspect(error) };
  const { message, stack } = error;
  return { ...('code' in error && { code: error.code }), message, stack };
}

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
