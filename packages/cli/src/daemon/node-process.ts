// Devices as processes of Node: this command again, told on its standard input what to serve.
//
// Concepts: the standard input stays open as long as the daemon lives, and a device ends with it: the daemon may be
// killed, and no device outlives it. Each is in a session of its own, so that a terminal's signals reach the daemon alone.

import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { LogLevel } from '@vfio-ts/core';
import { isRecord } from '../json.ts';
import { EXIT } from '../usage.ts';
import type { DeviceOrder, DeviceProcess, ProcessEnd, ReadyDevice } from './device-process.ts';

/** The command that a device's process is started with. */
export const RUN_DEVICE = 'run-device';

/** What such a process reads first, in one line. */
export interface DeviceJob {
  readonly order: DeviceOrder;
  readonly logLevel: LogLevel;
  readonly logJson: boolean;
}

/** How processes are started. */
export interface NodeProcessOptions {
  /** The Node that runs it; the one that runs this when left out. */
  readonly node?: string;
  /** The command's script; that of this package when left out. */
  readonly main?: string;
  readonly logLevel: LogLevel;
  readonly logJson: boolean;
  /** Takes a line of a device's log. */
  readonly log: (uuid: string, line: string) => void;
}

/** What the service manager tells the daemon is not for its devices. */
const NOT_FOR_DEVICES = [
  'LISTEN_FDNAMES',
  'LISTEN_FDS',
  'LISTEN_PID',
  'NOTIFY_SOCKET',
  'WATCHDOG_PID',
  'WATCHDOG_USEC',
];

/** The line that says why a process ends: the command's own, or Node's. */
const REASON = /^vfio-ts: (?<reason>.+)$|^(?<reason>[A-Z]\w*Error\b.*)$/u;

const MAIN = new URL('../main.js', import.meta.url).pathname;

/** Starts a device. Never throws: a process that cannot be started has ended. */
export function startNodeProcess(order: DeviceOrder, options: NodeProcessOptions): DeviceProcess {
  try {
    return start(order, options);
  } catch (error) {
    // Where descriptors or memory are short; that may be over when it is tried again.
    const reason = error instanceof Error ? error.message : String(error);
    return {
      pid: undefined,
      ready: new Promise(() => undefined),
      ended: Promise.resolve({ reason, isFinal: false }),
      stop: () => undefined,
      kill: () => undefined,
    };
  }
}

function start(order: DeviceOrder, options: NodeProcessOptions): DeviceProcess {
  const { node = process.execPath, main = MAIN, logLevel, logJson, log } = options;
  const child = spawn(node, [main, RUN_DEVICE], {
    detached: true,
    env: environment(),
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let last: string | undefined;
  // Must precede all else: what fails from here on is told by an event, which somebody has to hear.
  const ended = endOf(child, () => last);
  // A process that is gone does not read.
  child.stdin.on('error', () => undefined);
  const job: DeviceJob = { order, logLevel, logJson };
  child.stdin.write(`${JSON.stringify(job)}\n`);
  createInterface({ input: child.stderr }).on('line', (line) => {
    last = REASON.exec(line)?.groups?.['reason'] ?? last;
    log(order.uuid, line);
  });
  return {
    pid: child.pid,
    ready: readyOf(child),
    ended,
    stop: () => void child.kill('SIGTERM'),
    kill: () => void child.kill('SIGKILL'),
  };
}

function environment(): NodeJS.ProcessEnv {
  const env = { ...process.env };
  for (const name of NOT_FOR_DEVICES) delete env[name];
  return env;
}

/** The first line of its output; what comes after that nobody wants. */
function readyOf({ stdout }: ChildProcess): Promise<ReadyDevice> {
  const { promise, resolve } = Promise.withResolvers<ReadyDevice>();
  if (stdout === null) return promise;
  createInterface({ input: stdout }).on('line', (line) => {
    const ready = parseReady(line);
    if (ready !== undefined) resolve(ready);
  });
  return promise;
}

function parseReady(line: string): ReadyDevice | undefined {
  let told: unknown;
  try {
    told = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (!isRecord(told)) return undefined;
  const { driver, type } = told;
  if (typeof driver !== 'string' || typeof type !== 'string') return undefined;
  return { ...told, driver, type };
}

function endOf(child: ChildProcess, lastReason: () => string | undefined): Promise<ProcessEnd> {
  const { promise, resolve } = Promise.withResolvers<ProcessEnd>();
  child.on('error', ({ message }) => {
    // A signal that could not be sent is an error, too, and no end.
    if (child.pid === undefined) resolve({ reason: message, isFinal: false });
  });
  // After `exit`, when what it said last has been read.
  child.on('close', (code, signal) => {
    child.stdin?.destroy();
    const isFinal = code === EXIT.USAGE;
    if (signal !== null) resolve({ reason: `killed by ${signal}`, isFinal });
    else resolve({ reason: lastReason() ?? `ended with exit code ${code}`, isFinal });
  });
  return promise;
}
