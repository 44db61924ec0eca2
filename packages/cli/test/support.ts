// The command as another process.

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import {
  connect,
  EventLoop,
  LinuxClock,
  linuxClientHost,
  VfioUserClient,
} from '@vfio-ts/vfio-user';
import { onTestFinished } from 'vitest';

/** The program. */
export const main: string = new URL('../dist/main.js', import.meta.url).pathname;

/** A command that runs. */
export interface Run {
  readonly child: ChildProcess;
  /** Lines of standard output, as they come. */
  readonly lines: AsyncIterator<string>;
  /** Everything on standard error. */
  readonly errors: () => string;
  /** Exit code and signal. */
  readonly ended: Promise<readonly unknown[]>;
}

/** Where and how a program is to run. */
export interface RunOptions {
  readonly cwd?: string;
  /** In place of the environment of the tests. */
  readonly env?: NodeJS.ProcessEnv;
}

/** Runs a command line; it ends with the test at the latest. */
export function run(...args: readonly string[]): Run {
  return runProgram(main, {}, ...args);
}

/** Runs a program of Node; it ends with the test at the latest. */
export function runProgram(program: string, options: RunOptions, ...args: readonly string[]): Run {
  const child = spawn(process.execPath, [program, ...args], {
    ...options,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return { child, lines, errors: () => errors, ended: once(child, 'close') };
}

/** What `serve --json` says first. */
export async function ready(served: Run): Promise<Record<string, string>> {
  const { value } = await served.lines.next();
  return JSON.parse(value ?? '{}');
}

/** A client of the device on a socket. */
export function attach(socket: string): Promise<VfioUserClient> {
  const host = linuxClientHost(new LinuxClock(), { log: () => undefined });
  return VfioUserClient.attach(connect(socket, new EventLoop()), { host });
}

/** Everything a command prints until it ends. */
export async function printed({ lines }: Run): Promise<string[]> {
  const said: string[] = [];
  for (let next = await lines.next(); next.done !== true; next = await lines.next()) {
    said.push(next.value);
  }
  return said;
}

/** A folder that is removed when disposed. */
export function temporaryFolder(): Disposable & { readonly path: string } {
  const path = mkdtempSync(join(tmpdir(), 'vfio-ts-test-'));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}
