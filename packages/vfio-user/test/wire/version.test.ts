import { describe, expect, test } from 'vitest';
import { VfioError } from '@vfio-ts/core';
import { PEER_PROFILES } from '../../src/peer.ts';
import { bytesOf, u16, version } from './support/payloads.ts';
import { Wire, type WireReply } from './support/wire.ts';

function jsonOf({ payload }: WireReply): unknown {
  return JSON.parse(new TextDecoder().decode(payload.subarray(4, -1)));
}

const QEMU_JSON =
  '{"capabilities":{"max_msg_fds":16,"max_data_xfer_size":1048576,"max_dma_maps":65535,' +
  '"pgsizes":4096,"migration":{"pgsize":4096,"max_bitmap_size":268435456},"write_multiple":true}}';
const RUST_JSON =
  '{"capabilities":{"max_msg_fds":1,"max_data_xfer_size":1048576,"migration":{"pgsize":4096}}}';

describe('VERSION', () => {
  test('without JSON gets the limits of the server', () => {
    using wire = new Wire();
    const reply = wire.connect().ok(1, version(0, 1));
    expect(reply.payload.subarray(0, 4)).toEqual(bytesOf(u16(0), u16(1)));
    expect(reply.payload.at(-1)).toBe(0);
    expect(jsonOf(reply)).toEqual({
      capabilities: {
        max_msg_fds: 8,
        max_data_xfer_size: 1048576,
        migration: { pgsize: 4096 },
      },
    });
  });

  test('a device that cannot migrate says nothing of migration', () => {
    using wire = new Wire();
    wire.device.migrates = false;
    expect(jsonOf(wire.connect().ok(1, version(0, 1, '{}')))).toEqual({
      capabilities: { max_msg_fds: 8, max_data_xfer_size: 1048576 },
    });
  });

  test.each([
    ['the lower minor of client and server', 0, 0],
    ['the lower minor of client and server', 1, 1],
    ['its own minor to a newer client', 99, 2],
  ])('replies with %s', (_, asked, answered) => {
    using wire = new Wire();
    const reply = wire.connect().ok(1, version(0, asked, '{}'));
    expect(reply.payload.subarray(0, 4)).toEqual(bytesOf(u16(0), u16(answered)));
  });

  test('a reply to QEMU fits the 214 bytes of its buffer', () => {
    using wire = new Wire();
    expect(wire.connect().ok(1, version(0, 0, QEMU_JSON)).size).toBeLessThanOrEqual(214);
  });

  test.each([
    '{}',
    '{"capabilities":{}}',
    '{"capabilities":{"max_msg_fds":0}}',
    '{"capabilities":{"max_msg_fds":1024,"max_data_xfer_size":1048576}}',
    '{"capabilities":{"no_such_key":[1,2]},"other":1}',
    '{"capabilities":{"twin_socket":{"supported":true}}}',
    QEMU_JSON,
    RUST_JSON,
  ])('takes %s', (json) => {
    using wire = new Wire();
    wire.attach(json);
    expect(wire.server.attached?.state).toBe('running');
  });

  test.each([
    ['no payload', new Uint8Array(0)],
    ['half a version', bytesOf(u16(0))],
    ['major 999', version(999, 0, '{}')],
    ['JSON without NUL', bytesOf(u16(0), u16(1), new TextEncoder().encode('{}'))],
    ['empty JSON', version(0, 1, '')],
    ['an unclosed object', version(0, 1, '{')],
    ['an open string', version(0, 1, '"')],
    ['an array', version(0, 1, '[]')],
    ['null', version(0, 1, 'null')],
    ['text that is not UTF-8', bytesOf(u16(0), u16(1), Uint8Array.of(0x22, 0xff, 0x22, 0))],
    ['capabilities that are no object', version(0, 1, '{"capabilities":[]}')],
    ['max_msg_fds as a string', version(0, 1, '{"capabilities":{"max_msg_fds":"8"}}')],
    ['max_msg_fds -1', version(0, 1, '{"capabilities":{"max_msg_fds":-1}}')],
    ['max_msg_fds 1025', version(0, 1, '{"capabilities":{"max_msg_fds":1025}}')],
    ['max_msg_fds 1.5', version(0, 1, '{"capabilities":{"max_msg_fds":1.5}}')],
    ['max_data_xfer_size true', version(0, 1, '{"capabilities":{"max_data_xfer_size":true}}')],
    ['migration that is no object', version(0, 1, '{"capabilities":{"migration":"yes"}}')],
    ['a page size string', version(0, 1, '{"capabilities":{"migration":{"pgsize":"4096"}}}')],
    ['page size 4095', version(0, 1, '{"capabilities":{"migration":{"pgsize":4095}}}')],
    ['page size 6144', version(0, 1, '{"capabilities":{"migration":{"pgsize":6144}}}')],
    ['twin_socket that is no object', version(0, 1, '{"capabilities":{"twin_socket":1}}')],
    ['write_multiple 1', version(0, 1, '{"capabilities":{"write_multiple":1}}')],
    ['JSON beyond the limit', version(0, 1, `{"x":"${'x'.repeat(20000)}"}`)],
  ])('refuses %s with EINVAL and lets the client go', (_, payload) => {
    using wire = new Wire();
    const peer = wire.connect();
    expect(peer.code(1, payload)).toBe('EINVAL');
    expect(peer.isClosed).toBe(true);
    expect(wire.device.opens).toBe(0);
  });

  test('refuses a first message that is another command with EINVAL', () => {
    using wire = new Wire();
    const peer = wire.connect();
    expect(peer.code(999, new Uint8Array(4))).toBe('EINVAL');
    expect(peer.isClosed).toBe(true);
  });

  test('refuses a VERSION with descriptors and closes them', () => {
    using wire = new Wire();
    const peer = wire.connect();
    using fd = wire.fds.eventfd();
    expect(peer.code(1, version(0, 1, '{}'), [fd])).toBe('EINVAL');
    expect(wire.extraFds).toBe(1);
  });

  test('a VERSION that wants no reply gets none', () => {
    using wire = new Wire();
    expect(wire.connect().send(1, version(0, 1, '{}'), [], 0x10)).toEqual([]);
  });

  test('a second VERSION is refused and the session goes on', () => {
    using wire = new Wire();
    const peer = wire.attach();
    expect(peer.code(1, version(0, 1, '{}'))).toBe('EINVAL');
    peer.ok(13, new Uint8Array(0));
  });

  test('a device that cannot be opened gives its error', () => {
    using wire = new Wire();
    wire.device.fail = { op: 'open', error: new VfioError('ENODEV', 'open', 'is going away') };
    const peer = wire.connect();
    expect(peer.code(1, version(0, 1, '{}'))).toBe('ENODEV');
    expect(peer.isClosed).toBe(true);
    wire.attach();
  });
});

test('a device that fails once it is open is closed again', () => {
  using wire = new Wire();
  wire.device.fail = { op: 'getInfo', error: new VfioError('EIO', 'getInfo', 'broken') };
  expect(wire.connect().code(1, version(0, 1, '{}'))).toBe('EIO');
  expect(wire.device.isOpen).toBe(false);
  wire.attach();
});

describe('the peer', () => {
  test.each([
    ['qemu', 0, QEMU_JSON],
    ['rust', 1, RUST_JSON],
    ['libvfio-user', 2, '{"capabilities":{"max_msg_fds":32,"twin_socket":{"supported":true}}}'],
    ['libvfio-user', 2, '{"capabilities":{"max_msg_fds":32,"max_data_xfer_size":1024}}'],
    ['generic', 2, '{}'],
  ])('is taken for %s by what it says', (name, minor, json) => {
    using wire = new Wire();
    wire.attach(json, minor);
    expect(wire.server.attached?.profile?.name).toBe(name);
  });

  test('is what the server was told when it was told', () => {
    using wire = new Wire({}, PEER_PROFILES.rust);
    wire.attach(QEMU_JSON, 0);
    expect(wire.server.attached?.profile?.name).toBe('rust');
  });
});
