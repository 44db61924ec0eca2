// What a test with a real guest needs around it: devices on sockets, guests, and a look at what is left afterwards.

import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RecordingLogger } from '@vfio-ts/conformance/fakes';
import {
  allocDevice,
  registerEmulatedIommuDev,
  unregisterGroupDev,
  VfioCore,
  type Ref,
  type VfioDevice,
} from '@vfio-ts/core';
import {
  bootGuest,
  labForTest,
  type Guest,
  type GuestOptions,
  type SkippableTest,
  openDescriptors,
  until,
} from '@vfio-ts/lab';
import { expect, vi } from 'vitest';
import {
  EventLoop,
  linuxHost,
  linuxSessionHost,
  Listener,
  servedDevice,
  VfioUserServer,
} from '../../../src/index.ts';
import { Exerciser, exerciserOps, type ExerciserOptions } from './exerciser.ts';
import { Idio16, idio16Ops } from './idio-16.ts';
import { LoggedTransport, WireLog } from './wire-log.ts';

/** Boots take some seconds; a loaded machine may take many times as long. */
const DEADLINE = 300_000;
vi.setConfig({ testTimeout: 2 * DEADLINE, hookTimeout: DEADLINE });

/** A device on a socket. */
export interface Served<T> {
  readonly device: T;
  readonly socket: string;
  readonly server: VfioUserServer;
  /** What its clients have sent. */
  readonly wire: WireLog;
}

/** Devices, sockets and guests of one test. */
export class Stand {
  readonly logger: RecordingLogger = new RecordingLogger();
  readonly core: VfioCore = new VfioCore(linuxHost({ logger: this.logger }), { trace: true });
  readonly #before: readonly string[] = openDescriptors();
  readonly #errors: unknown[] = [];
  readonly #loop: EventLoop = new EventLoop({ onError: (error) => this.#errors.push(error) });
  readonly #folder: string = mkdtempSync(join(tmpdir(), 'vfio-ts-qemu-'));
  readonly #servers: VfioUserServer[] = [];
  readonly #refs: Ref<{ readonly vdev: VfioDevice }>[] = [];
  readonly #guests: Guest[] = [];

  /** An exerciser that waits for a guest. */
  exerciser(options: ExerciserOptions): Served<Exerciser> {
    const parent = this.core.parent('exerciser');
    return this.#serve(allocDevice(Exerciser, 'vdev', parent, exerciserOps, options));
  }

  /** A card that waits for a guest. */
  idio16(): Served<Idio16> {
    return this.#serve(allocDevice(Idio16, 'vdev', this.core.parent('idio-16'), idio16Ops));
  }

  #serve<T extends { readonly vdev: VfioDevice }>(ref: Ref<T>): Served<T> {
    const { device } = ref;
    this.#refs.push(ref);
    registerEmulatedIommuDev(device.vdev);
    const socket = join(this.#folder, `${this.#servers.length}.sock`);
    const wire = new WireLog();
    let listener: Listener | undefined;
    const server = new VfioUserServer({
      device: servedDevice(device.vdev),
      source: {
        start: (accept) => {
          listener = new Listener(socket, this.#loop, (transport) =>
            accept(new LoggedTransport(transport, wire)),
          );
        },
        close: () => listener?.close(),
      },
      host: linuxSessionHost(),
      logger: this.logger,
    });
    server.listen();
    this.#servers.push(server);
    return { device, socket, server, wire };
  }

  /** Boots a guest. */
  async boot(options: GuestOptions): Promise<Guest> {
    const guest = await bootGuest({ deadline: DEADLINE, ...options });
    this.#guests.push(guest);
    return guest;
  }

  /** Ends everything; gives what is left that should not be. */
  async end(): Promise<readonly string[]> {
    await Promise.all(this.#guests.map((guest) => guest.kill()));
    for (const server of this.#servers) server.close();
    const sockets = readdirSync(this.#folder).map((name) => `socket ${name}`);
    await Promise.all(this.#refs.map(({ device }) => unregisterGroupDev(device.vdev)));
    for (const ref of this.#refs) ref.put();
    this.#loop.close();
    rmSync(this.#folder, { recursive: true });
    await until(() => this.#newDescriptors().length === 0).catch(() => undefined);
    return [
      ...sockets,
      ...this.core.leaks().map(({ kind, what, stack }) => `${kind} ${what}\n${stack}`),
      ...this.#newDescriptors(),
      ...this.#errors.map(String),
      ...this.logger.at('error').map(({ message }) => `logged: ${message}`),
    ];
  }

  #newDescriptors(): readonly string[] {
    return openDescriptors().filter((what) => !this.#before.includes(what));
  }
}

/** A stand that the tests of a block share, made by the first that runs; {@link Shared.end} is for `afterAll`. */
export class Shared<T> {
  readonly #start: (stand: Stand) => Promise<T>;
  #stand: Stand | undefined;
  #started: Promise<T> | undefined;

  constructor(start: (stand: Stand) => Promise<T>) {
    this.#start = start;
  }

  /** What is shared. The test is skipped, with the reason, where there is no lab. */
  async get(test: SkippableTest): Promise<T> {
    labForTest(test);
    this.#stand ??= new Stand();
    this.#started ??= this.#start(this.#stand);
    return this.#started;
  }

  /** Ends everything, after which nothing may be left. */
  async end(): Promise<void> {
    const left = (await this.#stand?.end()) ?? [];
    if (left.length > 0) throw new Error(`left behind:\n  ${left.join('\n  ')}`);
  }
}

/** Runs a command in the guest that must succeed; gives what it printed. */
export async function run(guest: Guest, command: string): Promise<string> {
  const { output, status } = await guest.run(command);
  expect(`${command}: ${status}\n${output}`).toBe(`${command}: 0\n${output}`);
  return output.trim();
}

/** Looks in the guest, each of which takes milliseconds, until a value has to be there. */
const LOOKS = 500;

/** A command that prints a value of the guest's shell once it is as wanted, and what it is at last otherwise. */
export function poll(value: string, wanted: string): string {
  const done = `[ "${value}" = "${wanted}" ] || [ $n = ${LOOKS} ]`;
  return `n=0; until ${done}; do n=$((n + 1)); done; echo "${value}"`;
}
