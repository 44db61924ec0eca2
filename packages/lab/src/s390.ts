import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Env } from './paths.ts';

/** How a program of s390x ended. */
export interface S390Result {
  readonly exitStatus: number;
  /** What it wrote on both streams. */
  readonly output: string;
}

/**
 * Runs a program of s390x as a process of this machine.
 *
 * @param s390 - `LabReady.s390`
 * @param program - its path in the tree, for example `usr/sbin/lszcrypt`
 */
export async function runS390(
  s390: string,
  program: string,
  args: readonly string[],
  env: Env = {},
): Promise<S390Result> {
  const tree = join(s390, 'tree');
  const child = spawn(join(s390, 'qemu-s390x'), ['-L', tree, join(tree, program), ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, LC_ALL: 'C', ...env },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  }
  const [exitStatus]: unknown[] = await once(child, 'close');
  return { exitStatus: typeof exitStatus === 'number' ? exitStatus : -1, output };
}
