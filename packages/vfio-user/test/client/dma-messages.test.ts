// DMA_READ and DMA_WRITE of a server, answered by our client from what it has mapped.

import { describe, expect, test } from 'vitest';
import { HeapMemory, ERRNO, type SharedMemory } from '@vfio-ts/core';
import type { VfioUserClient } from '../../src/client.ts';
import { bytesOf, u64, type Field } from '../wire/support/payloads.ts';
import { scripted, settled, type Received, type ScriptedServer } from './support.ts';

const PAGE = 0x1000;
const READ = 1;
const WRITE = 2;

const head = (address: number | bigint, count: number | bigint, ...data: Field[]): Uint8Array =>
  bytesOf(u64(address), u64(count), ...data);

interface Mapped {
  readonly server: ScriptedServer;
  readonly client: VfioUserClient;
  readonly memory: SharedMemory;
}

/** A client that keeps its memory: two pages read-write at 0x10000, one read-only behind, one write-only at 0x20000. */
async function mapped(): Promise<Mapped> {
  const { server, client } = await scripted(undefined, { shareMemory: false });
  const memory = new HeapMemory().alloc('guest', 4 * PAGE);
  memory.bytes.forEach((_, index) => (memory.bytes[index] = index ^ (index >> 8)));
  const map = async (iova: number, size: number, flags: number, offset: number): Promise<void> => {
    const mapping = client.mapDma({ iova, size, flags, memory, offset });
    const { id, payload } = await server.next();
    expect(payload).toEqual(bytesOf(32, flags, u64(0), u64(iova), u64(size)));
    server.send(id, 2, bytesOf());
    await mapping;
  };
  await map(0x10000, 2 * PAGE, READ | WRITE, 0);
  await map(0x12000, PAGE, READ, 2 * PAGE);
  await map(0x20000, PAGE, WRITE, 3 * PAGE);
  return { server, client, memory };
}

async function ask(
  server: ScriptedServer,
  command: number,
  payload: Uint8Array,
  flags = 0,
): Promise<Received> {
  server.send(0x42, command, payload, { flags });
  return server.next();
}

describe('a DMA_READ of the server', () => {
  test('is answered with the memory that was mapped', async () => {
    const { server, client, memory } = await mapped();
    const reply = await ask(server, 11, head(0x10010, 8));
    expect(reply).toMatchObject({ id: 0x42, command: 11, flags: 1, errno: 0 });
    expect(reply.payload).toEqual(head(0x10010, 8, memory.bytes.slice(0x10, 0x18)));
    await client.close();
  });

  test('over two mappings that touch is one answer', async () => {
    const { server, client, memory } = await mapped();
    const { payload } = await ask(server, 11, head(0x11ffc, 8));
    expect(payload).toEqual(head(0x11ffc, 8, memory.bytes.slice(0x1ffc, 0x2004)));
    await client.close();
  });

  test('is answered while a command of the client waits for its reply', async () => {
    const { server, client } = await mapped();
    const resetting = client.reset();
    const { id } = await server.next();
    expect(await ask(server, 11, head(0x10000, 4))).toMatchObject({ command: 11, flags: 1 });
    server.send(id, 13, bytesOf());
    await resetting;
    await client.close();
  });

  test('with the id of a command of the client does not answer that', async () => {
    const { server, client } = await mapped();
    const resetting = client.reset();
    const { id } = await server.next();
    server.send(id, 11, head(0x10000, 4), { flags: 0 });
    expect(await server.next()).toMatchObject({ id, command: 11, flags: 1 });
    server.send(id, 13, bytesOf());
    await expect(resetting).resolves.toBeUndefined();
    await client.close();
  });
});

describe('a DMA_WRITE of the server', () => {
  test('changes the memory and is answered without data', async () => {
    const { server, client, memory } = await mapped();
    const reply = await ask(server, 12, head(0x20004, 3, Uint8Array.of(7, 8, 9)));
    expect(reply).toMatchObject({ id: 0x42, command: 12, flags: 1, payload: head(0x20004, 3) });
    expect(memory.bytes.subarray(3 * PAGE + 4, 3 * PAGE + 7)).toEqual(Uint8Array.of(7, 8, 9));
    await client.close();
  });

  test('without reply changes the memory and gets none', async () => {
    const { server, client, memory } = await mapped();
    server.send(0x42, 12, head(0x10000, 1, Uint8Array.of(99)), { flags: 0x10 });
    await settled();
    expect(server.received).toEqual([]);
    expect(memory.bytes[0]).toBe(99);
    await client.close();
  });
});

const bytes = (length: number): Uint8Array => new Uint8Array(length).fill(0xee);

describe('what the server may not have', () => {
  test.each([
    ['a read where nothing is', 11, head(0x30000, 4), ERRNO.EFAULT],
    ['a read from before a mapping', 11, head(0xfffe, 4), ERRNO.EFAULT],
    ['a read past the last mapping', 11, head(0x12ffe, 4), ERRNO.EFAULT],
    ['a read of write-only memory', 11, head(0x20000, 4), ERRNO.EPERM],
    ['a write to read-only memory', 12, head(0x12000, 4, bytes(4)), ERRNO.EPERM],
    ['a write that ends in read-only memory', 12, head(0x11ffe, 4, bytes(4)), ERRNO.EPERM],
    ['a write that ends where nothing is', 12, head(0x20ffe, 4, bytes(4)), ERRNO.EFAULT],
    ['a read of more than a message carries', 11, head(0x10000, 0x100001), ERRNO.E2BIG],
    ['a read of 2^32 bytes', 11, head(0x10000, 2n ** 32n), ERRNO.E2BIG],
    ['a read of 2^64 - 1 bytes', 11, head(0x10000, 2n ** 64n - 1n), ERRNO.E2BIG],
    ['a read at 2^64 - 4', 11, head(2n ** 64n - 4n, 4), ERRNO.EINVAL],
    ['a read with data', 11, head(0x10000, 4, bytes(4)), ERRNO.EINVAL],
    ['a write with too little data', 12, head(0x10000, 4, bytes(3)), ERRNO.EINVAL],
    ['a write with too much data', 12, head(0x10000, 4, bytes(5)), ERRNO.EINVAL],
    ['a read without a count', 11, bytesOf(u64(0x10000)), ERRNO.EINVAL],
    ['another command', 9, head(0x10000, 4), ERRNO.ENOSYS],
  ])('%s is refused and changes nothing', async (_, command, payload, errno) => {
    const { server, client, memory } = await mapped();
    const before = memory.bytes.slice();
    const reply = await ask(server, command, payload);
    expect(reply).toMatchObject({ id: 0x42, command, flags: 0x21, errno, payload: bytesOf() });
    expect(memory.bytes).toEqual(before);
    await client.close();
  });

  test('memory that was unmapped is EFAULT', async () => {
    const { server, client } = await mapped();
    const unmapping = client.unmapDma({ iova: 0x20000, size: PAGE });
    const { id, payload } = await server.next();
    server.send(id, 3, payload);
    await unmapping;
    const reply = await ask(server, 12, head(0x20000, 4, bytes(4)));
    expect(reply).toMatchObject({ flags: 0x21, errno: ERRNO.EFAULT });
    await client.close();
  });

  test('memory whose mapping was refused is EFAULT', async () => {
    const { server, client, memory } = await mapped();
    const mapping = client.mapDma({ iova: 0x40000, size: PAGE, flags: READ, memory });
    const { id } = await server.next();
    server.send(id, 2, bytesOf(), { flags: 0x21, errno: ERRNO.ENOSPC });
    await expect(mapping).rejects.toMatchObject({ code: 'ENOSPC' });
    expect(await ask(server, 11, head(0x40000, 4))).toMatchObject({ errno: ERRNO.EFAULT });
    await client.close();
  });

  test('memory that its owner has closed is EFAULT', async () => {
    const { server, client, memory } = await mapped();
    memory.close();
    expect(await ask(server, 11, head(0x10000, 4))).toMatchObject({ errno: ERRNO.EFAULT });
    await client.close();
  });
});

describe('a server that does not read the replies', () => {
  test('has its commands wait, and gets all answers in their order when it reads', async () => {
    const { server, client } = await mapped();
    server.transport.pause(true);
    const count = 400;
    for (let id = 0; id < count; id++) {
      const message = bytesOf({ u16: id }, { u16: 11 }, 32, 0, 0, head(0x10000, 2 * PAGE));
      server.transport.send(message, message.length);
    }
    await settled();
    // What waits for it is bounded, though 3 MiB were asked for.
    expect(server.received).toEqual([]);
    server.transport.pause(false);
    await settled();
    expect(server.received.map(({ id }) => id)).toEqual(
      Array.from({ length: count }, (_, id) => id),
    );
    await client.close();
  });

  test('and asks without end is let go', async () => {
    const { server, client } = await mapped();
    server.transport.pause(true);
    const data = bytes(0x2000);
    const write = bytesOf(
      { u16: 1 },
      { u16: 12 },
      32 + data.length,
      0,
      0,
      head(0x10000, data.length, data),
    );
    const read = bytesOf({ u16: 1 }, { u16: 11 }, 32, 0, 0, head(0x10000, 2 * PAGE));
    for (let sent = 0; sent < 200; sent++) server.transport.send(read, read.length);
    for (let sent = 0; sent < 17 << 20; sent += write.length) {
      server.transport.send(write, write.length);
    }
    expect(await client.over).toMatchObject({ code: 'EPIPE' });
  });
});
