// What a client sees of a whole device of core, the reference device, that single messages to a fake one cannot show.

import assert from 'node:assert/strict';
import { describe, expect, test } from 'vitest';
import {
  allocDevice,
  registerEmulatedIommuDev,
  setupRegion,
  triggerIrq,
  unregisterGroupDev,
  VfioCore,
  type ParentDevice,
  type Ref,
  type VfioDevice,
  type VfioDeviceOps,
} from '@vfio-ts/core';
import { ManualClock, RecordingLogger } from '@vfio-ts/conformance/fakes';
import {
  createReference,
  referenceOps,
  type ReferenceDevice,
} from '@vfio-ts/conformance/reference-device';
import { servedDevice } from '../../src/serve.ts';
import { VfioUserServer } from '../../src/server.ts';
import { createTransportPair } from '../../src/transport-pair.ts';
import { FdTable } from './support/fake-fd.ts';
import { FakeMemory, sessionHost } from './support/hosts.ts';
import {
  bytesOf,
  dmaMap,
  dmaUnmap,
  irqSet,
  regionAccess,
  u64,
  version,
} from './support/payloads.ts';
import { WirePeer } from './support/wire.ts';

const PAGE = 0x1000;
const [MAP, UNMAP, REGION_INFO, SET_IRQS, READ, FEATURE] = [2, 3, 5, 8, 9, 16];
const [NONE, BOOL, EVENTFD, MASK, UNMASK, TRIGGER] = [1, 2, 4, 8, 0x10, 0x20];
const [INTX, MSIX] = [0, 2];
const [GET, SET] = [1 << 16, 1 << 17];
const [STATE, START, STOP, REPORT] = [2, 6, 7, 8];

/** A device of core that a client of bytes is attached to. */
class Served<T extends { readonly vdev: VfioDevice }> implements AsyncDisposable {
  readonly fds = new FdTable();
  readonly core: VfioCore;
  readonly ref: Ref<T>;
  readonly peer: WirePeer;
  readonly #server: VfioUserServer;

  constructor(create: (parent: ParentDevice) => Ref<T>, iommufd = true) {
    const logger = new RecordingLogger();
    const memory = { alloc: (name: string, size: number) => new FakeMemory(this.fds, name, size) };
    this.core = new VfioCore({ clock: new ManualClock(), logger, memory }, { iommufd });
    this.ref = create(this.core.parent('device'));
    registerEmulatedIommuDev(this.ref.device.vdev);
    const pair = createTransportPair({ delivery: 'manual' });
    this.#server = new VfioUserServer({
      device: servedDevice(this.ref.device.vdev),
      source: { start: (accept) => accept(pair.ends[0]), close: () => undefined },
      host: sessionHost,
      logger,
    });
    this.#server.listen();
    this.peer = new WirePeer(pair, pair.ends[1]);
    this.peer.ok(1, version(0, 2, '{"capabilities":{"max_msg_fds":8}}'));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    await unregisterGroupDev(this.ref.device.vdev);
    this.ref.put();
    assert.deepEqual(this.core.leaks(), []);
  }
}

function reference(ops: VfioDeviceOps<ReferenceDevice> = referenceOps): Served<ReferenceDevice> {
  return new Served((parent) => createReference(parent, ops));
}

describe('interrupts of a device', () => {
  test('are looped back one by one', async () => {
    await using served = reference();
    const [first, second] = [served.fds.eventfd(), served.fds.eventfd()];
    served.peer.ok(SET_IRQS, irqSet(EVENTFD | TRIGGER, MSIX, 0, 2), [first, second]);
    served.peer.ok(SET_IRQS, irqSet(NONE | TRIGGER, MSIX, 1, 1));
    expect([first.file.count, second.file.count]).toEqual([0, 1]);
    served.peer.ok(SET_IRQS, irqSet(BOOL | TRIGGER, MSIX, 0, 2, Uint8Array.of(0, 1)));
    expect([first.file.count, second.file.count]).toEqual([0, 2]);
  });

  test('tell the driver once of a mask and once of its end', async () => {
    const masks: unknown[] = [];
    const irqMask: (typeof referenceOps)['irqMask'] = (_, ...what) => masks.push(what);
    await using served = reference(Object.assign({}, referenceOps, { irqMask }));
    using fd = served.fds.eventfd();
    served.peer.ok(SET_IRQS, irqSet(EVENTFD | TRIGGER, INTX, 0, 1), [fd]);
    served.peer.ok(SET_IRQS, irqSet(NONE | MASK, INTX, 0, 1));
    expect(masks).toEqual([[INTX, 0, 1, true]]);
    served.peer.ok(SET_IRQS, irqSet(NONE | UNMASK, INTX, 0, 1));
    expect(masks).toEqual([
      [INTX, 0, 1, true],
      [INTX, 0, 1, false],
    ]);
  });

  test('add to what the eventfd counts, signal nobody without one, and are EINVAL past the last', async () => {
    await using served = reference();
    const { vdev } = served.ref.device;
    using fd = served.fds.eventfd();
    fd.file.count = 4;
    served.peer.ok(SET_IRQS, irqSet(EVENTFD | TRIGGER, MSIX, 3, 1), [fd]);
    triggerIrq(vdev, MSIX, 3);
    expect(fd.file.count).toBe(5);
    triggerIrq(vdev, MSIX, 2);
    expect(fd.file.count).toBe(5);
    expect(() => triggerIrq(vdev, MSIX, 8)).toThrow('EINVAL');
  });
});

class Areas {
  readonly vdev: VfioDevice;

  constructor(vdev: VfioDevice) {
    this.vdev = vdev;
  }
}

const areas: VfioDeviceOps<Areas> = {
  name: 'areas',
  init({ vdev }) {
    const memory = vdev.core.memory.alloc('bar0', 18 * PAGE);
    const sparse = Array.from({ length: 9 }, (_, i) => ({ offset: 2 * i * PAGE, size: PAGE }));
    setupRegion(vdev, 0, { size: 18 * PAGE, flags: 7, memory, sparse });
  },
  read: () => undefined,
  write: () => undefined,
};

/** A device that reads guest memory in `op`, and what it read. */
function reading(op: 'reset' | 'dmaUnmap' | 'quiesce'): {
  readonly served: Served<ReferenceDevice>;
  readonly read: number[];
} {
  const read: number[] = [];
  const state = { isMapped: false };
  const look = ({ dma }: ReferenceDevice): void => {
    if (!state.isMapped) return;
    const byte = new Uint8Array(1);
    dma.read(0, byte);
    read.push(...byte);
  };
  const ops: VfioDeviceOps<ReferenceDevice> = Object.assign({}, referenceOps, {
    [op](device: ReferenceDevice, ...range: readonly [number, number]): void {
      look(device);
      if (op === 'dmaUnmap') device.dma.leave(...range);
    },
  });
  const served = reference(ops);
  using fd = served.fds.memory('ram', PAGE);
  fd.file.bytes[0] = 0x5a;
  served.peer.ok(MAP, dmaMap(0, PAGE), [fd]);
  state.isMapped = true;
  return { served, read };
}

describe('guest memory is there', () => {
  test('for the driver that is told of an unmap', async () => {
    const { served, read } = reading('dmaUnmap');
    await using _ = served;
    served.ref.device.dma.pin(0, 1, 3);
    served.peer.ok(UNMAP, dmaUnmap(0, PAGE));
    expect(read).toEqual([0x5a]);
  });

  test('in a reset', async () => {
    const { served, read } = reading('reset');
    await using _ = served;
    served.peer.ok(13, new Uint8Array(0));
    expect(read).toEqual([0x5a]);
  });

  test('when the device has to come to rest for an unmap', async () => {
    const { served, read } = reading('quiesce');
    await using _ = served;
    expect(served.peer.code(UNMAP, dmaUnmap(0, 2 * PAGE))).toBe('ENOENT');
    expect(read).toEqual([0x5a]);
  });
});

describe('regions of a device', () => {
  test('can have nine areas that are mapped', async () => {
    await using served = new Served((parent) => allocDevice(Areas, 'vdev', parent, areas), false);
    const size = 32 + 16 + 9 * 16;
    const { payload } = served.peer.ok(REGION_INFO, bytesOf(size, 0, 0, 0, u64(0), u64(0)));
    expect(payload).toHaveLength(size);
    const view = new DataView(payload.buffer);
    expect([view.getUint32(12, true), view.getUint32(40, true)]).toEqual([32, 9]);
    expect(view.getBigUint64(48 + 8 * 16, true)).toBe(BigInt(16 * PAGE));
  });

  test('are sized through the configuration space, and keep an address', async () => {
    await using served = reference();
    const config = (value: number): number => {
      served.peer.ok(10, regionAccess(7, 0x10, 4, bytesOf(value)));
      return new DataView(served.peer.ok(READ, regionAccess(7, 0x10, 4)).payload.buffer).getUint32(
        16,
        true,
      );
    };
    expect(config(0xffffffff)).toBe(0xfffff000);
    expect(config(0xfebf0000)).toBe(0xfebf0000);
    expect(config(0)).toBe(0);
  });
});

const start = (pageSize: number): Uint8Array => bytesOf(24, START | SET, u64(pageSize), 0, 0);
const stop = bytesOf(8, STOP | SET);
const report = (iova: number, pages: number, pageSize = PAGE): Uint8Array =>
  bytesOf(4096, REPORT | GET, u64(iova), u64(pages * PAGE), u64(pageSize));

/** The bitmap in the reply to a report. */
function bits({ payload }: { readonly payload: Uint8Array }): bigint {
  return new DataView(payload.buffer).getBigUint64(32, true);
}

/** 32 pages that the client shares, and the log on. */
function logging(): Served<ReferenceDevice> {
  const served = reference();
  using fd = served.fds.memory('ram', 32 * PAGE);
  served.peer.ok(MAP, dmaMap(0, 32 * PAGE), [fd]);
  served.peer.ok(FEATURE, start(PAGE));
  return served;
}

function write({ ref }: Served<ReferenceDevice>, ...pages: readonly number[]): void {
  for (const page of pages) ref.device.dma.write(page * PAGE, Uint8Array.of(1));
}

describe('a log of what a device writes', () => {
  test('has nothing where nothing was written, and each page once', async () => {
    await using served = logging();
    expect(bits(served.peer.ok(FEATURE, report(0, 32)))).toBe(0n);
    write(served, 0, 6, 7, 8, 9);
    expect(bits(served.peer.ok(FEATURE, report(0, 32)))).toBe(0x3c1n);
    expect(bits(served.peer.ok(FEATURE, report(0, 32)))).toBe(0n);
  });

  test('does not have what was only read', async () => {
    await using served = logging();
    served.ref.device.dma.read(PAGE, new Uint8Array(1));
    write(served, 2);
    expect(bits(served.peer.ok(FEATURE, report(0, 32)))).toBe(4n);
  });

  test.each([
    [[0], 0x1n],
    [[7], 0x80n],
    [[0, 1, 2, 3, 4, 5, 6], 0x7fn],
    [[0, 1, 2, 3, 4, 5, 6, 7, 8], 0x1ffn],
    [[7, 8], 0x180n],
    [[15], 0x8000n],
    [[23], 0x80_0000n],
    [[22, 2, 3], 0x40_000cn],
  ])('of pages %j is 0x%x', async (pages, bitmap) => {
    await using served = logging();
    write(served, ...pages);
    expect(bits(served.peer.ok(FEATURE, report(0, 32)))).toBe(bitmap);
  });

  test('has no bits beyond the range that is asked for, and keeps those pages for later', async () => {
    await using served = logging();
    write(served, 3, 22);
    expect(bits(served.peer.ok(FEATURE, report(0, 16)))).toBe(8n);
    expect(bits(served.peer.ok(FEATURE, report(16 * PAGE, 16)))).toBe(0x40n);
  });

  test.each([
    [2 * PAGE, 3n],
    [16 * PAGE, 1n],
  ])(
    'is read in pages of %i whatever it is kept in, and is clean then',
    async (pageSize, bitmap) => {
      await using served = logging();
      write(served, 0, 1, 2);
      expect(bits(served.peer.ok(FEATURE, report(0, 32, pageSize)))).toBe(bitmap);
      expect(bits(served.peer.ok(FEATURE, report(0, 32)))).toBe(0n);
    },
  );

  test.each([0, 2048, PAGE + 1])('is not read in pages of %i: EINVAL', async (pageSize) => {
    await using served = logging();
    expect(served.peer.code(FEATURE, report(0, 32, pageSize))).toBe('EINVAL');
  });

  test('is refused with pages of no size, and once it is stopped', async () => {
    await using served = logging();
    expect(served.peer.code(FEATURE, start(PAGE))).toBe('EINVAL');
    served.peer.ok(FEATURE, stop);
    expect(served.peer.code(FEATURE, report(0, 32))).toBe('EINVAL');
    expect(served.peer.code(FEATURE, start(0))).toBe('EINVAL');
    served.peer.ok(FEATURE, start(PAGE));
  });

  test('goes on when memory is unmapped', async () => {
    await using served = logging();
    using fd = served.fds.memory('more', PAGE);
    served.peer.ok(MAP, dmaMap(32 * PAGE, PAGE), [fd]);
    write(served, 1, 32);
    served.peer.ok(UNMAP, dmaUnmap(32 * PAGE, PAGE));
    expect(bits(served.peer.ok(FEATURE, report(0, 32)))).toBe(2n);
  });

  test('can be asked about any range, mapped or not, whole mappings or not', async () => {
    await using served = logging();
    write(served, 5);
    expect(bits(served.peer.ok(FEATURE, report(4 * PAGE, 4)))).toBe(2n);
    expect(bits(served.peer.ok(FEATURE, report(1024 * PAGE, 4)))).toBe(0n);
  });
});

describe('the migration state of a device', () => {
  const get = bytesOf(16, STATE | GET);
  const set = (state: number): Uint8Array => bytesOf(16, STATE | SET, state, 0);
  const RUNNING = 2;
  const STOP_COPY = 3;
  const PRE_COPY = 6;

  test('is RUNNING at first', async () => {
    await using served = reference();
    const { payload } = served.peer.ok(FEATURE, get);
    expect(payload).toEqual(bytesOf(16, STATE | GET, RUNNING, 0xffffffff));
  });

  test('goes from STOP_COPY to no PRE_COPY, and nowhere that is no state', async () => {
    await using served = reference();
    served.peer.ok(FEATURE, set(STOP_COPY));
    expect(served.peer.code(FEATURE, set(PRE_COPY))).toBe('EINVAL');
    expect(served.peer.code(FEATURE, set(0xabcd))).toBe('EINVAL');
    expect(served.peer.code(FEATURE, set(0))).toBe('EINVAL');
    expect(served.peer.ok(FEATURE, get).payload[8]).toBe(STOP_COPY);
  });
});
