import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { LabError } from './errors.ts';

const LOCKER = 'flock';
const BUSY = 75;

/** A lock that is held; disposing releases it, and so does the end of this process. */
export interface Lock extends AsyncDisposable {
  readonly path: string;
}

/**
 * Takes an exclusive lock on a file. If another process holds it, `onBusy` is told that process's
 * id once, and the lock is waited for.
 *
 * The kernel keeps the lock (`flock(1)` holds it until its standard input ends), so nothing stale
 * stays behind however this process dies.
 */
export async function takeLock(path: string, onBusy: (pid: string) => void): Promise<Lock> {
  mkdirSync(dirname(path), { recursive: true });
  let lock = await tryLock(path, ['--nonblock']);
  if (lock === undefined) {
    onBusy(readHolder(path));
    lock = await tryLock(path, []);
  }
  if (lock === undefined) throw new LabError(`cannot lock ${path}`);
  writeFileSync(path, `${process.pid}\n`);
  return lock;
}

async function tryLock(path: string, flags: readonly string[]): Promise<Lock | undefined> {
  const hold = ['sh', '-c', 'echo held; exec cat >/dev/null'];
  const args = ['--no-fork', '--exclusive', '--conflict-exit-code', String(BUSY), ...flags, path];
  const child = spawn(LOCKER, [...args, ...hold], { stdio: ['pipe', 'pipe', 'inherit'] });
  const closed = once(child, 'close');
  const held = once(child.stdout, 'data').then(() => 'held');
  const outcome = await Promise.race([held, closed.then(([code]) => code)]);
  if (outcome === BUSY) return undefined;
  if (outcome !== 'held') throw new LabError(`flock ended with ${outcome} on ${path}`);
  return {
    path,
    async [Symbol.asyncDispose]() {
      child.stdin.end();
      await closed;
    },
  };
}

function readHolder(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim() || 'unknown';
  } catch {
    return 'unknown';
  }
}
