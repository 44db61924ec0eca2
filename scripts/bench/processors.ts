// Which processors a benchmark has. Its own process begins with one.

import { execFileSync } from 'node:child_process';
import { cpus } from 'node:os';

/** Lets this process, and what it starts from now on, run on all processors. */
export function leaveProcessor(): void {
  const list = `0-${cpus().length - 1}`;
  const args = ['--all-tasks', '--cpu-list', '--pid', list, `${process.pid}`];
  try {
    execFileSync('taskset', args, { stdio: 'ignore' });
  } catch {
    // Without taskset nothing has been pinned.
  }
}
