import { spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { Env } from './paths.ts';
import { LabError, tail } from './errors.ts';

/** How a program is run by {@link run}. */
export interface RunOptions {
  readonly env?: Env;
  /** Called with each line the program writes on standard output, as it comes. */
  readonly onLine?: (line: string) => void;
}

/**
 * Runs a program to its end and gives what it wrote on standard output.
 * @throws LabError with the last lines of its output when it cannot start or fails.
 */
export async function run(
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<string> {
  const child = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...options.env },
  });
  let out = '';
  let all = '';
  let line = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    out += chunk;
    all += chunk;
    if (options.onLine === undefined) return;
    const lines = (line + chunk).split('\n');
    line = lines.pop() ?? '';
    for (const whole of lines) options.onLine(whole);
  });
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    all += chunk;
  });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  child.once('error', (cause) => {
    reject(new LabError(`cannot run ${command}: ${cause.message}`, '', { cause }));
  });
  child.once('close', (code, signal) => {
    if (code === 0) resolve();
    else reject(new LabError(`${command} ended with ${signal ?? code}:\n${tail(all)}`));
  });
  await promise;
  return out;
}

/** Runs a shell script; `args` are its `$1`, `$2` and so on. As {@link run} otherwise. */
export async function runShell(
  script: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<string> {
  return run('sh', ['-ec', script, 'sh', ...args], options);
}

/** The absolute path of a program, looked for as a shell would, or undefined. */
export function findProgram(name: string, env: Env = process.env): string | undefined {
  const path = `${env['PATH'] ?? ''}${delimiter}/usr/sbin${delimiter}/sbin`;
  for (const dir of path.split(delimiter)) {
    if (dir === '') continue;
    const file = join(dir, name);
    try {
      accessSync(file, constants.X_OK);
      return file;
    } catch {
      continue;
    }
  }
  return undefined;
}

/** Whether this process is the superuser. */
export function isRoot(): boolean {
  return process.getuid?.() === 0;
}
