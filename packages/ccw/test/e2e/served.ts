// The whole path: a client, a socket, the driver, a channel, a control unit, and an image file.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RecordingLogger } from '@vfio-ts/conformance/fakes';
import { MdevBus, type VfioAccess, VfioCore } from '@vfio-ts/core';
import {
  connect,
  EventLoop,
  linuxClientHost,
  linuxHost,
  MemfdBackend,
  serveDevice,
  VfioUserClient,
  watchedSignals,
} from '@vfio-ts/vfio-user';
import { expect, onTestFinished } from 'vitest';
import {
  CcwClient,
  type Chain,
  type ChainCommand,
  type ChainResult,
} from '../../src/client/index.ts';
import { ChannelSubsystem } from '../../src/channel/subsystem.ts';
import { DasdControlUnit, type DasdOptions } from '../../src/dasd/dasd-control-unit.ts';
import { registerVfioCcw } from '../../src/driver/driver.ts';
import { createVolume, type CreateVolumeOptions } from '../../src/image/create.ts';
import { openImage, type OpenImageOptions } from '../../src/image/open.ts';

/** Channel end and device end. */
export const NORMAL = 0x0c;

/** A folder of the test. */
export function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'vfio-ts-e2e-'));
  onTestFinished(() => rmSync(path, { recursive: true }));
  return path;
}

/** A new volume, formatted for Linux where nothing else is said. */
export async function volume(options: Partial<CreateVolumeOptions> = {}): Promise<string> {
  const path = join(folder(), 'volume.ckd');
  await createVolume(path, { model: 10, serial: 'LNX001', format: 'linux', ...options });
  return path;
}

/** Guest memory of a client, bytes: Linux's largest chains fit. */
const MEMORY = 0x20_0000;

/** A client for each of some images, all served by one process. */
export class ServedDasds implements AsyncDisposable {
  readonly clients: readonly CcwClient[];
  /** What each client has its device by. */
  readonly accesses: readonly VfioAccess[];
  readonly #undo: AsyncDisposableStack;
  readonly #core: VfioCore;

  private constructor(
    users: readonly (readonly [CcwClient, VfioAccess])[],
    core: VfioCore,
    undo: AsyncDisposableStack,
  ) {
    this.clients = users.map(([client]) => client);
    this.accesses = users.map(([, access]) => access);
    this.#core = core;
    this.#undo = undo;
  }

  static async open(
    images: readonly string[],
    options: DasdOptions = {},
    how: OpenImageOptions = {},
  ): Promise<ServedDasds> {
    await using undo = new AsyncDisposableStack();
    const logger = new RecordingLogger();
    const host = linuxHost({ logger });
    const loop = new EventLoop({ turn: 0 });
    const core = new VfioCore(host, { trace: true });
    const bus = new MdevBus(core);
    const subsystem = new ChannelSubsystem(host);
    undo.defer(() => subsystem.close());
    for (const [i, image] of images.entries()) {
      const unit = new DasdControlUnit(await openImage(image, how), options);
      subsystem.attach({ unit, deviceNumber: 0x1000 + i });
    }
    const ccw = registerVfioCcw(bus, subsystem.subchannels);
    undo.defer(() => ccw.unregister());
    const sockets = folder();
    const users: (readonly [CcwClient, VfioAccess])[] = [];
    for (const [i, parent] of ccw.parents.entries()) {
      const uuid = `83b8f4f2-509f-382f-3c1e-e6bfe0fa${(0x1000 + i).toString(16)}`;
      const mdev = await parent.create('vfio_ccw-io', uuid);
      const path = join(sockets, `${i}.sock`);
      const server = serveDevice(mdev.instance.device.vdev, { path, loop });
      undo.defer(() => server.close());
      const access = await VfioUserClient.attach(connect(path, loop), {
        host: linuxClientHost(host.clock, logger),
      });
      undo.use(access);
      const client = await CcwClient.open(access, {
        memory: new MemfdBackend(),
        clock: host.clock,
        makeSignal: watchedSignals(loop),
        size: MEMORY,
      });
      users.push([undo.use(client), access]);
    }
    return new ServedDasds(users, core, undo.move());
  }

  /** The only one. */
  get client(): CcwClient {
    const [client] = this.clients;
    if (client === undefined) throw new Error('no device');
    return client;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#undo.disposeAsync();
    const leaks = this.#core.leaks().map(({ kind, what }) => `${kind} ${what}`);
    if (leaks.length > 0) throw new Error(`leaks: ${leaks.join(', ')}`);
  }
}

/** Runs a chain whose every command has to end well, and gives what it has read. */
export async function runs(client: CcwClient, chain: Chain): Promise<readonly Uint8Array[]> {
  const { irb, last, data } = await client.run(chain);
  const { deviceStatus, subchannelStatus, count, control } = irb.scsw;
  const ended = { deviceStatus, subchannelStatus, count, control, last, sense: irb.sense.toHex() };
  expect(ended).toEqual({
    deviceStatus: NORMAL,
    subchannelStatus: 0,
    count: 0,
    control: 0x4007,
    last: chain.length - 1,
    sense: '',
  });
  return data.filter((_, i) => isInput(chain[i]));
}

function isInput(command: ChainCommand | undefined): boolean {
  return command?.data === undefined;
}

/** Sense bytes 0, 1 and 7 of a chain that ended with unit check. */
export function senseOf({ irb }: ChainResult): string {
  const { deviceStatus } = irb.scsw;
  expect(deviceStatus).toBe(0x0e);
  return Uint8Array.from([0, 1, 7], (at) => irb.sense[at] ?? 0).toHex();
}

/** Bytes from hexadecimal digits; blanks are for the reader. */
export function hex(digits: string): Uint8Array {
  return Uint8Array.fromHex(digits.replaceAll(/\s/gu, ''));
}

/** Bytes that differ from block to block. */
export function pattern(length: number, seed: number): Uint8Array {
  return Uint8Array.from({ length }, (_unused, at) => (seed * 31 + at * 7 + (at >> 8)) & 0xff);
}

/** What one of Hercules' tools has printed, in Latin-1. */
export function told(program: string, ...args: readonly string[]): string {
  const { stdout, stderr, signal } = spawnSync(program, args, { encoding: 'latin1' });
  if (signal !== null) throw new Error(`${program} died of ${signal}`);
  return stdout + stderr;
}
