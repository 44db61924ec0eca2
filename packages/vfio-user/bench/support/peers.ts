// The processes at the other end.

import { execFileSync, fork, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { OwnedFd } from '../../src/fd.ts';
import * as libc from '../../src/native/libc.ts';
import { BlockingTransport } from '../../src/transport-blocking.ts';

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

/** How a server is started. */
export interface ServerProcessOptions {
  /** How many it serves; one when left out. */
  readonly devices?: number;
  /** Of its Node. */
  readonly flags?: readonly string[];
  /** Milliseconds after which its loop gives Node a turn; as always when left out. */
  readonly turn?: number;
}

let servers = 0;

/** Our server, in a process of its own. */
export class ServerProcess implements AsyncDisposable {
  readonly path: string;
  readonly #child: ChildProcess;
  /** Rejects when it ends too early. */
  readonly #gone: Promise<never>;

  private constructor(path: string, child: ChildProcess) {
    this.path = path;
    this.#child = child;
    this.#gone = once(child, 'exit').then(([code, signal]) => {
      throw new Error(`the server ended with ${signal ?? code}`);
    });
    // It ends at the end of the run too, when nobody waits for it.
    this.#gone.catch(() => {});
  }

  /** Starts it, and waits until clients can connect. */
  static async start(
    folder: Folder,
    { devices = 1, flags = [], turn }: ServerProcessOptions = {},
  ): Promise<ServerProcess> {
    const path = folder.path(`server-${servers++}.sock`);
    const program = fileURLToPath(new URL('../peers/server.ts', import.meta.url));
    const args = [path, `${devices}`, ...(turn === undefined ? [] : [`${turn}`])];
    const child = fork(program, args, { execArgv: [...flags] });
    const server = new ServerProcess(path, child);
    await server.#told();
    return server;
  }

  /** Where one of its devices is. */
  device(number: number): string {
    return number === 0 ? this.path : `${this.path}.${number}`;
  }

  /** Bytes of memory it has of its own, without garbage. */
  async memory(): Promise<number> {
    const done = this.#told();
    this.#child.send('collect');
    await done;
    const text = readFileSync(`/proc/${this.#child.pid}/smaps_rollup`, 'utf8');
    const kilobytes = /^Private_Dirty: +(\d+) kB$/mu.exec(text)?.[1];
    return Number(kilobytes) * 1024;
  }

  /** Nanoseconds of a processor that all its threads have used; it is not disturbed by the question. */
  processorTime(): number {
    const tasks = `/proc/${this.#child.pid}/task`;
    const times = readdirSync(tasks).map((task) => {
      const [time] = readFileSync(`${tasks}/${task}/schedstat`, 'utf8').split(' ');
      return Number(time);
    });
    return times.reduce((sum, time) => sum + time, 0);
  }

  /** It says that it is ready, or that it has done what it was told. */
  async #told(): Promise<void> {
    await Promise.race([once(this.#child, 'message'), this.#gone]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.connected) this.#child.disconnect();
    await this.#gone.catch(() => {});
  }
}

const ACCEPT_TIMEOUT = 20e6;

/** Starts a bare peer through the same system calls as ours. It ends with the connection. */
export function startPingPong(folder: Folder, request: number, reply: number): BlockingTransport {
  const path = folder.path(`ping-pong-${request}-${reply}.sock`);
  using listener = new OwnedFd(libc.socketUnix());
  libc.bindUnix(listener.number, path);
  libc.listen(listener.number, 1);
  libc.setReceiveTimeout(listener.number, ACCEPT_TIMEOUT);
  const program = fileURLToPath(new URL('../peers/ping-pong.ts', import.meta.url));
  spawn(process.execPath, [program, path, `${request}`, `${reply}`], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const socket = libc.accept(listener.number);
  if (socket < 0) throw new Error('the bare peer did not connect');
  return new BlockingTransport(new OwnedFd(socket));
}

/** The median and the 99th percentile of some round trips, microseconds. */
export interface Times {
  readonly p50: number;
  readonly p99: number;
}

/** The same ping-pong between two processes written in C. */
export class CPingPong implements Disposable {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  private constructor(child: ChildProcess, lines: AsyncIterator<string>) {
    this.#child = child;
    this.#lines = lines;
  }

  /** Compiles and starts it; `undefined` where there is no C compiler. */
  static start(folder: Folder, request: number, reply: number): CPingPong | undefined {
    const program = folder.path('ping-pong');
    const source = fileURLToPath(new URL('../peers/ping-pong.c', import.meta.url));
    try {
      execFileSync(process.env['CC'] ?? 'cc', ['-O2', '-o', program, source], { stdio: 'ignore' });
    } catch {
      return undefined;
    }
    const child = spawn(program, [`${request}`, `${reply}`], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
    return new CPingPong(child, lines);
  }

  /** Measures `count` round trips. */
  async times(count: number): Promise<Times> {
    this.#child.stdin?.write(`${count}\n`);
    const { value = '' } = await this.#lines.next();
    const [p50 = Number.NaN, p99 = Number.NaN] = String(value).split(' ').map(Number);
    return { p50, p99 };
  }

  [Symbol.dispose](): void {
    this.#child.stdin?.end();
  }
}
