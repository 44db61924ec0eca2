// Commands run in this process, and what they say.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { run } from '../../src/program.ts';

/** A folder of the test. */
export function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'vfio-ts-test-'));
  onTestFinished(() => rmSync(path, { recursive: true }));
  return path;
}

/** What a command said. */
export interface Said {
  readonly exit: number;
  readonly printed: readonly string[];
  readonly noted: readonly string[];
}

/** Runs a command to its end; one that goes on until it is stopped is stopped at once. */
export async function said(...argv: readonly string[]): Promise<Said> {
  const printed: string[] = [];
  const noted: string[] = [];
  const never = new Promise<void>(() => undefined);
  const exit = await run(argv, {
    output: { print: (line) => printed.push(line), note: (line) => noted.push(line) },
    untilStopped: () => (argv[0] === 'serve' ? Promise.resolve() : never),
    version: '',
  });
  return { exit, printed, noted };
}

/** A command that goes on until it is stopped. */
export interface Running {
  readonly printed: readonly string[];
  readonly noted: readonly string[];
  /** Waits for a line that holds `text`. */
  line(text: string): Promise<string>;
  /** Stops it. @returns exit code */
  stop(): Promise<number>;
}

/** Starts a command. It is stopped at the end of the test at the latest. */
export function start(...argv: readonly string[]): Running {
  const printed: string[] = [];
  const noted: string[] = [];
  const stopped = Promise.withResolvers<void>();
  const waiting: { readonly text: string; readonly done: (line: string) => void }[] = [];
  const print = (line: string): void => {
    printed.push(line);
    for (const { text, done } of waiting) if (line.includes(text)) done(line);
  };
  const output = { print, note: (line: string) => void noted.push(line) };
  const ended = run(argv, { output, untilStopped: () => stopped.promise, version: '' });
  onTestFinished(async () => {
    stopped.resolve();
    await ended;
  });
  return {
    printed,
    noted,
    async line(text) {
      const found = printed.find((line) => line.includes(text));
      if (found !== undefined) return found;
      const { promise, resolve } = Promise.withResolvers<string>();
      waiting.push({ text, done: resolve });
      const over = ended.then((exit) => {
        throw new Error(`ended with ${exit}: ${noted.join('\n')}`);
      });
      return Promise.race([promise, over]);
    },
    stop() {
      stopped.resolve();
      return ended;
    },
  };
}

/** A small volume formatted for Linux. */
export async function volume(name = 'volume.ckd', serial = 'LNX001'): Promise<string> {
  const path = join(folder(), name);
  const size = ['--cylinders', '3', '--format', 'linux'];
  const { exit } = await said('ccw', 'init', ...size, path, serial);
  expect(exit).toBe(0);
  return path;
}
