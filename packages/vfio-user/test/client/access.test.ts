import { describe, expect, test } from 'vitest';
import { HeapMemory, VFIO_DMA_UNMAP_FLAG_ALL, VfioError } from '@vfio-ts/core';
import { SPARSE_CAP } from '../wire/support/fake-device.ts';
import { FakeMemory, FakeSignal } from '../wire/support/hosts.ts';
import { bytesOf, u64 } from '../wire/support/payloads.ts';
import { Wire } from '../wire/support/wire.ts';
import { Attached, settled } from './support.ts';

const PAGE = 0x1000;
const EVENTFD_TRIGGER = 0x24;

describe('a client', () => {
  test('learns what the server says about itself', async () => {
    await using it = await Attached.create();
    expect(it.client.version).toEqual({
      major: 0,
      minor: 2,
      capabilities: { maxMsgFds: 8, maxDataXferSize: 1 << 20, migration: { pgsize: PAGE } },
    });
  });

  test('is refused with the error of the server', async () => {
    await using it = await Attached.create();
    await expect(Attached.create(it.wire)).rejects.toMatchObject({ code: 'EBUSY' });
    expect(it.wire.server.connections).toBe(1);
  });

  test('gets device and irq info', async () => {
    await using it = await Attached.create();
    expect(await it.client.getInfo()).toEqual({ argsz: 16, flags: 3, numRegions: 9, numIrqs: 5 });
    const irqInfo = { argsz: 16, flags: 1, index: 2, count: 2048 };
    expect(await it.client.getIrqInfo(2)).toEqual(irqInfo);
  });

  test.each([
    ['getInfo', (it: Attached) => it.client.getInfo(8)],
    ['getIrqInfo with a bad argsz', (it: Attached) => it.client.getIrqInfo(0, 8)],
    ['getIrqInfo with a bad index', (it: Attached) => it.client.getIrqInfo(5)],
    ['getRegionInfo with a bad argsz', (it: Attached) => it.client.getRegionInfo(0, 8)],
    ['getRegionInfo with a bad index', (it: Attached) => it.client.getRegionInfo(9)],
    ['a read past the end', (it: Attached) => it.client.read(7, 255, new Uint8Array(4))],
    ['a read at a fraction', (it: Attached) => it.client.read(7, 1.5, new Uint8Array(4))],
    ['a read below zero', (it: Attached) => it.client.read(7, -1, new Uint8Array(4))],
  ])('rejects %s with EINVAL', async (_, act) => {
    await using it = await Attached.create();
    await expect(act(it)).rejects.toMatchObject({ code: 'EINVAL' });
  });

  test('resets the device', async () => {
    await using it = await Attached.create();
    await it.client.reset();
    expect(it.wire.device.calls).toContain('reset');
  });

  test('gives everything back when it closes, twice if need be', async () => {
    const it = await Attached.create();
    await it.client.getRegionInfo(2);
    expect(it.wire.extraFds).toBe(1);
    await it[Symbol.asyncDispose]();
    await it.client.close();
    expect(it.wire.extraFds).toBe(0);
  });

  test('rejects everything with ENOTCONN once it is closed', async () => {
    await using it = await Attached.create();
    await it.client.close();
    await expect(it.client.getInfo()).rejects.toMatchObject({ code: 'ENOTCONN' });
    expect(() => it.client.postWrite(0, 0, Uint8Array.of(1))).toThrow(/ENOTCONN/);
    expect(it.clock.timers).toBe(0);
  });
});

describe('regions of a client', () => {
  test('are asked for again with the room they need', async () => {
    await using it = await Attached.create();
    const info = await it.client.getRegionInfo(1);
    expect(info).toMatchObject({ argsz: 80, flags: 0xf, capOffset: 32, size: 0x8000 });
    expect(info.caps).toEqual(SPARSE_CAP);
  });

  test('are asked for once where the room is given', async () => {
    await using it = await Attached.create();
    const info = await it.client.getRegionInfo(1, 32);
    expect(info).toMatchObject({ argsz: 80, flags: 7, capOffset: 0 });
    expect(info.caps).toHaveLength(0);
  });

  test('asked for again and again keep one descriptor', async () => {
    await using it = await Attached.create();
    for (const argsz of [undefined, 80, 32, undefined]) {
      // oxlint-disable-next-line no-await-in-loop
      await it.client.getRegionInfo(1, argsz);
      expect(it.wire.extraFds).toBe(1);
    }
  });

  test('are mapped at their place in the file', async () => {
    await using it = await Attached.create();
    it.wire.device.memory.bytes.set([1, 2, 3], 0x8000 + 0x4000);
    const mapping = await it.client.mmap(1, 0x4000, 0x2000);
    expect(mapping.bytes.subarray(0, 3)).toEqual(Uint8Array.of(1, 2, 3));
    expect(mapping.bytes).toHaveLength(0x2000);
    mapping.bytes[0] = 9;
    expect(it.wire.device.memory.bytes[0xc000]).toBe(9);
  });

  test('are unmapped when the client closes', async () => {
    await using it = await Attached.create();
    const kept = await it.client.mmap(2, 0, PAGE);
    const given = await it.client.mmap(2, 0, PAGE);
    given.unmap();
    await it.client.close();
    expect([kept.bytes.length, given.bytes.length]).toEqual([0, 0]);
  });

  test.each([
    ['a region that cannot be mapped', 0, 0, PAGE],
    ['memory without a descriptor', 3, 0, PAGE],
    ['a range outside the sparse areas', 1, 0, PAGE],
    ['a range that leaves a sparse area', 1, 0x2000, 0x2000],
    ['a range past the end', 2, 0x4000, PAGE],
    ['an offset that is not page aligned', 2, 0x800, PAGE],
    ['a length that is not page aligned', 2, 0, 0x800],
    ['no bytes', 2, 0, 0],
    ['a negative offset', 2, -PAGE, PAGE],
    ['a region that is not there', 9, 0, PAGE],
  ])('reject a map of %s with EINVAL', async (_, region, offset, length) => {
    await using it = await Attached.create();
    const map = it.client.mmap(region, offset, length);
    await expect(map).rejects.toMatchObject({ code: 'EINVAL' });
  });
});

describe('transfers of a client', () => {
  test.each([1, 4, 16, 17, 100])('of %i bytes are split as the server wants it', async (length) => {
    await using it = await Attached.create(new Wire({ maxDataXferSize: 16 }));
    const data = Uint8Array.from({ length }, (_, i) => i + 1);
    expect(await it.client.write(0, 8, data)).toBe(length);
    const back = new Uint8Array(length);
    expect(await it.client.read(0, 8, back)).toBe(length);
    expect(back).toEqual(data);
    const pieces = Math.ceil(length / 16);
    expect(it.wire.device.calls.filter((op) => op === 'read')).toHaveLength(pieces);
    expect(it.wire.device.calls.filter((op) => op === 'write')).toHaveLength(pieces);
  });

  test('stop at the piece that fails', async () => {
    await using it = await Attached.create(new Wire({ maxDataXferSize: 16 }));
    const write = it.client.write(7, 256 - 16, new Uint8Array(48).fill(1));
    await expect(write).rejects.toMatchObject({ code: 'EINVAL' });
    expect(it.wire.device.calls.filter((op) => op === 'write')).toHaveLength(2);
  });

  test('of no bytes ask the server all the same', async () => {
    await using it = await Attached.create();
    expect(await it.client.read(7, 0, new Uint8Array(0))).toBe(0);
    const read = it.client.read(9, 0, new Uint8Array(0));
    await expect(read).rejects.toMatchObject({ code: 'EINVAL' });
  });

  test('that are posted are done in order with the rest', async () => {
    await using it = await Attached.create();
    it.client.postWrite(0, 0, bytesOf(0x11223344));
    it.client.postWrite(0, 1, Uint8Array.of(0xff));
    const back = new Uint8Array(4);
    await it.client.read(0, 0, back);
    expect(back).toEqual(bytesOf(0x1122ff44));
  });

  test('that are posted and fail disturb nothing', async () => {
    await using it = await Attached.create();
    it.client.postWrite(9, 0, bytesOf(1));
    await expect(it.client.reset()).resolves.toBeUndefined();
  });
});

describe('interrupts of a client', () => {
  test('reach the signal that was set', async () => {
    await using it = await Attached.create();
    using watch = it.wire.fds.eventfd();
    const signal = new FakeSignal(watch.dup());
    const request = { flags: EVENTFD_TRIGGER, index: 2, start: 3, count: 1, signals: [signal] };
    await it.client.setIrqs(request);
    it.wire.device.signals.get('2/3')?.signal();
    expect(watch.file.count).toBe(1);
  });

  test('are owned by the device on success: the own descriptor is closed', async () => {
    await using it = await Attached.create();
    const signal = new FakeSignal(it.wire.fds.eventfd());
    const request = { flags: EVENTFD_TRIGGER, index: 2, start: 0, count: 1, signals: [signal] };
    await it.client.setIrqs(request);
    expect(signal.closed).toBe(true);
    expect(it.wire.extraFds).toBe(1);
  });

  test('stay the caller’s on an error', async () => {
    await using it = await Attached.create();
    const signal = new FakeSignal(it.wire.fds.eventfd());
    const request = { flags: EVENTFD_TRIGGER, index: 5, start: 0, count: 1, signals: [signal] };
    await expect(it.client.setIrqs(request)).rejects.toMatchObject({ code: 'EINVAL' });
    expect(signal.closed).toBe(false);
    signal.close();
    expect(it.wire.extraFds).toBe(0);
  });

  test('are split where the server takes fewer, and where some are de-assigned', async () => {
    await using it = await Attached.create(new Wire({ maxMsgFds: 2 }));
    const make = (): FakeSignal => new FakeSignal(it.wire.fds.eventfd());
    const signals = [make(), make(), make(), null, null, null, make()];
    const request = { flags: EVENTFD_TRIGGER, index: 2, start: 10, count: 7, signals };
    await it.client.setIrqs(request);
    expect(it.wire.device.calls.filter((op) => op === 'setIrqs')).toHaveLength(4);
    expect([...it.wire.device.signals.keys()]).toEqual(['2/10', '2/11', '2/12', '2/16']);
  });

  test('hand bools and plain requests through', async () => {
    await using it = await Attached.create();
    const bools = Uint8Array.of(1, 0);
    await it.client.setIrqs({ flags: 0x22, index: 2, start: 0, count: 2, bools });
    expect(it.wire.device.lastIrqs).toMatchObject({ bools });
    await it.client.setIrqs({ flags: 0x21, index: 2, start: 0, count: 0 });
    expect(it.wire.device.lastIrqs).toEqual({ flags: 0x21, index: 2, start: 0, count: 0 });
  });

  test.each([
    ['fewer signals than irqs', 2, [null]],
    ['more signals than irqs', 1, [null, null]],
    ['a signal without a descriptor', 1, [{ signal: () => undefined, close: () => undefined }]],
  ])('with %s are rejected with EINVAL', async (_, count, signals) => {
    await using it = await Attached.create();
    const set = it.client.setIrqs({ flags: EVENTFD_TRIGGER, index: 2, start: 0, count, signals });
    await expect(set).rejects.toMatchObject({ code: 'EINVAL' });
    expect(it.wire.device.calls).not.toContain('setIrqs');
  });
});

describe('guest memory of a client', () => {
  test('is what the device reads and writes', async () => {
    await using it = await Attached.create();
    const memory = new FakeMemory(it.wire.fds, 'ram', 4 * PAGE);
    const request = { iova: 0x10000, size: PAGE, flags: 3, memory, offset: PAGE };
    await it.client.mapDma(request);
    it.wire.device.ioas.rw(0x10000, Uint8Array.of(1, 2), true);
    expect(memory.bytes.subarray(PAGE, PAGE + 2)).toEqual(Uint8Array.of(1, 2));
    expect(await it.client.unmapDma({ iova: 0x10000, size: PAGE })).toEqual({ size: PAGE });
    expect(it.wire.device.ioas.mappingCount).toBe(0);
    memory.close();
  });

  test('is taken back as the kernel does it: all mappings in a range', async () => {
    await using it = await Attached.create();
    const memory = new FakeMemory(it.wire.fds, 'ram', 4 * PAGE);
    await it.client.mapDma({ iova: 0, size: PAGE, flags: 3, memory });
    await it.client.mapDma({ iova: 2 * PAGE, size: 2 * PAGE, flags: 3, memory });
    const cut = it.client.unmapDma({ iova: 0, size: 3 * PAGE });
    await expect(cut).rejects.toMatchObject({ code: 'EINVAL' });
    expect(await it.client.unmapDma({ iova: 0, size: 4 * PAGE })).toEqual({ size: 3 * PAGE });
    expect(await it.client.unmapDma({ iova: 0, size: 4 * PAGE })).toEqual({ size: 0 });
    memory.close();
  });

  test('is taken back as a whole', async () => {
    await using it = await Attached.create();
    const memory = new FakeMemory(it.wire.fds, 'ram', 4 * PAGE);
    await it.client.mapDma({ iova: 0, size: PAGE, flags: 3, memory });
    await it.client.mapDma({ iova: PAGE, size: PAGE, flags: 1, memory });
    const all = { iova: 0, size: 0, flags: VFIO_DMA_UNMAP_FLAG_ALL };
    expect(await it.client.unmapDma(all)).toEqual({ size: 2 * PAGE });
    await it.client.mapDma({ iova: 0, size: PAGE, flags: 3, memory });
    memory.close();
  });

  test('is taken back with its dirty pages, over several mappings', async () => {
    await using it = await Attached.create();
    const memory = new FakeMemory(it.wire.fds, 'ram', 16 * PAGE);
    for (const page of [0, 4, 8]) {
      const request = { iova: page * PAGE, size: 4 * PAGE, flags: 3, memory };
      // oxlint-disable-next-line no-await-in-loop
      await it.client.mapDma(request);
    }
    it.wire.device.ioas.startDirtyTracking(PAGE);
    for (const page of [1, 4, 11]) it.wire.device.ioas.rw(page * PAGE, Uint8Array.of(1), true);
    const request = { iova: 0, size: 16 * PAGE, flags: 1, pageSize: PAGE };
    expect(await it.client.unmapDma(request)).toEqual({
      size: 12 * PAGE,
      bitmap: bytesOf(u64((1 << 1) | (1 << 4) | (1 << 11))),
    });
    it.wire.device.ioas.stopDirtyTracking();
    memory.close();
  });

  test('that is mapped is rejected with EEXIST, the same once more too', async () => {
    await using it = await Attached.create();
    const memory = new FakeMemory(it.wire.fds, 'ram', 4 * PAGE);
    await it.client.mapDma({ iova: 0, size: PAGE, flags: 3, memory });
    const again = it.client.mapDma({ iova: 0, size: PAGE, flags: 3, memory });
    await expect(again).rejects.toMatchObject({ code: 'EEXIST' });
    memory.close();
  });

  test.each([
    ['size 0', { iova: 0, size: 0, flags: 3 }],
    ['half a page', { iova: 0, size: 0x800, flags: 3 }],
    ['an address that is not page aligned', { iova: 0x800, size: PAGE, flags: 3 }],
    ['a negative address', { iova: -PAGE, size: PAGE, flags: 3 }],
    ['no flags', { iova: 0, size: PAGE, flags: 0 }],
    ['a flag of the kernel that means another thing here', { iova: 0, size: PAGE, flags: 7 }],
    ['a range past the end', { iova: 0, size: 8 * PAGE, flags: 3 }],
    ['an offset past the end', { iova: 0, size: PAGE, flags: 3, offset: 4 * PAGE }],
    ['a negative offset', { iova: 0, size: PAGE, flags: 3, offset: -PAGE }],
    ['an address past the limit', { iova: 2 ** 52, size: PAGE, flags: 3 }],
  ])('with %s is rejected with EINVAL', async (_, fields) => {
    await using it = await Attached.create();
    const memory = new FakeMemory(it.wire.fds, 'ram', 4 * PAGE);
    const map = it.client.mapDma({ ...fields, memory });
    await expect(map).rejects.toMatchObject({ code: 'EINVAL' });
    expect(it.wire.device.ioas.mappingCount).toBe(0);
    memory.close();
  });

  test('without a descriptor is rejected with EINVAL', async () => {
    await using it = await Attached.create();
    const memory = new HeapMemory().alloc('ram', PAGE);
    const map = it.client.mapDma({ iova: 0, size: PAGE, flags: 3, memory });
    await expect(map).rejects.toMatchObject({ code: 'EINVAL' });
  });

  test.each([
    ['size 0', { iova: 0, size: 0 }],
    ['half a page', { iova: 0, size: 0x800 }],
    ['an unknown flag', { iova: 0, size: PAGE, flags: 8 }],
    ['ALL with a range', { iova: 0, size: PAGE, flags: 2 }],
    ['ALL with dirty pages', { iova: 0, size: 0, flags: 3 }],
  ])('is not taken back with %s: EINVAL', async (_, request) => {
    await using it = await Attached.create();
    await expect(it.client.unmapDma(request)).rejects.toMatchObject({ code: 'EINVAL' });
  });
});

describe('features and migration of a client', () => {
  test('get, set and probe', async () => {
    await using it = await Attached.create();
    it.wire.device.featureReply = bytesOf(u64(5));
    expect(await it.client.feature({ argsz: 16, flags: 1 | (1 << 16) })).toEqual(bytesOf(u64(5)));
    const data = bytesOf(3, 0);
    expect(await it.client.feature({ flags: 2 | (1 << 17), data })).toEqual(data);
    expect(await it.client.feature({ flags: 2 | (1 << 18) })).toHaveLength(0);
  });

  test('get the error of the device', async () => {
    await using it = await Attached.create();
    it.wire.device.fail = { op: 'feature', error: new VfioError('ENOTTY', 'feature', 'no') };
    const get = it.client.feature({ flags: 6 | (1 << 17) });
    await expect(get).rejects.toMatchObject({ code: 'ENOTTY' });
  });

  test('read the stream to its end', async () => {
    await using it = await Attached.create();
    it.wire.device.stream = Uint8Array.of(1, 2, 3, 4, 5);
    const into = new Uint8Array(4);
    expect(await it.client.readMigrationData(into)).toBe(4);
    expect(into).toEqual(Uint8Array.of(1, 2, 3, 4));
    expect(await it.client.readMigrationData(into)).toBe(1);
    expect(into[0]).toBe(5);
    expect(await it.client.readMigrationData(into)).toBe(0);
  });

  test('write the stream in pieces the server takes', async () => {
    await using it = await Attached.create(new Wire({ maxDataXferSize: 16 }));
    const data = Uint8Array.from({ length: 40 }, (_, i) => i);
    expect(await it.client.writeMigrationData(data)).toBe(40);
    expect(it.wire.device.received).toEqual(Array.from(data));
  });
});

describe('a server that goes', () => {
  test('ends what is under way with ENOTCONN', async () => {
    await using it = await Attached.create();
    const info = it.client.getInfo();
    it.wire.server.close();
    await expect(info).rejects.toMatchObject({ code: 'ENOTCONN' });
    expect(await it.client.over).toBeUndefined();
    expect(it.clock.timers).toBe(0);
    await settled();
  });
});
