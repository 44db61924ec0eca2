// The second socket of libvfio-user's `twin_socket`: our commands go there, and their replies come there.

import assert from 'node:assert/strict';
import { describe, expect, test } from 'vitest';
import { ERRNO, VfioError } from '@vfio-ts/core';
import { createTransportPair } from '../../src/transport-pair.ts';
import type { TwinSocket } from '../../src/twin.ts';
import type { FdTable } from './support/fake-fd.ts';
import { bytesOf, dmaMap, regionAccess, u16, u64, version } from './support/payloads.ts';
import { Wire, WirePeer, type WireReply } from './support/wire.ts';

const ASKS = '{"capabilities":{"max_msg_fds":8,"twin_socket":{"supported":true}}}';

/** Second connections, and what the client has of the last one. */
class Twins {
  offered = 0;
  peer: WirePeer | undefined;
  failure: VfioError | undefined;

  readonly make = (fds: FdTable): TwinSocket => {
    if (this.failure !== undefined) throw this.failure;
    this.offered++;
    const pair = createTransportPair({ delivery: 'manual' });
    this.peer = new WirePeer(pair, pair.ends[1]);
    return { transport: pair.ends[0], fd: fds.open({ kind: 'other' }) };
  };

  get end(): WirePeer {
    assert(this.peer !== undefined);
    return this.peer;
  }
}

function attach(twins: Twins): {
  wire: Wire;
  peer: WirePeer;
  access: Promise<void>;
  into: Uint8Array;
} {
  const wire = new Wire({}, undefined, twins.make);
  const peer = wire.connect();
  const reply = peer.ok(1, version(0, 2, ASKS));
  for (const fd of reply.fds) fd.close();
  peer.ok(2, dmaMap(0x10000, 0x1000));
  const into = new Uint8Array(4);
  const access = wire.device.ioas.rwAsync(0x10000, into, false);
  access.catch(() => undefined);
  return { wire, peer, access, into };
}

function asked(peer: WirePeer): WireReply {
  peer.deliver();
  const [request] = peer.replies.splice(0);
  assert(request !== undefined);
  return request;
}

const data = bytesOf(u64(0x10000), u64(4), Uint8Array.of(1, 2, 3, 4));
const replyTo = ({ id }: WireReply): Uint8Array => bytesOf(u16(id), u16(11), 36, 1, 0, data);

describe('a second socket', () => {
  test('comes with the reply to a VERSION that asks for it', () => {
    const twins = new Twins();
    using wire = new Wire({}, undefined, twins.make);
    const peer = wire.connect();
    const { payload, fds } = peer.ok(1, version(0, 2, ASKS));
    const text = new TextDecoder().decode(payload.subarray(4, -1));
    expect(JSON.parse(text)).toMatchObject({
      capabilities: { twin_socket: { supported: true, fd_index: 0 } },
    });
    expect(text.length).toBeLessThanOrEqual(193);
    expect(fds).toHaveLength(1);
    for (const fd of fds) fd.close();
    expect(wire.extraFds).toBe(0);
  });

  test.each([
    ['does not ask', '{"capabilities":{"max_msg_fds":8}}'],
    ['asks for none', '{"capabilities":{"max_msg_fds":8,"twin_socket":{"supported":false}}}'],
    ['takes no descriptors', '{"capabilities":{"max_msg_fds":0,"twin_socket":{"supported":true}}}'],
  ])('is not offered to a client that %s', (_, json) => {
    const twins = new Twins();
    using wire = new Wire({}, undefined, twins.make);
    const { payload, fds } = wire.connect().ok(1, version(0, 2, json));
    expect(new TextDecoder().decode(payload)).not.toContain('twin_socket');
    expect([fds.length, twins.offered]).toEqual([0, 0]);
  });

  test('is not offered where it is not enabled', () => {
    using wire = new Wire();
    const { payload, fds } = wire.connect().ok(1, version(0, 2, ASKS));
    expect(new TextDecoder().decode(payload)).not.toContain('twin_socket');
    expect(fds).toEqual([]);
  });

  test('that cannot be made refuses the client and leaves the device free', () => {
    const twins = new Twins();
    twins.failure = new VfioError('EMFILE', 'socketpair', 'full');
    using wire = new Wire({}, undefined, twins.make);
    expect(wire.connect().code(1, version(0, 2, ASKS))).toBe('EMFILE');
    expect(wire.device.isOpen).toBe(false);
  });

  test('carries our commands, and the replies to them', async () => {
    const twins = new Twins();
    const { wire, peer, access, into } = attach(twins);
    peer.deliver();
    expect(peer.replies).toEqual([]);
    const request = asked(twins.end);
    expect(request).toMatchObject({ command: 11, flags: 0 });
    expect(twins.end.raw(replyTo(request))).toEqual([]);
    await access;
    expect(into).toEqual(Uint8Array.of(1, 2, 3, 4));
    wire[Symbol.dispose]();
  });

  test('does not take part in what the client asks', () => {
    const twins = new Twins();
    const { wire, peer } = attach(twins);
    expect(peer.ok(9, regionAccess(0, 0, 4)).payload).toHaveLength(20);
    expect(asked(twins.end).command).toBe(11);
    expect(twins.end.replies).toEqual([]);
    wire[Symbol.dispose]();
  });

  test('is where replies are taken: one on the first socket answers nothing', async () => {
    const twins = new Twins();
    const { wire, peer, access, into } = attach(twins);
    const request = asked(twins.end);
    expect(peer.raw(replyTo(request))).toMatchObject([{ flags: 0x21, errno: ERRNO.EINVAL }]);
    expect(into).toEqual(new Uint8Array(4));
    twins.end.raw(replyTo(request));
    await access;
    wire[Symbol.dispose]();
  });

  test('throws away a reply to nothing', () => {
    const twins = new Twins();
    const { wire, peer } = attach(twins);
    const { id } = asked(twins.end);
    expect(twins.end.raw(bytesOf(u16(id + 1), u16(11), 36, 1, 0, data))).toEqual([]);
    expect(peer.code(13, bytesOf())).toBe('ok');
    wire[Symbol.dispose]();
  });

  test.each([
    ['the client closes it', (end: WirePeer) => end.close()],
    ['a command comes on it', (end: WirePeer) => end.raw(bytesOf(u16(1), u16(13), 16, 0, 0))],
    [
      'a message of 15 bytes comes on it',
      (end: WirePeer) => end.raw(bytesOf(u16(1), u16(11), 15, 1, 0)),
    ],
  ])('ends the session when %s', async (_, act) => {
    const twins = new Twins();
    const { wire, peer, access } = attach(twins);
    act(twins.end);
    await expect(access).rejects.toMatchObject({ code: 'ENOTCONN' });
    peer.deliver();
    expect([peer.isClosed, wire.device.isOpen]).toEqual([true, false]);
    wire[Symbol.dispose]();
  });

  test('ends with the first', async () => {
    const twins = new Twins();
    const { wire, peer, access } = attach(twins);
    peer.close();
    await expect(access).rejects.toMatchObject({ code: 'ENOTCONN' });
    twins.end.deliver();
    expect(twins.end.isClosed).toBe(true);
    wire[Symbol.dispose]();
  });
});
