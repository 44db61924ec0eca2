import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Agent } from './agent.ts';
import type { RunResult } from './agent.ts';
import { ConsoleText } from './console.ts';
import { within } from './deadline.ts';
import { LabError, tail } from './errors.ts';
import { guestImages } from './guest-images.ts';
import type { GuestSoftware } from './guest-images.ts';
import { bootArgs, connectionArgs, machineArgs } from './qemu-args.ts';
import type { GuestHardware } from './qemu-args.ts';
import { endsWithParent } from './qemu.ts';
import { Qmp } from './qmp.ts';
import type { QmpEvent } from './qmp.ts';
import { labStatus } from './status.ts';

/** What {@link bootGuest} boots. */
export interface GuestOptions extends GuestHardware, GuestSoftware {
  /** The lab's cache folder; the user's by default. */
  readonly dir?: string;
  /** Milliseconds until the guest must take commands; 120 000 by default. */
  readonly deadline?: number;
}

/** How QEMU ended: one of the two is null. */
export interface GuestExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/**
 * A guest that is up. Deadlines are milliseconds from the call; an error at a deadline carries the
 * end of the console. Disposing kills QEMU if it still runs.
 */
export interface Guest extends AsyncDisposable {
  /** QEMU's process. */
  readonly pid: number;
  /** All the text so far: the serial console, with the commands of {@link Guest.run} and their output. */
  readonly console: string;
  /** What QEMU itself has complained about. */
  readonly complaints: string;
  /** Resolves once QEMU has ended. Never rejects. */
  readonly exited: Promise<GuestExit>;
  /** Runs a shell command as root in the guest, in a shell of its own, after those before it. 30 s by default. */
  run(command: string, deadline?: number): Promise<RunResult>;
  /**
   * Waits for text on the serial console since the last reset, text already there included; what
   * {@link Guest.run} runs and prints is not looked at, unless it is written to `/dev/console`.
   * 30 s by default.
   */
  waitFor(pattern: RegExp, deadline?: number): Promise<RegExpExecArray>;
  /** Runs a command of QEMU's monitor (QMP) and gives its return value. 30 s by default. */
  monitor(
    command: string,
    args?: Readonly<Record<string, unknown>>,
    deadline?: number,
  ): Promise<unknown>;
  /** Waits for the next event of QEMU's monitor; ask before doing what causes it. 30 s by default. */
  waitForEvent(name: string, deadline?: number): Promise<QmpEvent>;
  /** Resets the machine and waits until the guest takes commands again. 120 s by default. */
  reset(deadline?: number): Promise<void>;
  /** Has the guest reboot itself and waits until it takes commands again. 120 s by default. */
  reboot(deadline?: number): Promise<void>;
  /** Has the guest power itself off and waits for QEMU's end. 30 s by default. */
  powerOff(deadline?: number): Promise<GuestExit>;
  /** Ends QEMU at once, as a crash of the host's process would (SIGKILL), and waits for its end. */
  kill(): Promise<GuestExit>;
}

const BOOT_DEADLINE = 120_000;
const DEADLINE = 30_000;

/**
 * Boots a guest and waits until it takes commands.
 * @throws LabError when the lab is not set up, QEMU refuses, the kernel panics or the deadline passes.
 */
export async function bootGuest(options: GuestOptions = {}): Promise<Guest> {
  const status = labStatus(options.dir);
  if (!status.ready) throw new LabError(`no guest lab: ${status.missing}`, status.howTo);
  const accel = options.accel ?? (process.env['VFIO_TS_ACCEL'] === 'kvm' ? 'kvm' : 'tcg');
  const dir = mkdtempSync(join(tmpdir(), 'vfio-ts-guest-'));
  await using undo = new AsyncDisposableStack();
  undo.defer(() => rmSync(dir, { recursive: true, force: true }));
  const agentServer = undo.use(await listen(join(dir, 'agent')));
  const monitorServer = undo.use(await listen(join(dir, 'monitor')));
  const args = [
    ...status.qemu.args,
    ...machineArgs({ ...options, accel }),
    ...bootArgs(guestImages(status, options, dir), options.append ?? ''),
    ...connectionArgs(dir),
    ...(endsWithParent(status.qemuVersion) ? ['-run-with', 'exit-with-parent=on'] : []),
    ...(options.args ?? []),
  ];
  const child = spawn(status.qemu.command, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...status.qemu.env },
  });
  const guest = new QemuGuest(child);
  undo.use(guest);
  await guest.connect(agentServer, monitorServer, options.deadline ?? BOOT_DEADLINE);
  undo.move();
  agentServer.close();
  monitorServer.close();
  rmSync(dir, { recursive: true, force: true });
  return guest;
}

class QemuGuest implements Guest {
  readonly exited: Promise<GuestExit>;
  readonly #child: ChildProcess;
  readonly #console = new ConsoleText();
  #complaints = '';
  #agent: Agent | undefined;
  #qmp: Qmp | undefined;
  #running = true;

  constructor(child: ChildProcess) {
    this.#child = child;
    child.stdout?.setEncoding('utf8').on('data', (text: string) => this.#console.append(text));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#complaints += text;
    });
    const { promise, resolve } = Promise.withResolvers<GuestExit>();
    this.exited = promise;
    child.once('error', (error) => {
      this.#complaints += `${error.message}\n`;
    });
    child.once('close', (code, signal) => {
      this.#running = false;
      const error = this.#error(`QEMU ended with ${signal ?? `status ${code}`}`);
      this.#console.close(error);
      this.#agent?.close(error);
      this.#qmp?.close(error);
      resolve({ code, signal });
    });
  }

  get pid(): number {
    return this.#child.pid ?? -1;
  }

  get console(): string {
    return this.#console.text;
  }

  get complaints(): string {
    return this.#complaints;
  }

  /** Waits for QEMU to connect and the guest to be ready. */
  async connect(agentServer: Server, monitorServer: Server, deadline: number): Promise<void> {
    const end = Date.now() + deadline;
    const connected = Promise.all([accept(agentServer), accept(monitorServer)]);
    const sockets = await this.#unlessEnded(connected, deadline, 'QEMU did not start');
    this.#agent = new Agent(sockets[0], (text) => this.#console.remark(text));
    this.#qmp = new Qmp(sockets[1]);
    await this.monitor('qmp_capabilities', {}, end - Date.now());
    await this.#untilReady(this.#agent, end - Date.now());
  }

  run(command: string, deadline: number = DEADLINE): Promise<RunResult> {
    return this.#up(this.#agent).run(command, deadline);
  }

  waitFor(pattern: RegExp, deadline: number = DEADLINE): Promise<RegExpExecArray> {
    return this.#console.waitFor(pattern, deadline);
  }

  monitor(
    command: string,
    args: Readonly<Record<string, unknown>> = {},
    deadline: number = DEADLINE,
  ): Promise<unknown> {
    return this.#up(this.#qmp).execute(command, args, deadline);
  }

  waitForEvent(name: string, deadline: number = DEADLINE): Promise<QmpEvent> {
    return this.#up(this.#qmp).waitForEvent(name, deadline);
  }

  reset(deadline: number = BOOT_DEADLINE): Promise<void> {
    return this.#restart(deadline, () => this.monitor('system_reset', {}, deadline));
  }

  reboot(deadline: number = BOOT_DEADLINE): Promise<void> {
    return this.#restart(deadline, async (agent) => agent.send('reboot -f'));
  }

  async #restart(deadline: number, begin: (agent: Agent) => Promise<unknown>): Promise<void> {
    const end = Date.now() + deadline;
    const agent = this.#up(this.#agent);
    agent.restart();
    this.#console.restart();
    const seen = this.waitForEvent('RESET', deadline);
    await begin(agent);
    await seen;
    await this.#untilReady(agent, end - Date.now());
  }

  async powerOff(deadline: number = DEADLINE): Promise<GuestExit> {
    if (this.#running) this.#up(this.#agent).send('poweroff -f');
    return within(this.exited, deadline, () =>
      this.#error(`the guest did not power off within ${deadline} ms`),
    );
  }

  kill(): Promise<GuestExit> {
    if (this.#running) this.#child.kill('SIGKILL');
    return this.exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }

  async #untilReady(agent: Agent, deadline: number): Promise<void> {
    using panic = this.#console.watch(/Kernel panic[^\n]*\n/);
    const panicked = panic.match.then(
      ([line]) => {
        throw this.#error(`the guest's kernel gave up: ${line.trim()}`);
      },
      () => agent.ready,
    );
    const ready = Promise.race([agent.ready, panicked]);
    await this.#unlessEnded(ready, deadline, 'the guest did not come up');
  }

  async #unlessEnded<T>(promise: Promise<T>, deadline: number, what: string): Promise<T> {
    const ended = this.exited.then(({ code, signal }) => {
      throw this.#error(`${what}: QEMU ended with ${signal ?? `status ${code}`}`);
    });
    ended.catch(() => {});
    return within(Promise.race([promise, ended]), deadline, () =>
      this.#error(`${what} within ${deadline} ms`),
    );
  }

  #error(what: string): LabError {
    const parts = [what];
    if (this.#complaints !== '') parts.push(`QEMU says:\n${tail(this.#complaints)}`);
    if (this.console !== '') parts.push(`the end of the console:\n${tail(this.console)}`);
    return new LabError(parts.join('\n'));
  }

  #up<T>(part: T | undefined): T {
    if (part === undefined) throw new LabError('the guest is not up yet');
    return part;
  }
}

async function listen(path: string): Promise<Server> {
  const server = createServer();
  server.listen(path);
  await once(server, 'listening');
  return server;
}

async function accept(server: Server): Promise<Socket> {
  const { promise, resolve } = Promise.withResolvers<Socket>();
  server.once('connection', resolve);
  return promise;
}
