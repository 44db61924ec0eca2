// A device in a thread of its own, from the thread that started it. Descriptors are counted: those of a thread are the
// process's, and stay when it ends unless somebody closes them.

import { existsSync, readdirSync, readlinkSync } from 'node:fs';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Logger } from '@vfio-ts/core';
import { VfioUserClient } from '../../src/client.ts';
import { connect } from '../../src/connect.ts';
import { EventFd } from '../../src/eventfd.ts';
import { LinuxClock } from '../../src/host.ts';
import { linuxClientHost } from '../../src/linux-host.ts';
import { EventLoop } from '../../src/loop.ts';
import {
  serveInWorker,
  type WorkerServeOptions,
  type WorkerServer,
} from '../../src/worker/worker-server.ts';
import { temporaryFolder } from '../native/support.ts';
import { REGISTER } from './register.ts';

const DEVICE = new URL('register.ts', import.meta.url);
/** What a crash of the device says. */
const BUG = {
  message: 'a bug of the device',
  stack: expect.stringContaining('register.ts'),
};
/** A thread loads everything anew. */
const PATIENCE = { timeout: 60_000 };
const silent: Logger = { log: () => undefined };

/** The sockets, memfds, eventfds and eventpolls of this process that have to do with devices. */
function descriptors(): string[] {
  return readdirSync('/proc/self/fd').flatMap((number) => {
    try {
      const what = readlinkSync(`/proc/self/fd/${number}`);
      return what.startsWith('socket:') || what.startsWith('/memfd:') ? [what] : [];
    } catch {
      return [];
    }
  });
}

function start(options: Partial<WorkerServeOptions> = {}, module: URL = DEVICE): WorkerServer {
  const folder = temporaryFolder();
  const server = serveInWorker(module, { path: `${folder.path}/register.sock`, ...options });
  onTestFinished(async () => {
    await server.close();
    folder[Symbol.dispose]();
  });
  return server;
}

async function attach({ path }: WorkerServer): Promise<VfioUserClient> {
  const loop = new EventLoop();
  const client = await VfioUserClient.attach(connect(path, loop), {
    host: linuxClientHost(new LinuxClock(), silent),
  });
  onTestFinished(async () => {
    await client.close();
    loop.close();
  });
  return client;
}

async function read(client: VfioUserClient): Promise<number | undefined> {
  const into = new Uint8Array(1);
  await client.read(0, 0, into);
  return into[0];
}

/** Writes to a register that may end the server before it answers. */
function poke(client: VfioUserClient, register: number): void {
  client.postWrite(0, register, Uint8Array.of(1));
}

describe('a device in a thread of its own', PATIENCE, () => {
  test('has the data it was given, and serves clients one after the other', async () => {
    const server = start({ data: 0x5a });
    await server.ready;
    const first = await attach(server);
    expect(await read(first)).toBe(0x5a);
    await first.write(0, 0, Uint8Array.of(0xa5));
    await first.close();
    await expect.poll(async () => (await server.stats()).sessions.length).toBe(0);
    expect(await read(await attach(server))).toBe(0xa5);
  });

  test('tells what has passed through', async () => {
    const server = start();
    await server.ready;
    const client = await attach(server);
    await read(client);
    const { device, connections, total } = await server.stats();
    expect([device, connections]).toEqual(['vfio0', 1]);
    expect(total.commands).toMatchObject({
      VERSION: { messages: 1 },
      REGION_READ: { messages: 1 },
    });
  });

  test('signals interrupts', async () => {
    const server = start();
    await server.ready;
    const client = await attach(server);
    using mine = EventFd.create();
    const signal = new EventFd(mine.fd.dup());
    await client.setIrqs({ flags: 0x24, index: 2, start: 0, count: 1, signals: [signal] });
    await client.write(0, REGISTER.IRQ, Uint8Array.of(1));
    expect(mine.read()).toBe(1);
  });

  test('leaves no socket file and no descriptor when it is closed, with a client attached', async () => {
    const before = descriptors();
    const server = start();
    await server.ready;
    const client = await attach(server);
    await server.close();
    expect(await server.terminated).toMatchObject({ reason: 'closed' });
    expect(existsSync(server.path)).toBe(false);
    await client.over;
    await expect(client.getInfo()).rejects.toMatchObject({ code: 'ENOTCONN' });
    await client.close();
    expect(descriptors()).toEqual(before);
    await expect(server.stats()).rejects.toMatchObject({ code: 'ENOTCONN' });
  });

  test('is closed once, however often that is asked for', async () => {
    const server = start();
    await Promise.all([server.close(), server.close()]);
    await server.close();
    expect(await server.terminated).toMatchObject({ reason: 'closed' });
  });

  test('that does not give a reference back is named in the log', async () => {
    const lines: string[] = [];
    const logger: Logger = {
      log: (level, _component, message) => lines.push(`${level} ${message()}`),
    };
    const server = start({ data: 'leak', logger });
    await server.ready;
    await server.close();
    expect(lines).toContainEqual(expect.stringMatching(/^warn leak: device/u));
  });

  test('logs here, with the stack of what was thrown there', async () => {
    const errors: unknown[] = [];
    const logger: Logger = {
      log: (level, _component, message, error) => {
        if (level === 'error') errors.push([message(), error]);
      },
    };
    const server = start({ logger, logLevel: 'error' });
    await server.ready;
    const client = await attach(server);
    const write = client.write(0, REGISTER.THROW, Uint8Array.of(1));
    await expect(write).rejects.toMatchObject({ code: 'EIO' });
    await server.stats();
    const stack: unknown = expect.stringContaining('register.ts');
    expect(errors).toEqual([
      ['REGION_WRITE: the device failed', expect.objectContaining({ stack })],
    ]);
  });
});

describe('a thread that fails', PATIENCE, () => {
  test.each([
    ['throws', DEVICE, 'fail', 'EIO', 'no such device'],
    ['has no createDevice', new URL('nothing.ts', import.meta.url), 0, 'EINVAL', 'createDevice'],
    ['is not there', new URL('no-module.ts', import.meta.url), 0, 'EIO', 'no-module'],
  ])('because its module %s is told by ready', async (_what, module, data, code, message) => {
    const before = descriptors();
    const server = start({ data }, module);
    await expect(server.ready).rejects.toMatchObject({
      code,
      cause: { message: expect.stringContaining(message) },
    });
    expect(await server.terminated).toMatchObject({ reason: 'failed', error: { code } });
    expect(descriptors()).toEqual(before);
  });

  test('because somebody listens there leaves the other alone', async () => {
    const first = start();
    await first.ready;
    const second = start({ path: first.path });
    await expect(second.ready).rejects.toMatchObject({ code: 'EADDRINUSE' });
    await second.terminated;
    expect(await read(await attach(first))).toBe(0);
  });

  test.each([
    ['throws out of its loop', REGISTER.CRASH, { reason: 'crashed', exitCode: 1, error: BUG }],
    ['exits', REGISTER.EXIT, { reason: 'exited', exitCode: 7 }],
  ])(
    'because it %s is reported, and leaves nothing; others go on',
    async (_what, register, end) => {
      const other = start();
      await other.ready;
      const before = descriptors();
      const server = start();
      await server.ready;
      const client = await attach(server);
      poke(client, register);
      expect(await server.terminated).toMatchObject(end);
      await client.over;
      await client.close();
      expect(existsSync(server.path)).toBe(false);
      expect(descriptors()).toEqual(before);
      await expect(server.stats()).rejects.toMatchObject({ code: 'ENOTCONN' });
      expect(await read(await attach(other))).toBe(0);
    },
  );

  test('to close in time is killed, and its clients see the end', async () => {
    const before = descriptors();
    const server = start({ closeTimeout: 1 });
    await server.ready;
    const client = await attach(server);
    poke(client, REGISTER.HANG);
    await server.close();
    expect(await server.terminated).toMatchObject({ reason: 'killed' });
    await client.over;
    await client.close();
    expect(existsSync(server.path)).toBe(false);
    expect(descriptors()).toEqual(before);
  });

  test('between two messages rejects what was asked of it', async () => {
    const server = start();
    await server.ready;
    const client = await attach(server);
    poke(client, REGISTER.EXIT);
    await client.over;
    await expect(server.stats()).rejects.toMatchObject({ code: 'ENOTCONN' });
  });
});
