import { describe, expect, test } from 'vitest';
import { FdTable } from '../wire/support/fake-fd.ts';
import { bytesOf, u64 } from '../wire/support/payloads.ts';
import { scripted } from './support.ts';

const IO_FDS = 6;

describe('the client', () => {
  test('reads the entries of 40 bytes that the specification has', async () => {
    const { server, client } = await scripted();
    const table = new FdTable();
    using fd = table.eventfd();
    const asked = client.getRegionIoFds(2);
    const first = await server.next();
    expect(first.payload).toEqual(bytesOf(16, 0, 2, 0));
    server.send(first.id, IO_FDS, bytesOf(56, 0, 2, 0));
    const second = await server.next();
    expect(second.payload).toEqual(bytesOf(56, 0, 2, 0));
    const entry = bytesOf(u64(8), u64(4), 0, 1, 1, 0, u64(0x55));
    server.send(second.id, IO_FDS, bytesOf(56, 0, 2, 1, entry), { fds: [fd] });
    const ioFds = await asked;
    expect(ioFds.entries).toMatchObject([
      { offset: 8, size: 4, fdIndex: 0, type: 'ioregionfd', flags: 1, datamatch: 0x55n },
    ]);
    expect(table.openCount).toBe(2);
    ioFds[Symbol.dispose]();
    expect(table.openCount).toBe(1);
    await client.close();
  });

  const bad: readonly (readonly [string, number, Uint8Array])[] = [
    ['a descriptor that did not come', 1, bytesOf(u64(8), u64(4), 1, 0, 0, 0, u64(0), u64(0))],
    ['an unknown type', 1, bytesOf(u64(8), u64(4), 0, 3, 0, 0, u64(0), u64(0))],
    ['a shadow that did not come', 1, bytesOf(u64(8), u64(4), 0, 2, 0, 5, u64(0), u64(0))],
    ['entries of 44 bytes', 1, new Uint8Array(44)],
    ['fewer entries than it says', 2, new Uint8Array(48)],
    ['2^32 - 1 entries', 0xffff_ffff, new Uint8Array(48)],
  ];
  test.for(bad)('refuses a reply with %s and closes its descriptors', async ([, count, entry]) => {
    const { server, client } = await scripted();
    const table = new FdTable();
    using fd = table.eventfd();
    const asked = client.getRegionIoFds(0);
    const { id } = await server.next();
    server.send(id, IO_FDS, bytesOf(16 + entry.length, 0, 0, count, entry), { fds: [fd] });
    await expect(asked).rejects.toMatchObject({ code: 'EPROTO' });
    expect(table.openCount).toBe(1);
    await client.close();
  });
});
