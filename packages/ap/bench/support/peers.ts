// The processes at the other end.

import { execFileSync, fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BareTold } from '../peers/bare.ts';
import type { HeldUp } from '../peers/delay.ts';

const PROCESSORS = cpus().length;

/** Threads that compute. One processor is the client's and the loop's: that is how one would deal them out. */
export const THREADS: number = Math.max(1, PROCESSORS - 1);

/** A process that answers what it is asked. */
export class Peer<Question extends string | number, Answer> implements AsyncDisposable {
  readonly #child: ChildProcess;
  /** Rejects when it ends too early. */
  readonly #gone: Promise<never>;

  private constructor(child: ChildProcess) {
    this.#child = child;
    this.#gone = once(child, 'exit').then(([code, signal]) => {
      throw new Error(`a peer ended with ${signal ?? code}`);
    });
    // It ends at the end of the run too, when nobody waits for it.
    this.#gone.catch(() => {});
  }

  /** Starts a program of peers/ on all processors, and waits until it is ready. */
  static async start<Question extends string | number, Answer>(
    program: string,
    ...args: readonly string[]
  ): Promise<Peer<Question, Answer>> {
    const file = fileURLToPath(new URL(`../peers/${program}`, import.meta.url));
    const peer = new Peer<Question, Answer>(fork(file, args, onAllProcessors()));
    await peer.#told();
    return peer;
  }

  /** Says something that has no answer. */
  say(what: Question): void {
    this.#child.send(what);
  }

  async ask(question: Question): Promise<Answer> {
    const told = this.#told();
    this.say(question);
    return told;
  }

  async #told(): Promise<Answer> {
    const told = once(this.#child, 'message').then(([message]): Answer => message);
    return Promise.race([told, this.#gone]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.connected) this.#child.disconnect();
    await this.#gone.catch(() => {});
  }
}

/** A benchmark's own process has one processor; what computes in several threads needs all. */
function onAllProcessors(): Parameters<typeof fork>[2] {
  try {
    execFileSync('taskset', ['--version'], { stdio: 'ignore' });
  } catch {
    return { execArgv: [] };
  }
  const list = `0-${PROCESSORS - 1}`;
  return { execPath: 'taskset', execArgv: ['--cpu-list', list, process.execPath] };
}

/** What our server is told: to look for how long its loop is held up, and to tell it. */
export type Asked = 'watch' | 'tell';

/** Our server. */
export type Server = Peer<Asked, HeldUp>;

/** Bare node:crypto; asked for a number of operations of each thread. */
export type Bare = Peer<number, BareTold>;

/** A folder of the run, removed at its end. */
export class Folder implements Disposable {
  readonly #path = mkdtempSync(join(tmpdir(), 'vfio-ts-bench-'));

  /** A path in it. */
  path(name: string): string {
    return join(this.#path, name);
  }

  [Symbol.dispose](): void {
    rmSync(this.#path, { recursive: true, force: true });
  }
}

/** Signatures per second that `openssl speed` makes with as many threads; `undefined` without openssl. */
export function opensslSpeed(): number | undefined {
  const args = ['speed', '-mr', '-seconds', '1', '-multi', `${THREADS}`, 'rsa2048'];
  try {
    const text = execFileSync('openssl', args, {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const rate = Number(/^\+F2:\d+:2048:([\d.e-]+)/mu.exec(text)?.[1]);
    return Number.isFinite(rate) ? rate : undefined;
  } catch {
    return undefined;
  }
}
