// Two devices on one loop: a client that does not read its replies is the concern of nobody but itself.

import { describe, expect, test } from 'vitest';
import {
  allocDevice,
  dmaRwAsync,
  HeapMemory,
  registerEmulatedIommuDev,
  setupRegion,
  unregisterGroupDev,
  VfioCore,
  type Ref,
  type VfioDevice,
  type VfioDeviceOps,
} from '@vfio-ts/core';
import { VfioUserClient, type ClientOptions } from '../../src/client.ts';
import { connect, takeTwinSocket } from '../../src/connect.ts';
import { linuxHost } from '../../src/host.ts';
import { linuxClientHost } from '../../src/linux-host.ts';
import { EventLoop } from '../../src/loop.ts';
import { serveDevice } from '../../src/serve.ts';
import type { VfioUserServer } from '../../src/server.ts';
import { Collector, expectFds, openFds, temporaryFolder, until } from './support.ts';
import { bytesOf, regionAccess, u16, version } from '../wire/support/payloads.ts';

const RW = 3;
const SIZE = 0x10000;

class Plain {
  readonly vdev: VfioDevice;

  constructor(vdev: VfioDevice) {
    this.vdev = vdev;
  }
}

const ops: VfioDeviceOps<Plain> = {
  name: 'plain',
  init: ({ vdev }) => setupRegion(vdev, 0, { size: SIZE, flags: RW }),
  read: (_device, _region, offset, into) => void into.fill(offset),
  write: () => undefined,
  dmaUnmap: () => undefined,
};

/** A device on a socket. */
class Served implements AsyncDisposable {
  readonly folder = temporaryFolder();
  readonly path: string = `${this.folder.path}/plain.sock`;
  readonly ref: Ref<Plain>;
  readonly server: VfioUserServer;
  readonly #core = new VfioCore(linuxHost());
  readonly #loop: EventLoop;

  constructor(loop: EventLoop, twinSocket = false) {
    this.#loop = loop;
    this.ref = allocDevice(Plain, 'vdev', this.#core.parent('plain'), ops);
    registerEmulatedIommuDev(this.ref.device.vdev);
    this.server = serveDevice(this.ref.device.vdev, { path: this.path, loop, twinSocket });
  }

  client(options: Partial<ClientOptions> = {}): Promise<VfioUserClient> {
    const host = linuxClientHost(this.#core.clock, this.#core.logger);
    return VfioUserClient.attach(connect(this.path, this.#loop), { host, ...options });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.server.close();
    await unregisterGroupDev(this.ref.device.vdev);
    this.ref.put();
    this.folder[Symbol.dispose]();
  }
}

const message = (id: number, command: number, payload: Uint8Array): Uint8Array =>
  bytesOf(u16(id), u16(command), 16 + payload.length, 0, 0, payload);

test('a client that does not read its replies does not delay one of another device', async () => {
  using loop = new EventLoop();
  await using slow = new Served(loop);
  await using quick = new Served(loop);
  const count = 400;
  const stuck = connect(slow.path, loop);
  const got = new Collector();
  stuck.start(got);
  stuck.send(message(0, 1, version(0, 2, '{}')), 16 + 4 + 3);
  await until(() => got.frames.length === 1);
  stuck.pause(true);
  for (let id = 0; id < count; id++) {
    const read = message(id, 9, regionAccess(0, 0, SIZE));
    stuck.send(read, read.length);
  }
  await until(() => (slow.server.stats().sessions[0]?.queuedBytes ?? 0) > 1 << 20);

  await using client = await quick.client();
  const into = new Uint8Array(4);
  for (let reads = 0; reads < 200; reads++) {
    // oxlint-disable-next-line no-await-in-loop -- one access after the other, as a guest's
    await client.read(0, 4, into);
  }
  expect(into).toEqual(Uint8Array.of(4, 4, 4, 4));
  // 25 MiB were asked for, and a little more than one waits.
  expect(slow.server.stats().sessions[0]?.queuedBytes).toBeLessThan(2 << 20);
  expect(got.frames).toHaveLength(1);

  stuck.pause(false);
  await until(() => got.frames.length === 1 + count);
  expect(got.frames.every(({ bytes }, at) => at === 0 || bytes.length === SIZE + 32)).toBe(true);
  stuck.close();
});

describe.each([
  ['one socket', false],
  ['two', true],
])('memory that is not shared, over %s', (_, twinSocket) => {
  test('is read and written by the device while both sides have much under way', async () => {
    using loop = new EventLoop();
    const before = openFds();
    {
      await using served = new Served(loop, twinSocket);
      await using client = await served.client({
        shareMemory: false,
        capabilities: { maxDataXferSize: 0x8000 },
        ...(twinSocket && { twinSocket: takeTwinSocket(loop) }),
      });
      expect(client.version.capabilities.twinSocket).toBe(twinSocket ? true : undefined);
      const memory = new HeapMemory().alloc('guest', 4 << 20);
      await client.mapDma({ iova: 0x100000, size: memory.size, flags: RW, memory });
      const pattern = Uint8Array.from({ length: 3 << 20 }, (__, at) => at % 251);
      const { vdev } = served.ref.device;
      const writing = dmaRwAsync(vdev, 0x100000, pattern, true);
      const reads = Array.from({ length: 50 }, () => client.read(0, 0, new Uint8Array(SIZE / 2)));
      await writing;
      const back = new Uint8Array(pattern.length);
      await Promise.all([dmaRwAsync(vdev, 0x100000, back, false), ...reads]);
      expect(Buffer.compare(back, pattern)).toBe(0);
      expect(Buffer.compare(memory.bytes.subarray(0, pattern.length), pattern)).toBe(0);
    }
    await until(() => loop.size === 0);
    expectFds(before);
  });
});
