import { describe, expect, test } from 'vitest';
import type { IoEvent } from '@vfio-ts/core';
import { fileOf } from './support/fake-fd.ts';
import { FakeMemory, watchers } from './support/hosts.ts';
import { bytesOf } from './support/payloads.ts';
import { Wire, type WirePeer, type WireReply } from './support/wire.ts';

const IO_FDS = 6;
const ENTRY = 48;
const NO_FD = 0xffff_ffff;

const ask = (argsz: number, index: number, flags = 0, count = 0): Uint8Array =>
  bytesOf(argsz, flags, index, count);

function place(offset: number, signal: number | undefined, more: Partial<IoEvent> = {}): IoEvent {
  return { offset, size: 8, flags: 0, datamatch: 0n, signal, shadow: undefined, ...more };
}

/** A device with six places in region 0, set up at 0, 8, 16 to 40. */
function wireWithSix(): Wire {
  const wire = new Wire();
  wire.device.ioEvents.set(
    0,
    Array.from({ length: 6 }, (_, i) => place(8 * i, i)),
  );
  return wire;
}

function attach(wire: Wire): WirePeer {
  return wire.attach('{"capabilities":{"max_msg_fds":8}}');
}

function entries({ payload }: WireReply): readonly Readonly<Record<string, number | bigint>>[] {
  const view = new DataView(payload.buffer);
  return Array.from({ length: view.getUint32(12, true) }, (_, i) => {
    const at = 16 + i * ENTRY;
    return {
      offset: view.getBigUint64(at, true),
      size: view.getBigUint64(at + 8, true),
      fd: view.getUint32(at + 16, true),
      type: view.getUint32(at + 20, true),
      flags: view.getUint32(at + 24, true),
      shadowFd: view.getUint32(at + 28, true),
      shadowOffset: view.getBigUint64(at + 32, true),
      datamatch: view.getBigUint64(at + 40, true),
    };
  });
}

function head({ payload }: WireReply): readonly number[] {
  return [...new Uint32Array(payload.slice(0, 16).buffer)];
}

function closeFds(...replies: readonly WireReply[]): void {
  for (const { fds } of replies) for (const fd of fds) fd.close();
}

describe('DEVICE_GET_REGION_IO_FDS', () => {
  test.each([
    ['flags 1', ask(16, 0, 1)],
    ['count 1', ask(16, 0, 0, 1)],
    ['argsz 15', ask(15, 0)],
    ['argsz 1048577', ask(1048577, 0)],
    ['a region never set up', ask(16, 4)],
    ['index 512', ask(16, 512)],
    ['12 bytes of payload', bytesOf(16, 0, 0)],
  ])('refuses %s with EINVAL', (_, payload) => {
    using wire = wireWithSix();
    expect(attach(wire).code(IO_FDS, payload)).toBe('EINVAL');
  });

  test.each([1, 2, 7])('of region %i without places gives none', (index) => {
    using wire = wireWithSix();
    const reply = attach(wire).ok(IO_FDS, ask(512, index));
    expect(head(reply)).toEqual([16, 0, index, 0]);
    expect(reply.fds).toHaveLength(0);
    expect(reply.payload).toHaveLength(16);
  });

  test.each([
    ['more room than it needs', 16 + 10 * ENTRY],
    ['just the room it needs', 16 + 6 * ENTRY],
  ])('with %s gives all, the newest first', (_, argsz) => {
    using wire = wireWithSix();
    const reply = attach(wire).ok(IO_FDS, ask(argsz, 0));
    expect(head(reply)).toEqual([16 + 6 * ENTRY, 0, 0, 6]);
    expect(entries(reply)).toEqual(
      Array.from({ length: 6 }, (__, i) => ({
        offset: BigInt(40 - 8 * i),
        size: 8n,
        fd: i,
        type: 0,
        flags: 0,
        shadowFd: 0,
        shadowOffset: 0n,
        datamatch: 0n,
      })),
    );
    expect(reply.fds).toHaveLength(6);
    closeFds(reply);
  });

  test.each([16, 16 + 6 * ENTRY - 1])('with argsz %i says how much it needs', (argsz) => {
    using wire = wireWithSix();
    const reply = attach(wire).ok(IO_FDS, ask(argsz, 0));
    expect(head(reply)).toEqual([16 + 6 * ENTRY, 0, 0, 0]);
    expect(reply.payload).toHaveLength(16);
    expect(reply.fds).toHaveLength(0);
    expect(wire.extraFds).toBe(0);
  });

  test('sends a descriptor once that two places share', () => {
    using wire = wireWithSix();
    wire.device.ioEvents.set(
      0,
      [0, 1, 2, 3, 4, 5, 6, 6].map((signal, i) => place(8 * i, signal)),
    );
    const reply = attach(wire).ok(IO_FDS, ask(1024, 0));
    expect(reply.fds).toHaveLength(7);
    expect(entries(reply).map(({ fd }) => fd)).toEqual([0, 0, 1, 2, 3, 4, 5, 6]);
    closeFds(reply);
  });

  test('marks a place without a descriptor, and counts the others by first use', () => {
    using wire = wireWithSix();
    wire.device.ioEvents.set(0, [place(0, 1), place(8, undefined), place(16, 2), place(24, 1)]);
    const reply = attach(wire).ok(IO_FDS, ask(1024, 0));
    expect(entries(reply).map(({ fd }) => fd)).toEqual([0, 1, NO_FD, 0]);
    expect(reply.fds).toHaveLength(2);
    closeFds(reply);
  });

  test('carries flags and the value to match', () => {
    using wire = wireWithSix();
    const datamatch = 0xffff_ffff_0000_0001n;
    wire.device.ioEvents.set(0, [place(8, 0, { flags: 3, datamatch, size: 2 })]);
    const reply = attach(wire).ok(IO_FDS, ask(1024, 0));
    expect(entries(reply)).toMatchObject([{ flags: 3, datamatch, size: 2n }]);
    closeFds(reply);
  });

  test('sends the memory of a shadow with its offset', () => {
    using wire = wireWithSix();
    const memory = new FakeMemory(wire.fds, 'shadow', 0x1000);
    wire.device.ioEvents.set(0, [place(0, 0, { shadow: { memory, offset: 0x10 } })]);
    const reply = attach(wire).ok(IO_FDS, ask(1024, 0));
    expect(entries(reply)).toMatchObject([{ type: 2, fd: 0, shadowFd: 1, shadowOffset: 0x10n }]);
    expect(reply.fds.map((fd) => fileOf(fd).kind)).toEqual(['eventfd', 'file']);
    closeFds(reply);
    memory.close();
  });

  test('tells the device when the client signals', () => {
    using wire = wireWithSix();
    const reply = attach(wire).ok(IO_FDS, ask(1024, 0));
    const file = reply.fds[2] && fileOf(reply.fds[2]);
    if (file === undefined) throw new Error('no descriptor');
    watchers.get(file)?.();
    expect(wire.device.calls.at(-1)).toBe('ioEvent 0/3');
    closeFds(reply);
  });

  test('outlives a device that fails on a signal', () => {
    using wire = wireWithSix();
    const peer = attach(wire);
    const reply = peer.ok(IO_FDS, ask(1024, 0));
    const file = reply.fds[5] && fileOf(reply.fds[5]);
    if (file === undefined) throw new Error('no descriptor');
    wire.device.fail = { op: 'ioEvent 0/0', error: new Error('driver bug') };
    watchers.get(file)?.();
    expect(wire.logger.at('error')).toHaveLength(1);
    peer.ok(4, bytesOf(16, 0, 0, 0));
    closeFds(reply);
  });

  test('gives the same descriptors each time, and the session ends with them', () => {
    using wire = wireWithSix();
    const peer = attach(wire);
    const first = peer.ok(IO_FDS, ask(1024, 0));
    const second = peer.ok(IO_FDS, ask(1024, 0));
    expect(second.fds.map(fileOf)).toEqual(first.fds.map(fileOf));
    closeFds(first, second);
    expect(wire.extraFds).toBe(6);
    peer.close();
    expect(wire.extraFds).toBe(0);
  });

  test('needs a client that takes as many descriptors', () => {
    using wire = wireWithSix();
    const peer = wire.attach('{"capabilities":{"max_msg_fds":5}}');
    expect(peer.code(IO_FDS, ask(1024, 0))).toBe('EMSGSIZE');
    peer.ok(IO_FDS, ask(16, 0));
  });
});
