// npx and pnpm stand between the user and this process, and a signal sent to them does not reach it: npx ends and
// leaves us behind. So a process they launched looks after them.

import { readFileSync } from 'node:fs';

/** How often a launcher is looked after, ms. */
const LOOK_MS = 250;

/** A process that may have launched this one. */
interface Ancestor {
  readonly pid: number;
  readonly parent: number;
  /** As `ps` shows it. */
  readonly title: string;
}

/** What `/proc` says of a process; `undefined` when it is gone, or where there is no `/proc`. */
function processOf(pid: number): Ancestor | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const title = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
    // The name in parentheses may hold spaces; the fields after it are state and parent.
    const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
    return { pid, parent, title };
  } catch {
    return undefined;
  }
}

/** The package managers among the ancestors of this process, and what lies between, nearest first. */
export function launchers(
  pid: number,
  look: (pid: number) => Ancestor | undefined = processOf,
): number[] {
  const found: number[] = [];
  let last = 0;
  for (let next = look(pid)?.parent ?? 0; next > 1;) {
    const ancestor = look(next);
    if (ancestor === undefined) break;
    found.push(ancestor.pid);
    if (/^(?:\S*\/)?(?:npm|npx|pnpm)(?:\s|$)/u.test(ancestor.title)) last = found.length;
    next = ancestor.parent;
  }
  return found.slice(0, last);
}

/** Resolves when a package manager that launched this process has ended; never without one. */
export function untilLauncherGone(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const pids = launchers(process.pid);
  if (pids.length === 0) return promise;
  const timer = setInterval(() => {
    if (pids.every((pid) => processOf(pid) !== undefined)) return;
    clearInterval(timer);
    resolve();
  }, LOOK_MS);
  timer.unref();
  return promise;
}
