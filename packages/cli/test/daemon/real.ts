// A daemon with folders of its own, and commands to it, as processes.

import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, vi } from 'vitest';
import { askDaemon } from '../../src/daemon/control-client.ts';
import type { DeviceStatus } from '../../src/daemon/protocol.ts';
import { run as runHere } from '../../src/program.ts';
import { main, runProgram, type Run } from '../support.ts';

/** How long something may take on a machine that is busy, ms. */
const LONG = { timeout: 45_000 };

/** UUIDs for tests, by number. */
export function uuidOf(n: number): string {
  return `83b8f4f2-509f-382f-3c1e-e6bfe0fa100${n}`;
}

/** Folders that go with the test. */
export class Installation {
  readonly folder: string = mkdtempSync(join(tmpdir(), 'vfio-ts-test-'));
  readonly config: string = join(this.folder, 'config');
  readonly definitions: string = join(this.config, 'mdevctl.d');
  readonly runtime: string = join(this.folder, 'run');
  readonly control: string = join(this.runtime, 'control.sock');
  readonly env: NodeJS.ProcessEnv = {
    ...process.env,
    VFIO_TS_CONFIG_DIR: this.config,
    VFIO_TS_RUNTIME_DIR: this.runtime,
  };

  constructor() {
    onTestFinished(() => rmSync(this.folder, { recursive: true, force: true }));
  }

  socket(n: number): string {
    return join(this.runtime, `${uuidOf(n)}.sock`);
  }

  /** Writes a definition as another program would. */
  define(n: number, definition: object | string, parent = 'mdpy'): void {
    mkdirSync(join(this.definitions, parent), { recursive: true });
    const text = typeof definition === 'string' ? definition : JSON.stringify(definition);
    writeFileSync(join(this.definitions, parent, uuidOf(n)), text);
  }

  run(...args: readonly string[]): Run {
    return runProgram(main, { env: this.env }, ...args);
  }

  /** Runs a command to its end, in this process. */
  async command(...argv: readonly string[]) {
    vi.stubEnv('VFIO_TS_CONFIG_DIR', this.config);
    vi.stubEnv('VFIO_TS_RUNTIME_DIR', this.runtime);
    const lines: string[] = [];
    const errors: string[] = [];
    const code = await runHere(argv, {
      output: {
        print: (text) => void lines.push(...text.split('\n')),
        note: (line) => void errors.push(line),
      },
      untilStopped: () => Promise.resolve(),
      version: '1.2.3',
    });
    return { code, lines, errors: errors.join('\n') };
  }

  /** Runs the daemon, until it has tried to start all that is to start by itself. */
  async daemon(...args: readonly string[]): Promise<Run> {
    const daemon = this.run('daemon', ...args);
    // Before it is killed, so that its devices are gone when the folders are.
    onTestFinished(async () => {
      daemon.child.kill('SIGTERM');
      await daemon.ended;
    });
    await logged(daemon, /daemon.* devices run/u);
    return daemon;
  }

  /** What the daemon says of a device. */
  async status(n: number): Promise<DeviceStatus | undefined> {
    const { devices } = await askDaemon(this.control, { verb: 'status' });
    return devices.find(({ uuid }) => uuid === uuidOf(n));
  }
}

/** Resolves when a process has logged something. */
export async function logged(run: Run, what: RegExp | string): Promise<void> {
  await vi.waitFor(() => expect(run.errors()).toMatch(what), LONG);
}

/** Resolves when something holds. */
export async function eventually(check: () => void | Promise<void>): Promise<void> {
  await vi.waitFor(check, LONG);
}

/** Whether a process is there. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
