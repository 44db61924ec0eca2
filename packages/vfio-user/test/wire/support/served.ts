// A device of core on a real socket in a folder of its own, for tests that need an operating system.

import assert from 'node:assert/strict';
import {
  allocDevice,
  dmaRw,
  registerEmulatedIommuDev,
  setupIoEventFd,
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
import { VfioUserClient } from '../../../src/client.ts';
import { connect } from '../../../src/connect.ts';
import { linuxHost } from '../../../src/host.ts';
import { linuxClientHost } from '../../../src/linux-host.ts';
import type { EventLoop, LoopOptions } from '../../../src/loop.ts';
import { serveDevice, type ServeOptions } from '../../../src/serve.ts';
import type { VfioUserServer } from '../../../src/server.ts';
import { temporaryFolder, testLoop } from '../../native/support.ts';
import { FakeClock, FakeLogger } from './hosts.ts';

export const PAGE = 0x1000;
export const RW = 3;
const MMAP = 4;
/** Bytes of the region that can be mapped from its second page on. */
export const BAR2 = 3 << 20;

/** Writing an address to register 0 makes the device invert the byte there and raise MSI-X 1. */
export class Inverter {
  readonly vdev: VfioDevice;
  readonly memory: SharedMemory;
  /** What is written before signal 1. */
  readonly shadow: SharedMemory;
  /** The signals that came. */
  readonly events: number[] = [];

  constructor(vdev: VfioDevice, memory: SharedMemory, shadow: SharedMemory) {
    this.vdev = vdev;
    this.memory = memory;
    this.shadow = shadow;
  }
}

const inverterOps: VfioDeviceOps<Inverter> = {
  name: 'inverter',
  init({ vdev, memory, shadow }) {
    setupRegion(vdev, 0, { size: PAGE, flags: RW });
    const sparse = [{ offset: PAGE, size: BAR2 - PAGE }];
    setupRegion(vdev, 2, { size: BAR2, flags: RW | MMAP, memory, sparse });
    // EVENTFD, MASKABLE, AUTOMASKED
    setupIrq(vdev, 0, { count: 1, flags: 7 });
    setupIrq(vdev, 2, { count: 4 });
    setupIoEventFd(vdev, 0, { offset: 0x100, size: 4, signal: 0 });
    setupIoEventFd(vdev, 0, { offset: 0x104, size: 4, signal: 0, datamatch: 7n });
    setupIoEventFd(vdev, 0, {
      offset: 0x200,
      size: 4,
      signal: 1,
      shadow: { memory: shadow, offset: 0x10 },
    });
  },
  release({ shadow }) {
    shadow.close();
  },
  reset() {},
  ioEvent({ events }, _region, signal) {
    events.push(signal);
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

/** An {@link Inverter} on a socket. */
export class Served implements AsyncDisposable {
  readonly folder = temporaryFolder();
  readonly path: string = `${this.folder.path}/inverter.sock`;
  readonly loop: EventLoop;
  readonly errors: unknown[];
  readonly clock = new FakeClock();
  readonly logger = new FakeLogger();
  readonly core: VfioCore;
  readonly ref: Ref<Inverter>;
  readonly server: VfioUserServer;

  /** @param loop - `{ turn: 0 }` where both ends are busy, for a wait would only keep the other end from running */
  constructor(options: Partial<ServeOptions> = {}, loop?: LoopOptions) {
    ({ loop: this.loop, errors: this.errors } = testLoop(loop));
    const { clock, logger } = this;
    this.core = new VfioCore({ ...linuxHost(), clock, logger });
    const memory = this.core.memory.alloc('bar2', BAR2);
    const shadow = this.core.memory.alloc('shadow', PAGE);
    const parent = this.core.parent('inverter0');
    this.ref = allocDevice(Inverter, 'vdev', parent, inverterOps, memory, shadow);
    registerEmulatedIommuDev(this.vdev);
    this.server = serveDevice(this.vdev, { path: this.path, loop: this.loop, ...options });
  }

  get vdev(): VfioDevice {
    return this.ref.device.vdev;
  }

  client(): Promise<VfioUserClient> {
    const host = linuxClientHost(linuxHost().clock, this.logger);
    return VfioUserClient.attach(connect(this.path, this.loop), { host });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.server.close();
    await unregisterGroupDev(this.vdev);
    this.ref.put();
    this.loop.close();
    this.folder[Symbol.dispose]();
    assert.deepEqual(this.core.leaks(), []);
    assert.deepEqual(this.errors, []);
  }
}
