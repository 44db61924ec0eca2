// What a test with a real guest needs around it: devices on sockets, guests, and a look at what is left afterwards.

import { randomUUID } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RecordingLogger } from '@vfio-ts/conformance/fakes';
import {
  devicePicture,
  MdevBus,
  VfioCore,
  type MdevDevice,
  type Picture,
  type VfioDevice,
} from '@vfio-ts/core';
import {
  bootGuest,
  readScreen,
  type ConsoleFont,
  type Guest,
  type GuestOptions,
  openDescriptors,
  standFixtures,
  type StandFixtures,
  until,
} from '@vfio-ts/lab';
import { EventLoop, linuxHost, serveDevice, type VfioUserServer } from '@vfio-ts/vfio-user';
import { vi } from 'vitest';
import { registerMdpy, unregisterMdpy, type MdpyParent } from '../../src/index.ts';

/** Boots take some seconds; a loaded machine may take many times as long. */
const DEADLINE = 300_000;
vi.setConfig({ testTimeout: 2 * DEADLINE, hookTimeout: DEADLINE });

/** A display on a socket. */
export class Screen {
  readonly mdev: MdevDevice;
  readonly vdev: VfioDevice;
  readonly server: VfioUserServer;
  readonly socket: string;
  readonly #font: ConsoleFont;

  constructor(mdev: MdevDevice, socket: string, loop: EventLoop, font: ConsoleFont) {
    const { vfioDevice } = mdev;
    if (vfioDevice === undefined) throw new TypeError('the mdev has no device');
    this.mdev = mdev;
    this.vdev = vfioDevice;
    this.socket = socket;
    this.server = serveDevice(vfioDevice, { path: socket, loop });
    this.#font = font;
  }

  /** What whoever looks at the device sees. */
  get picture(): Picture {
    const picture = devicePicture(this.vdev);
    if (picture === undefined) throw new TypeError('the screen is off');
    return picture;
  }

  /** The text on it, read off the pixels. */
  get lines(): readonly string[] {
    return readScreen(this.picture, this.#font);
  }

  /** Waits until no guest has the device. */
  async untilFree(): Promise<void> {
    await until(() => this.server.connections === 0);
  }
}

/** Devices, sockets and guests of one test. */
export class Stand {
  readonly logger: RecordingLogger = new RecordingLogger();
  readonly core: VfioCore = new VfioCore(linuxHost({ logger: this.logger }), { trace: true });
  readonly #before: readonly string[] = openDescriptors();
  readonly #bus: MdevBus = new MdevBus(this.core);
  readonly #parent: MdpyParent = registerMdpy(this.#bus);
  readonly #errors: unknown[] = [];
  readonly #loop: EventLoop = new EventLoop({ onError: (error) => this.#errors.push(error) });
  readonly #folder: string = mkdtempSync(join(tmpdir(), 'vfio-ts-mdpy-'));
  readonly #font: ConsoleFont;
  readonly #screens: Screen[] = [];
  readonly #guests: Guest[] = [];

  constructor(font: ConsoleFont) {
    this.#font = font;
  }

  /** Creates a display and serves it. */
  async serve(type: string): Promise<Screen> {
    const mdev = await this.#parent.create(type, randomUUID());
    const socket = join(this.#folder, `${this.#screens.length}.sock`);
    const screen = new Screen(mdev, socket, this.#loop, this.#font);
    this.#screens.push(screen);
    return screen;
  }

  /** Boots a guest that has the display. */
  async boot(screen: Screen, options: GuestOptions = {}): Promise<Guest> {
    const guest = await bootGuest({ devices: [screen.socket], deadline: DEADLINE, ...options });
    this.#guests.push(guest);
    return guest;
  }

  /** Ends everything; gives what is left that should not be. */
  async end(): Promise<readonly string[]> {
    await Promise.all(this.#guests.map((guest) => guest.kill()));
    for (const { server } of this.#screens) server.close();
    const sockets = readdirSync(this.#folder).map((name) => `socket ${name}`);
    await unregisterMdpy(this.#bus, this.#parent);
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

/** For tests that have a {@link Stand}. */
export const fixtures: StandFixtures<Stand> = standFixtures((font) => new Stand(font));
