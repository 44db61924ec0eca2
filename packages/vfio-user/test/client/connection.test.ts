import { describe, expect, test } from 'vitest';
import { ERRNO } from '@vfio-ts/core';
import { FdTable } from '../wire/support/fake-fd.ts';
import { FakeSignal } from '../wire/support/hosts.ts';
import { bytesOf, u64, version } from '../wire/support/payloads.ts';
import { dialling, scripted, settled } from './support.ts';

const INFO = bytesOf(16, 3, 9, 5);

describe('VERSION of a client', () => {
  test('says major 0, its highest minor and its limits, with a NUL at the end', async () => {
    const { server, attaching } = await dialling();
    const { command, flags, payload } = await server.next();
    expect({ command, flags }).toEqual({ command: 1, flags: 0 });
    const json = '{"capabilities":{"max_msg_fds":8,"max_data_xfer_size":1048576}}';
    expect(payload).toEqual(version(0, 2, json));
    server.transport.close();
    await expect(attaching).rejects.toMatchObject({ code: 'ENOTCONN' });
  });

  test.each([
    ['without JSON', version(0, 1)],
    ['with an empty object', version(0, 2, '{}')],
    ['with keys nobody knows', version(0, 0, '{"capabilities":{"x":1}}')],
  ])('takes a reply %s', async (_, reply) => {
    const { client } = await scripted(reply);
    expect(client.version.major).toBe(0);
    await client.close();
  });

  test.each([
    ['another major', version(1, 0, '{}'), 'EPROTO'],
    ['a minor above its own', version(0, 3, '{}'), 'EPROTO'],
    ['no room for data', version(0, 0, '{"capabilities":{"max_data_xfer_size":0}}'), 'EPROTO'],
    ['half a version', bytesOf(), 'EPROTO'],
    ['JSON that is none', version(0, 0, '{'), 'EINVAL'],
  ])('rejects a reply with %s and ends the connection', async (_, reply, code) => {
    const { server, attaching } = await dialling();
    const { id } = await server.next();
    server.send(id, 1, reply);
    await expect(attaching).rejects.toMatchObject({ code });
    await settled();
    expect(server.isClosed).toBe(true);
  });

  test('that nobody answers fails with ETIMEDOUT and ends the connection', async () => {
    const { server, attaching, clock } = await dialling();
    clock.advance(5000);
    await expect(attaching).rejects.toMatchObject({ code: 'ETIMEDOUT' });
    await settled();
    expect(server.isClosed).toBe(true);
  });
});

describe('a reply', () => {
  test('finds its request by id, in whatever order replies come', async () => {
    const { server, client } = await scripted();
    const first = client.getIrqInfo(0);
    const second = client.getIrqInfo(1);
    const a = await server.next();
    const b = await server.next();
    expect(a.id).not.toBe(b.id);
    server.send(b.id, 7, bytesOf(16, 1, 1, 22));
    server.send(a.id, 7, bytesOf(16, 1, 0, 11));
    expect((await first).count).toBe(11);
    expect((await second).count).toBe(22);
    await client.close();
  });

  test('of another command is rejected with EPROTO', async () => {
    const { server, client } = await scripted();
    const info = client.getInfo();
    const { id } = await server.next();
    server.send(id, 7, INFO);
    await expect(info).rejects.toMatchObject({ code: 'EPROTO' });
    await client.close();
  });

  test('that is too short is rejected with EPROTO', async () => {
    const { server, client } = await scripted();
    const info = client.getInfo();
    const { id } = await server.next();
    server.send(id, 4, bytesOf(16, 3, 9));
    await expect(info).rejects.toMatchObject({ code: 'EPROTO' });
    await client.close();
  });

  test.each([
    [ERRNO.ENOSPC, 'ENOSPC'],
    [0, 'EIO'],
    [0xbeef, 'EIO'],
  ])('with the error flag and errno %i is rejected with %s', async (errno, code) => {
    const { server, client } = await scripted();
    const reset = client.reset();
    const { id } = await server.next();
    server.send(id, 13, bytesOf(), { flags: 0x21, errno });
    await expect(reset).rejects.toMatchObject({
      code,
      message: expect.stringContaining(`errno ${errno}`),
    });
    await client.close();
  });

  test('that is late is thrown away, with its descriptors, and the connection goes on', async () => {
    const { server, client, clock } = await scripted();
    const late = client.getRegionInfo(0);
    const { id } = await server.next();
    clock.advance(4999);
    clock.advance(1);
    await expect(late).rejects.toMatchObject({ code: 'ETIMEDOUT' });
    const next = client.getInfo();
    const request = await server.next();
    const table = new FdTable();
    using fd = table.eventfd();
    server.send(id, 5, bytesOf(32, 3, 0, 0, u64(0), u64(0)), { fds: [fd] });
    server.send(request.id, 4, INFO);
    expect(await next).toMatchObject({ numRegions: 9 });
    expect(table.openCount).toBe(1);
    await client.close();
  });

  test('that may still come keeps its id from being used again', async () => {
    const { server, client, clock } = await scripted();
    const late = client.reset();
    const { id } = await server.next();
    clock.advance(5000);
    await expect(late).rejects.toMatchObject({ code: 'ETIMEDOUT' });
    for (let i = 0; i < 0x10000; i++) client.postWrite(0, 0, Uint8Array.of(1));
    await settled();
    expect(server.received).toHaveLength(0x10000);
    expect(server.received.some((request) => request.id === id)).toBe(false);
    await client.close();
  });

  test('nobody asked for is thrown away, with its descriptors', async () => {
    const { server, client } = await scripted();
    const table = new FdTable();
    using fd = table.eventfd();
    server.send(0x7777, 4, INFO, { fds: [fd] });
    await settled();
    expect(table.openCount).toBe(1);
    expect(server.isClosed).toBe(false);
    await client.close();
  });

  test('cancels the time-out of its request', async () => {
    const { server, client, clock } = await scripted();
    const info = client.getInfo();
    server.send((await server.next()).id, 4, INFO);
    await info;
    expect(clock.timers).toBe(0);
    await client.close();
  });

  test('to a raw request has its payload and descriptors', async () => {
    const { server, client } = await scripted();
    const raw = client.request(999, Uint8Array.of(1, 2, 3));
    const request = await server.next();
    expect(request).toMatchObject({ command: 999, payload: Uint8Array.of(1, 2, 3) });
    const table = new FdTable();
    using fd = table.eventfd();
    server.send(request.id, 999, bytesOf(7), { fds: [fd] });
    const { payload, fds } = await raw;
    expect(payload).toEqual(bytesOf(7));
    expect(table.openCount).toBe(2);
    for (const received of fds) received.close();
    await client.close();
  });

  test('to MIG_DATA_READ counts by its size field', async () => {
    const { server, client } = await scripted();
    const into = new Uint8Array(8);
    const reading = client.readMigrationData(into);
    const { id, payload } = await server.next();
    expect(payload).toEqual(bytesOf(16, 8));
    server.send(id, 17, bytesOf(10, 2, Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8)));
    expect(await reading).toBe(2);
    expect(into).toEqual(Uint8Array.of(1, 2, 0, 0, 0, 0, 0, 0));
    await client.close();
  });

  test.each([
    ['more bytes than were asked for', bytesOf(24, 9, new Uint8Array(16))],
    ['more bytes than it has', bytesOf(16, 8, new Uint8Array(4))],
  ])('to MIG_DATA_READ with %s is rejected with EPROTO', async (_, payload) => {
    const { server, client } = await scripted();
    const reading = client.readMigrationData(new Uint8Array(8));
    server.send((await server.next()).id, 17, payload);
    await expect(reading).rejects.toMatchObject({ code: 'EPROTO' });
    await client.close();
  });
});

describe('a region capability chain', () => {
  test.each([
    ['goes in a circle', 32, bytesOf(2 | (1 << 16), 32, u64(0))],
    ['leaves the reply', 32, bytesOf(2 | (1 << 16), 4096, u64(0))],
    ['starts outside the reply', 4096, bytesOf(u64(0), u64(0))],
    ['starts inside the fixed part', 8, bytesOf(u64(0), u64(0))],
  ])('that %s does no harm', async (_, capOffset, caps) => {
    const { server, client } = await scripted();
    const table = new FdTable();
    using fd = table.memory('bar', 0x1000);
    const mapping = client.mmap(0, 0, 0x1000);
    const info = bytesOf(48, 0xf, 0, capOffset, u64(0x1000), u64(0));
    for (const payload of [info, bytesOf(info, caps)]) {
      // oxlint-disable-next-line no-await-in-loop
      server.send((await server.next()).id, 5, payload, { fds: [fd] });
    }
    expect((await mapping).bytes).toHaveLength(0x1000);
    await client.close();
    expect(table.openCount).toBe(1);
  });

  test('of a region of 2^53 bytes is rejected with EINVAL', async () => {
    const { server, client } = await scripted();
    const info = client.getRegionInfo(0);
    const payload = bytesOf(32, 3, 0, 0, u64(2 ** 53), u64(0));
    server.send((await server.next()).id, 5, payload);
    await expect(info).rejects.toMatchObject({ code: 'EINVAL' });
    await client.close();
  });
});

describe('messages of a client', () => {
  test('for signals carry no more descriptors than the server takes', async () => {
    const { server, client } = await scripted();
    const table = new FdTable();
    const signals = Array.from({ length: 3 }, () => new FakeSignal(table.eventfd()));
    const setting = client.setIrqs({ flags: 0x24, index: 2, start: 0, count: 3, signals });
    const first = await server.next();
    expect(first.payload).toEqual(bytesOf(20, 0x24, 2, 0, 2));
    server.send(first.id, 8, bytesOf());
    const second = await server.next();
    expect(second.payload).toEqual(bytesOf(20, 0x24, 2, 2, 1));
    server.send(second.id, 8, bytesOf());
    await setting;
    expect(signals.every(({ closed }) => closed)).toBe(true);
    await client.close();
  });

  test('that are posted say so', async () => {
    const { server, client } = await scripted();
    client.postWrite(1, 0x20, bytesOf(7));
    expect(await server.next()).toMatchObject({
      command: 10,
      flags: 0x10,
      payload: bytesOf(u64(0x20), 1, 4, 7),
    });
    await client.close();
  });
});

describe('a command of the server', () => {
  test('the client does not know is refused with ENOSYS', async () => {
    const { server, client } = await scripted();
    server.send(0x42, 999, bytesOf(u64(0), u64(4)), { flags: 0 });
    const reply = await server.next();
    expect(reply).toMatchObject({ id: 0x42, command: 999, flags: 0x21, errno: 38 });
    expect(reply.payload).toHaveLength(0);
    await client.close();
  });

  test('that wants no reply gets none', async () => {
    const { server, client } = await scripted();
    server.send(0x42, 11, bytesOf(u64(0), u64(4)), { flags: 0x10 });
    await settled();
    expect(server.received).toEqual([]);
    await client.close();
  });
});
