// What a real guest needs around it: vGPUs on sockets, guests, and a look at what is left afterwards.

import { randomUUID } from 'node:crypto';
import { appendFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RecordingLogger } from '@vfio-ts/conformance/fakes';
import {
  devicePicture,
  MdevBus,
  VfioCore,
  type Clock,
  type Picture,
  type VfioDevice,
} from '@vfio-ts/core';
import {
  bootGuest,
  openDescriptors,
  readScreen,
  until,
  type ConsoleFont,
  type Guest,
  type GuestOptions,
} from '@vfio-ts/lab';
import { EventLoop, linuxHost, serveDevice, type VfioUserServer } from '@vfio-ts/vfio-user';
import {
  registerGvt,
  SoftGpu,
  unregisterGvt,
  type GvtParent,
  type IntelGvtOptions,
  type IntelVgpu,
} from '../../src/index.ts';

/** Boots take some seconds; a loaded machine may take many times as long. */
export const DEADLINE = 300_000;

const REPORTS = join(import.meta.dirname, '../../.reports');

/** How a guest uses its vGPU. */
export interface UseOptions {
  /** Writes of the guest wait until the vGPU has done them. */
  readonly noPostedWrites?: boolean;
}

/** A vGPU on a socket. */
export class Served {
  readonly vgpu: IntelVgpu;
  readonly vdev: VfioDevice;
  readonly server: VfioUserServer;
  readonly socket: string;
  readonly #font: ConsoleFont;

  constructor(vgpu: IntelVgpu, socket: string, loop: EventLoop, font: ConsoleFont) {
    this.vgpu = vgpu;
    this.vdev = vgpu.vdev;
    this.socket = socket;
    this.server = serveDevice(vgpu.vdev, { path: socket, loop });
    this.#font = font;
  }

  /** What whoever looks at the device sees; `undefined` while the screen is off. */
  get picture(): Picture | undefined {
    return devicePicture(this.vdev);
  }

  /** The text on it, read off the pixels. */
  get lines(): readonly string[] {
    const { picture } = this;
    return picture === undefined ? [] : readScreen(picture, this.#font);
  }

  /** Messages of the guest's accesses until now. */
  get messages(): number {
    return this.server.stats().total.messages;
  }

  /** Waits until no guest has the device. */
  async untilFree(): Promise<void> {
    await until(() => this.server.connections === 0);
  }
}

/** vGPUs of one GPU, sockets and guests of one test. */
export class Stand {
  readonly logger: RecordingLogger = new RecordingLogger();
  readonly #before: readonly string[] = openDescriptors();
  readonly #errors: unknown[] = [];
  readonly #loop: EventLoop = new EventLoop({ onError: (error) => this.#errors.push(error) });
  /** By the loop's clock, as the command has it: a slice of execution is the next turn. */
  readonly core: VfioCore = new VfioCore(
    linuxHost({ logger: this.logger, clock: this.#loop.clock }),
    { trace: true },
  );
  readonly #gpu: SoftGpu = new SoftGpu();
  readonly #bus: MdevBus = new MdevBus(this.core);
  readonly #parents: GvtParent[] = [];
  readonly #folder: string = mkdtempSync(join(tmpdir(), 'vfio-ts-gvt-'));
  readonly #font: ConsoleFont;
  readonly #served: Served[] = [];
  readonly #guests: Guest[] = [];

  constructor(font: ConsoleFont) {
    this.#font = font;
  }

  /** Creates a vGPU and serves it; all of one test are of the GPU that the first call describes. */
  async serve(type: string, options: IntelGvtOptions = {}): Promise<Served> {
    const parent = (this.#parents[0] ??= registerGvt(this.#bus, this.#gpu, options));
    const { instance } = await parent.create(`i915-${type}`, randomUUID());
    const socket = join(this.#folder, `${this.#served.length}.sock`);
    const served = new Served(instance.device, socket, this.#loop, this.#font);
    this.#served.push(served);
    return served;
  }

  /** Boots a guest that has the vGPU at 00:02.0, and i915. */
  async boot(
    { socket }: Served,
    options: GuestOptions = {},
    { noPostedWrites = false }: UseOptions = {},
  ): Promise<Guest> {
    const properties = noPostedWrites ? { 'x-no-posted-writes': true } : {};
    const guest = await bootGuest({
      devices: [{ socket, addr: '2.0', properties }],
      memory: '512M',
      parts: ['i915'],
      deadline: DEADLINE,
      ...options,
    });
    this.#guests.push(guest);
    return guest;
  }

  /** The GPU that all vGPUs are of. */
  get gpu(): SoftGpu {
    return this.#gpu;
  }

  /** The clock of the loop that serves. */
  get clock(): Clock {
    return this.#loop.clock;
  }

  /** Keeps figures for whoever reads the reports. */
  say(what: string, figures: Readonly<Record<string, number>>): void {
    mkdirSync(REPORTS, { recursive: true });
    const line = { what, ...figures };
    appendFileSync(join(REPORTS, 'vm.jsonl'), `${JSON.stringify(line)}\n`);
  }

  /** What was logged at a level that nothing here should reach. */
  get complaints(): readonly string[] {
    return (['error', 'warn'] as const).flatMap((level) =>
      this.logger.at(level).map(({ component, message }) => `logged: ${component} ${message}`),
    );
  }

  /** Ends everything; gives what is left that should not be. */
  async end(): Promise<readonly string[]> {
    await Promise.all(this.#guests.map((guest) => guest.kill()));
    for (const { server } of this.#served) server.close();
    const sockets = readdirSync(this.#folder).map((name) => `socket ${name}`);
    const [parent] = this.#parents;
    if (parent !== undefined) await unregisterGvt(this.#bus, parent);
    this.#loop.close();
    rmSync(this.#folder, { recursive: true });
    await until(() => this.#newDescriptors().length === 0).catch(() => undefined);
    return [
      ...sockets,
      ...this.core.leaks().map(({ kind, what, stack }) => `${kind} ${what}\n${stack}`),
      ...this.#newDescriptors(),
      ...this.#errors.map(String),
      ...this.complaints,
    ];
  }

  #newDescriptors(): readonly string[] {
    return openDescriptors().filter((what) => !this.#before.includes(what));
  }
}
