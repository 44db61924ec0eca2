// The whole of it over a real socket: a device of core, memfds and eventfds. What single messages do is tested
// byte by byte beside this file.

import assert from 'node:assert/strict';
import { describe, expect, test } from 'vitest';
import {
  allocDevice,
  dmaRw,
  dmaRwAsync,
  registerEmulatedIommuDev,
  setupIrq,
  setupRegion,
  triggerIrq,
  unregisterGroupDev,
  VfioCore,
  type Ref,
  type SharedMemory,
  type VfioDevice,
  type VfioDeviceOps,
} from '@vfio-ts/core';
import { VfioUserClient, type ClientOptions } from '../../src/client.ts';
import { connect } from '../../src/connect.ts';
import { EventFd } from '../../src/eventfd.ts';
import { linuxHost } from '../../src/host.ts';
import { linuxClientHost } from '../../src/linux-host.ts';
import { EventLoop } from '../../src/loop.ts';
import { MemfdBackend } from '../../src/memfd.ts';
import { serveDevice } from '../../src/serve.ts';
import type { VfioUserServer } from '../../src/server.ts';
import { openFds, temporaryFolder, turns, until } from '../native/support.ts';
import { bytesOf, version } from './support/payloads.ts';

const PAGE = 0x1000;
const BAR2 = 3 << 20;
const RW = 3;
const MMAP = 4;

/** Writing an address to register 0 makes the device invert the byte there and raise MSI-X 1. */
class Inverter {
  readonly vdev: VfioDevice;
  readonly memory: SharedMemory;

  constructor(vdev: VfioDevice, memory: SharedMemory) {
    this.vdev = vdev;
    this.memory = memory;
  }
}

const ops: VfioDeviceOps<Inverter> = {
  name: 'inverter',
  init({ vdev, memory }) {
    setupRegion(vdev, 0, { size: PAGE, flags: RW });
    const sparse = [{ offset: PAGE, size: BAR2 - PAGE }];
    setupRegion(vdev, 2, { size: BAR2, flags: RW | MMAP, memory, sparse });
    setupIrq(vdev, 2, { count: 4 });
  },
  read(_device, _region, offset, into) {
    into.fill(offset);
  },
  write({ vdev }, _region, _offset, from) {
    const iova = new DataView(from.buffer, from.byteOffset).getUint32(0, true);
    const byte = new Uint8Array(1);
    dmaRw(vdev, iova, byte, false);
    byte[0] = ~(byte[0] ?? 0);
    dmaRw(vdev, iova, byte, true);
    triggerIrq(vdev, 2, 1);
  },
};

/** The device on a socket in a folder of its own. */
class Served implements AsyncDisposable {
  readonly folder = temporaryFolder();
  readonly path: string = `${this.folder.path}/inverter.sock`;
  readonly loop: EventLoop;
  readonly core = new VfioCore(linuxHost());
  readonly ref: Ref<Inverter>;
  readonly server: VfioUserServer;

  constructor(loop: EventLoop = new EventLoop()) {
    this.loop = loop;
    const memory = this.core.memory.alloc('bar2', BAR2);
    this.ref = allocDevice(Inverter, 'vdev', this.core.parent('inverter0'), ops, memory);
    registerEmulatedIommuDev(this.ref.device.vdev);
    this.server = serveDevice(this.ref.device.vdev, { path: this.path, loop: this.loop });
  }

  client(options: Partial<ClientOptions> = {}): Promise<VfioUserClient> {
    const host = linuxClientHost(this.core.clock, this.core.logger);
    return VfioUserClient.attach(connect(this.path, this.loop), { host, ...options });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.server.close();
    await unregisterGroupDev(this.ref.device.vdev);
    this.ref.put();
    this.loop.close();
    this.folder[Symbol.dispose]();
    assert.deepEqual(this.core.leaks(), []);
  }
}

describe('a device on a socket', () => {
  test('is read and written by messages', async () => {
    await using served = new Served();
    await using client = await served.client();
    const into = new Uint8Array(4);
    await client.read(0, 0x20, into);
    expect(into).toEqual(new Uint8Array(4).fill(0x20));
    await client.write(2, PAGE, Uint8Array.of(1, 2, 3));
    expect(served.ref.device.memory.bytes.subarray(PAGE, PAGE + 3)).toEqual(Uint8Array.of(1, 2, 3));
  });

  test('shares the memory of a region, where it can be mapped', async () => {
    await using served = new Served();
    await using client = await served.client();
    const mapping = await client.mmap(2, PAGE, PAGE);
    mapping.bytes[5] = 0x5a;
    expect(served.ref.device.memory.bytes[PAGE + 5]).toBe(0x5a);
    await expect(client.mmap(2, 0, PAGE)).rejects.toMatchObject({ code: 'EINVAL' });
    await client.close();
    expect(mapping.bytes).toHaveLength(0);
  });

  test('reaches the client’s memory and raises its interrupts', async () => {
    await using served = new Served();
    await using client = await served.client();
    const memory = new MemfdBackend().alloc('ram', 4 * PAGE);
    using watch = EventFd.create();
    const signals = [new EventFd(watch.fd.dup())];
    await client.mapDma({ iova: 0x100000, size: 2 * PAGE, flags: RW, memory, offset: PAGE });
    await client.setIrqs({ flags: 0x24, index: 2, start: 1, count: 1, signals });
    memory.bytes[PAGE + 3] = 0x0f;
    await client.write(0, 0, bytesOf(0x100003));
    expect(memory.bytes[PAGE + 3]).toBe(0xf0);
    expect(watch.read()).toBe(1);

    await client.unmapDma({ iova: 0x100000, size: 2 * PAGE });
    const gone = client.write(0, 0, bytesOf(0x100003));
    await expect(gone).rejects.toMatchObject({ code: 'EINVAL' });
    memory.close();
  });

  test('refuses a descriptor that is no eventfd', async () => {
    await using served = new Served();
    await using client = await served.client();
    const memory = new MemfdBackend().alloc('ram', PAGE);
    const payload = bytesOf(20, 0x24, 2, 0, 1);
    const refused = client.request(8, payload, [memory.fd]);
    await expect(refused).rejects.toMatchObject({ code: 'EINVAL' });
    memory.close();
  });

  test('takes a posted write before the next read', async () => {
    await using served = new Served();
    await using client = await served.client();
    for (let i = 1; i <= 100; i++) client.postWrite(2, PAGE, bytesOf(i));
    const into = new Uint8Array(4);
    await client.read(2, PAGE, into);
    expect(into).toEqual(bytesOf(100));
  });

  test('moves more than a message holds, both ways', async () => {
    await using served = new Served();
    await using client = await served.client();
    const data = Uint8Array.from({ length: 5 << 19 }, (_, i) => i * 31);
    await client.write(2, PAGE, data);
    const back = new Uint8Array(data.length);
    await client.read(2, PAGE, back);
    expect(Buffer.compare(back, data)).toBe(0);
  });

  test('is there for the next client with the state the last one left', async () => {
    await using served = new Served();
    const first = await served.client();
    await first.write(2, PAGE, Uint8Array.of(42));
    await expect(served.client()).rejects.toMatchObject({ code: 'EBUSY' });
    await first.close();
    await until(() => served.server.attached === undefined);
    await using second = await served.client();
    const into = new Uint8Array(1);
    await second.read(2, PAGE, into);
    expect(into[0]).toBe(42);
  });

  test('keeps no descriptor of clients that came and went', async () => {
    await using served = new Served();
    const round = async (): Promise<void> => {
      await using client = await served.client();
      const memory = new MemfdBackend().alloc('ram', PAGE);
      await client.mapDma({ iova: 0, size: PAGE, flags: RW, memory });
      const signals = [EventFd.create(), EventFd.create()];
      await client.setIrqs({ flags: 0x24, index: 2, start: 0, count: 2, signals });
      await client.mmap(2, PAGE, PAGE);
      memory.close();
    };
    await round();
    await until(() => served.server.connections === 0);
    const before = openFds();
    for (let i = 0; i < 10; i++) {
      // oxlint-disable-next-line no-await-in-loop
      await round();
      // oxlint-disable-next-line no-await-in-loop
      await until(() => served.server.connections === 0);
    }
    expect(openFds()).toBe(before);
  });

  test('survives a client that goes at any byte of a message', async () => {
    await using served = new Served();
    const hello = version(0, 2, '{}');
    const header = bytesOf(Uint8Array.of(1, 0, 1, 0), 16 + hello.length, 0, 0);
    const message = bytesOf(header, hello);
    for (let cut = 1; cut <= message.length; cut++) {
      const transport = connect(served.path, served.loop);
      transport.send(message, cut);
      transport.close();
      // oxlint-disable-next-line no-await-in-loop
      await turns(2);
    }
    await until(() => served.server.connections === 0);
    await using client = await served.client();
    expect(await client.getInfo()).toMatchObject({ numRegions: 9 });
  });
});

/** A loop that always has something to do and never finds its turn over: promises run when it ends one itself. */
class BusyLoop extends EventLoop {
  static readonly LIMIT = 10_000;
  calls = 0;

  constructor() {
    super({ now: () => 0 });
  }

  /** Keeps the loop busy until disposed, or for so long that a test has failed. */
  keepBusy(): Disposable {
    const event = EventFd.create();
    event.signal();
    const registration = this.add({
      fd: event.fd.number,
      onReadable: () => {
        if (++this.calls === BusyLoop.LIMIT) registration.remove();
      },
    });
    return {
      [Symbol.dispose]() {
        registration.remove();
        event.close();
      },
    };
  }
}

describe('a loop that is busy all the time', () => {
  test('lets the caller of a client go on once the reply is there', async () => {
    const loop = new BusyLoop();
    await using served = new Served(loop);
    await using client = await served.client();
    using _ = loop.keepBusy();
    await client.read(0, 0, new Uint8Array(4));
    expect(loop.calls).toBeLessThan(BusyLoop.LIMIT);
  });

  test('lets a device go on once the memory it asked for is there', async () => {
    const loop = new BusyLoop();
    await using served = new Served(loop);
    await using client = await served.client({ shareMemory: false });
    const memory = new MemfdBackend().alloc('ram', PAGE);
    await client.mapDma({ iova: 0x100000, size: PAGE, flags: RW, memory });
    memory.bytes[3] = 0x5a;
    const byte = new Uint8Array(1);
    using _ = loop.keepBusy();
    await dmaRwAsync(served.ref.device.vdev, 0x100003, byte, false);
    expect([byte[0], loop.calls < BusyLoop.LIMIT]).toEqual([0x5a, true]);
    memory.close();
  });
});
