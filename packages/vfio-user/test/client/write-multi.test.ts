import { describe, expect, test } from 'vitest';
import type { RegionWrite } from '../../src/messages/write-multi.ts';
import { bytesOf, u64, version } from '../wire/support/payloads.ts';
import { Wire } from '../wire/support/wire.ts';
import { Attached, scripted, settled } from './support.ts';

const AGREES = version(0, 0, '{"capabilities":{"write_multiple":true}}');
const writes: readonly RegionWrite[] = [
  { region: 1, offset: 0x20, data: Uint8Array.of(1, 2, 3, 4) },
  { region: 0, offset: 2 ** 40, data: Uint8Array.of(5) },
];
const first = bytesOf(u64(0x20), 1, 4, Uint8Array.of(1, 2, 3, 4, 0, 0, 0, 0));
const second = bytesOf(u64(2 ** 40), 0, 1, Uint8Array.of(5, 0, 0, 0, 0, 0, 0, 0));
const payload = bytesOf(u64(2), first, second);

describe('several writes', () => {
  test('go in one message, whose reply says how many were done', async () => {
    const { server, client } = await scripted(AGREES);
    const writing = client.writeMulti(writes);
    const { id, ...request } = await server.next();
    expect(request).toMatchObject({ command: 15, flags: 0, payload });
    server.send(id, 15, bytesOf(u64(1)));
    expect(await writing).toBe(1);
    await client.close();
  });

  test('that are posted want no reply', async () => {
    const { server, client } = await scripted(AGREES);
    client.postWrites(writes);
    expect(await server.next()).toMatchObject({ command: 15, flags: 0x10, payload });
    await client.close();
  });

  test('beyond 200 go in further messages, but not after one that failed', async () => {
    const { server, client } = await scripted(AGREES);
    const many = Array.from({ length: 450 }, () => ({
      region: 0,
      offset: 0,
      data: Uint8Array.of(1),
    }));
    const writing = client.writeMulti(many);
    const full = await server.next();
    expect(full.payload).toHaveLength(8 + 200 * 24);
    server.send(full.id, 15, bytesOf(u64(200)));
    const { id } = await server.next();
    server.send(id, 15, bytesOf(u64(7)));
    expect(await writing).toBe(207);
    expect(server.received).toEqual([]);
    await client.close();
  });

  test('that a server has not agreed on are EOPNOTSUPP, posted they go one by one', async () => {
    const { server, client } = await scripted();
    await expect(client.writeMulti(writes)).rejects.toMatchObject({ code: 'EOPNOTSUPP' });
    client.postWrites(writes);
    await settled();
    expect(server.received).toMatchObject([
      { command: 10, flags: 0x10, payload: bytesOf(u64(0x20), 1, 4, Uint8Array.of(1, 2, 3, 4)) },
      { command: 10, flags: 0x10, payload: bytesOf(u64(2 ** 40), 0, 1, Uint8Array.of(5)) },
    ]);
    await client.close();
  });

  test.each([
    ['9 bytes', { region: 0, offset: 0, data: new Uint8Array(9) }],
    ['no bytes', { region: 0, offset: 0, data: new Uint8Array(0) }],
    ['a negative offset', { region: 0, offset: -1, data: new Uint8Array(1) }],
  ])('one of them with %s are EINVAL and nothing is sent', async (_, bad) => {
    const { server, client } = await scripted(AGREES);
    await expect(client.writeMulti([...writes, bad])).rejects.toMatchObject({ code: 'EINVAL' });
    expect(() => client.postWrites([...writes, bad])).toThrow(
      expect.objectContaining({ code: 'EINVAL' }),
    );
    await settled();
    expect(server.received).toEqual([]);
    await client.close();
  });

  test.each([
    ['more than were sent', bytesOf(u64(3))],
    ['nothing', bytesOf()],
  ])('answered with %s are EPROTO', async (_, reply) => {
    const { server, client } = await scripted(AGREES);
    const writing = client.writeMulti(writes);
    const { id } = await server.next();
    server.send(id, 15, reply);
    await expect(writing).rejects.toMatchObject({ code: 'EPROTO' });
    await client.close();
  });

  test('reach the device behind our server', async () => {
    const wire = new Wire();
    await using attached = await Attached.create(wire, { capabilities: { writeMultiple: true } });
    const { client } = attached;
    const data = [Uint8Array.of(1, 2), Uint8Array.of(9)];
    const done = await client.writeMulti(
      data.map((bytes, offset) => ({ region: 0, offset, data: bytes })),
    );
    expect([done, ...wire.device.bytes.subarray(0, 2)]).toEqual([2, 1, 9]);
  });
});
