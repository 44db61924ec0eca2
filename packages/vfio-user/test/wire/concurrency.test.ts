// Many devices on one loop. What is delayed by whom is counted in messages, not in time.

import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  allocDevice,
  registerEmulatedIommuDev,
  setupRegion,
  unregisterGroupDev,
  VfioCore,
  type Ref,
  type VfioDevice,
  type VfioDeviceOps,
} from '@vfio-ts/core';
import { VfioUserClient } from '../../src/client.ts';
import { connect } from '../../src/connect.ts';
import { OwnedFd } from '../../src/fd.ts';
import { linuxHost } from '../../src/host.ts';
import { linuxClientHost } from '../../src/linux-host.ts';
import { EventLoop, type LoopOptions } from '../../src/loop.ts';
import { MSG_DONTWAIT } from '../../src/native/constants.ts';
import { WOULD_BLOCK } from '../../src/native/failure.ts';
import * as libc from '../../src/native/libc.ts';
import { serveDevice } from '../../src/serve.ts';
import type { VfioUserServer } from '../../src/server.ts';
import { expectFds, openFds, temporaryFolder, turns, until } from '../native/support.ts';
import { bytesOf, regionAccess, u16, version } from './support/payloads.ts';

const MIB = 1 << 20;
const NO_REPLY = 0x10;

/** A register that knows how often it was accessed. */
class Register {
  readonly vdev: VfioDevice;
  readonly value: number;
  readonly accessed: () => void;
  count = 0;

  constructor(vdev: VfioDevice, value: number, accessed: () => void) {
    this.vdev = vdev;
    this.value = value;
    this.accessed = accessed;
  }
}

const ops: VfioDeviceOps<Register> = {
  name: 'register',
  init({ vdev }) {
    setupRegion(vdev, 0, { size: MIB, flags: 3 });
  },
  read(register, _region, _offset, into) {
    register.count++;
    register.accessed();
    into.fill(register.value);
  },
  write(register) {
    register.count++;
    register.accessed();
  },
};

interface Served {
  readonly register: Register;
  readonly ref: Ref<Register>;
  readonly server: VfioUserServer;
  readonly path: string;
}

/** Some devices on one loop. */
class Farm implements AsyncDisposable {
  readonly folder = temporaryFolder();
  readonly loop: EventLoop;
  readonly core = new VfioCore(linuxHost());
  readonly devices: Served[] = [];

  constructor(options: LoopOptions = {}) {
    this.loop = new EventLoop(options);
  }

  add(accessed: () => void = () => undefined): Served {
    const number = this.devices.length;
    const path = `${this.folder.path}/${number}.sock`;
    const parent = this.core.parent(`register${number}`);
    const ref = allocDevice(Register, 'vdev', parent, ops, number, accessed);
    registerEmulatedIommuDev(ref.device.vdev);
    const server = serveDevice(ref.device.vdev, { path, loop: this.loop });
    const served = { register: ref.device, ref, server, path };
    this.devices.push(served);
    return served;
  }

  attach({ path }: Served): Promise<VfioUserClient> {
    const host = linuxClientHost(this.core.clock, this.core.logger);
    return VfioUserClient.attach(connect(path, this.loop), { host });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { server } of this.devices) server.close();
    await Promise.all(this.devices.map(({ register }) => unregisterGroupDev(register.vdev)));
    for (const { ref } of this.devices) ref.put();
    assert.deepEqual(this.core.leaks(), []);
    this.loop.close();
    this.folder[Symbol.dispose]();
  }
}

/** A client that only sends, and that may stop at any byte. */
class Sender implements Disposable {
  readonly #socket = new OwnedFd(libc.socketUnix());

  constructor({ path }: Served) {
    libc.connectUnix(this.#socket.number, path);
    this.send(message(1, version(0, 2, '{}')));
  }

  /** @returns whether there was room for all of it */
  send(bytes: Uint8Array): boolean {
    const sent = libc.send(this.#socket.number, bytes, bytes.length, MSG_DONTWAIT);
    return sent !== WOULD_BLOCK && sent === bytes.length;
  }

  [Symbol.dispose](): void {
    this.#socket.close();
  }
}

function message(command: number, payload: Uint8Array, flags = 0): Uint8Array {
  return bytesOf(u16(1), u16(command), 16 + payload.length, flags, 0, payload);
}

const read = (count: number): Uint8Array => message(9, regionAccess(0, 0, count));
const posted: Uint8Array = message(10, regionAccess(0, 0, 4, new Uint8Array(4)), NO_REPLY);

async function valueOf(client: VfioUserClient): Promise<number | undefined> {
  const into = new Uint8Array(1);
  await client.read(0, 0, into);
  return into[0];
}

describe('devices on one loop', () => {
  let openBefore: number;

  beforeEach(() => {
    openBefore = openFds();
  });

  afterEach(async () => {
    await turns(2);
    expectFds(openBefore);
  });

  test('are all served: 100 of them, with 100 clients that change places', async () => {
    await using farm = new Farm();
    for (let i = 0; i < 100; i++) farm.add();
    for (const shift of [0, 37]) {
      const served = farm.devices.map((_, i) => farm.devices[(i + shift) % 100] ?? assert.fail());
      const clients = await Promise.all(served.map((device) => farm.attach(device)));
      for (let round = 0; round < 5; round++) {
        const values = await Promise.all(clients.map((client) => valueOf(client)));
        expect(values).toEqual(served.map(({ register }) => register.value));
      }
      await Promise.all(clients.map((client) => client.close()));
      await until(() => farm.devices.every(({ server }) => server.connections === 0));
    }
    expect(farm.devices.map(({ register }) => register.count)).toEqual(
      Array.from({ length: 100 }, () => 10),
    );
  });

  test.each<readonly [string, Uint8Array]>([
    ['nothing more', new Uint8Array(0)],
    ['half a header', read(4).subarray(0, 7)],
    ['half a message', read(4).subarray(0, 20)],
    ['the head of a megabyte', message(10, regionAccess(0, 0, MIB)).subarray(0, 24)],
  ])('are served while a client of one sends %s', async (_what, bytes) => {
    await using farm = new Farm();
    using stuck = new Sender(farm.add());
    stuck.send(bytes);
    await using client = await farm.attach(farm.add());
    for (let i = 0; i < 100; i++) expect(await valueOf(client)).toBe(1);
  });

  test('are served while a client of one does not read', async () => {
    await using farm = new Farm();
    const victim = farm.add();
    using stuck = new Sender(victim);
    for (let i = 0; i < 16; i++) stuck.send(read(MIB));
    await using client = await farm.attach(farm.add());
    for (let i = 0; i < 100; i++) expect(await valueOf(client)).toBe(1);
    // No more of its requests are taken than replies are kept.
    expect(victim.register.count).toBeLessThan(8);
    expect(victim.server.stats().sessions[0]?.queuedBytes).toBeLessThan(8 * MIB);
  });

  test.each([
    ['is quick', 0, 32],
    ['takes longer than a turn', 10, 1],
  ])('wait for one that %s for a bounded number of its messages', async (_what, duration, most) => {
    const clock = { time: 0 };
    await using farm = new Farm({ now: () => clock.time });
    const busy = farm.add(() => void (clock.time += duration));
    const before: number[] = [];
    const other = farm.add(() => void before.push(busy.register.count));
    using flood = new Sender(busy);
    using client = new Sender(other);
    await until(() => busy.server.attached !== undefined && other.server.attached !== undefined);
    // All of it is there before the loop looks, so what it does is in no hand but its own.
    let queued = 0;
    while (queued < 200 && flood.send(posted)) queued++;
    for (let i = 0; i < 5; i++) client.send(read(4));
    expect(queued).toBeGreaterThan(100);
    await until(() => before.length === 5);
    const waits = before.map((count, i) => count - (before[i - 1] ?? 0));
    expect(Math.max(...waits)).toBeLessThanOrEqual(most);
    await until(() => busy.register.count === queued);
  });
});
