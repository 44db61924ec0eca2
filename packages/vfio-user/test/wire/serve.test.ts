// What `serveDevice` adds to a server: a socket with limits, and who may use it.

import { ftruncate } from 'node:fs';
import { getuid } from 'node:process';
import { describe, expect, test } from 'vitest';
import { connect } from '../../src/connect.ts';
import { EventFd } from '../../src/eventfd.ts';
import { OwnedFd, type Fd } from '../../src/fd.ts';
import { MemfdBackend } from '../../src/memfd.ts';
import * as libc from '../../src/native/libc.ts';
import { openFds, until } from '../native/support.ts';
import { bytesOf, dmaMap, dmaUnmap, irqSet, regionAccess } from './support/payloads.ts';
import { BAR2, PAGE, RW, Served } from './support/served.ts';

const [DMA_MAP, DMA_UNMAP, SET_IRQS, REGION_WRITE] = [2, 3, 8, 10];

function memfd(pages: number): OwnedFd {
  const fd = new OwnedFd(libc.memfdCreate('client'));
  libc.ftruncate(fd.number, pages * PAGE);
  return fd;
}

function truncate(fd: Fd, size: number): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  ftruncate(fd.number, size, (error) => (error === null ? resolve() : reject(error)));
  return promise;
}

function ignore(): void {}

describe('a peer', () => {
  test('is seen as the user and process that connected', async () => {
    const seen: unknown[] = [];
    await using served = new Served({ allowPeer: (peer) => seen.push(peer) > 0 });
    await using client = await served.client();
    await client.getInfo();
    expect(seen).toEqual([expect.objectContaining({ pid: process.pid, uid: getuid?.() })]);
  });

  test('that is not allowed is closed before it is heard', async () => {
    await using served = new Served({ allowPeer: () => false });
    await expect(served.client()).rejects.toMatchObject({ code: 'ENOTCONN' });
    expect(served.server.connections).toBe(0);
    expect(served.logger.at('warn')).toHaveLength(1);
  });

  test('that cannot be judged is not let in, and the next one is', async () => {
    let calls = 0;
    const allowPeer = (): boolean => {
      if (calls++ === 0) throw new Error('no such table');
      return true;
    };
    await using served = new Served({ allowPeer, onError: ignore });
    await expect(served.client()).rejects.toMatchObject({ code: 'ENOTCONN' });
    await using client = await served.client();
    await client.getInfo();
  });
});

describe('a message', () => {
  test('may be as long as maxDataXferSize says', async () => {
    await using served = new Served({ limits: { maxDataXferSize: 2 << 20 } });
    await using client = await served.client();
    const data = new Uint8Array(2 << 20).fill(7);
    const payload = bytesOf(regionAccess(2, PAGE, data.length), data);
    expect((await client.request(REGION_WRITE, payload)).payload).toHaveLength(16);
    expect(served.ref.device.memory.bytes[BAR2 - PAGE]).toBe(0);
    expect(served.ref.device.memory.bytes[data.length]).toBe(7);
  });

  test('beyond what maxDataXferSize says ends the connection', async () => {
    await using served = new Served({ limits: { maxDataXferSize: 0x8000 } });
    await using client = await served.client();
    const payload = bytesOf(regionAccess(2, PAGE, 0x9000), new Uint8Array(0x9000));
    await expect(client.request(REGION_WRITE, payload)).rejects.toMatchObject({ code: 'EINVAL' });
    await client.over;
    await until(() => served.server.connections === 0);
  });

  test('with more descriptors than the server takes is refused, and all are closed', async () => {
    await using served = new Served();
    await using client = await served.client();
    using event = EventFd.create();
    const before = openFds();
    const fds = Array.from({ length: 40 }, () => event.fd);
    const refused = client.request(SET_IRQS, irqSet(0x24, 2, 0, 4), fds);
    await expect(refused).rejects.toMatchObject({ code: 'EINVAL' });
    expect(openFds()).toBe(before);
  });

  test('may have 16 descriptors of a client that does not listen to maxMsgFds', async () => {
    await using served = new Served({ limits: { maxMsgFds: 1 } });
    await using client = await served.client();
    using event = EventFd.create();
    const fds = Array.from({ length: 4 }, () => event.fd);
    const { payload } = await client.request(SET_IRQS, irqSet(0x24, 2, 0, 4), fds);
    expect(payload).toHaveLength(0);
  });
});

describe('a connection that says nothing', () => {
  test('is ended by the clock of the core', async () => {
    await using served = new Served();
    const silent = connect(served.path, served.loop);
    let isOver = false;
    silent.start({ frame() {}, malformed() {}, closed: () => (isOver = true) });
    await until(() => served.server.connections === 1);
    served.clock.advance(5000);
    await until(() => isOver);
    expect(served.server.connections).toBe(0);
  });
});

describe('memory of a client', () => {
  test('that is not sealed and gets shorter under the device is an error, not the end', async () => {
    await using served = new Served();
    await using client = await served.client();
    using fd = memfd(2);
    await client.request(DMA_MAP, dmaMap(0, 2 * PAGE), [fd]);
    await client.write(0, 0, bytesOf(PAGE + 5));
    libc.ftruncate(fd.number, PAGE);
    const gone = client.write(0, 0, bytesOf(PAGE + 5));
    await expect(gone).rejects.toMatchObject({ code: 'EFAULT' });
    await client.write(0, 0, bytesOf(5));
    libc.ftruncate(fd.number, 2 * PAGE);
    await client.write(0, 0, bytesOf(PAGE + 5));
  });

  test('that gets shorter and longer while the device writes never ends the server', async () => {
    await using served = new Served();
    await using client = await served.client();
    using fd = memfd(2);
    await client.request(DMA_MAP, dmaMap(0, 2 * PAGE), [fd]);
    const outcomes = new Set<string>();
    const done = new AbortController();
    const truncating = (async (): Promise<void> => {
      // Runs on another thread: the file changes between and within the device's accesses.
      // oxlint-disable-next-line no-await-in-loop
      for (let i = 0; !done.signal.aborted; i++) await truncate(fd, i % 2 === 0 ? 0 : 2 * PAGE);
    })();
    for (let i = 0; i < 1000; i++) {
      // oxlint-disable-next-line no-await-in-loop
      const outcome = await client.write(0, 0, bytesOf(PAGE + i)).then(
        () => 'ok',
        (error: unknown) => (error instanceof Error && 'code' in error ? String(error.code) : ''),
      );
      outcomes.add(outcome);
    }
    done.abort();
    await truncating;
    expect([...outcomes].filter((outcome) => outcome !== 'ok' && outcome !== 'EFAULT')).toEqual([]);
    await client.getInfo();
  });

  test('that is sealed is mapped and cannot get shorter', async () => {
    await using served = new Served();
    await using client = await served.client();
    const memory = new MemfdBackend().alloc('ram', 2 * PAGE);
    await client.mapDma({ iova: 0, size: 2 * PAGE, flags: RW, memory });
    if (!('fd' in memory)) throw new Error('no descriptor');
    await client.write(0, 0, bytesOf(PAGE + 5));
    expect(() => libc.ftruncate(memory.fd.number, PAGE)).toThrow(/EPERM/);
    expect(memory.bytes[PAGE + 5]).toBe(0xff);
    memory.close();
  });

  test('of which each mapping keeps a descriptor is limited, and room comes back', async () => {
    await using served = new Served({ limits: { maxFileMaps: 2 } });
    await using client = await served.client();
    using fd = memfd(4);
    const before = openFds();
    await client.request(DMA_MAP, dmaMap(0, PAGE), [fd]);
    await client.request(DMA_MAP, dmaMap(PAGE, PAGE), [fd]);
    const third = (): Promise<unknown> => client.request(DMA_MAP, dmaMap(2 * PAGE, PAGE), [fd]);
    await expect(third()).rejects.toMatchObject({ code: 'ENOSPC' });
    expect(openFds()).toBe(before + 2);
    await client.request(DMA_UNMAP, dmaUnmap(0, PAGE));
    await third();
    const memory = new MemfdBackend().alloc('sealed', PAGE);
    await client.mapDma({ iova: 8 * PAGE, size: PAGE, flags: RW, memory });
    memory.close();
  });
});
