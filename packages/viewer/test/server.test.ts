import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { readPicture } from '../src/index.ts';
import { Stand, settle, TestPicture, TestViewer } from './support.ts';

describe('a picture', () => {
  test('is not looked at while nobody looks', async () => {
    const stand = new Stand();
    await stand.pass(100);
    expect(stand.picture.looks).toBe(0);
    expect(stand.clock.pending).toBe(0);
  });

  test('is not looked at while nobody waits for it', async () => {
    const stand = new Stand();
    const viewer = await stand.viewer();
    viewer.request(false);
    await stand.until(viewer.message());
    const { looks } = stand.picture;
    await stand.pass(100);
    expect(stand.picture.looks).toBe(looks);
  });

  test('is not looked at any more when the last viewer has gone', async () => {
    const stand = new Stand();
    const viewer = await stand.viewer();
    viewer.request();
    await stand.pass(3);
    viewer.stream.destroy();
    await stand.pass(3);
    const { looks } = stand.picture;
    await stand.pass(100);
    expect(stand.picture.looks).toBe(looks);
    expect(stand.clock.pending).toBe(0);
  });

  test('is looked at 60 times a second while it moves, and half as often when it rests', async () => {
    const stand = new Stand();
    const viewer = await stand.viewer();
    viewer.request(false);
    await stand.until(viewer.message());
    viewer.request();
    await settle();
    const { looks } = stand.picture;
    stand.clock.advance(1000);
    expect(stand.picture.looks - looks).toBeGreaterThanOrEqual(59);
    expect(stand.picture.looks - looks).toBeLessThanOrEqual(61);
    stand.clock.advance(1000);
    expect(stand.picture.looks - looks).toBeLessThanOrEqual(61 + 31);
  });

  test('is looked at once for any number of viewers', async () => {
    const stand = new Stand();
    const viewers = await Promise.all([stand.viewer(), stand.viewer(), stand.viewer()]);
    for (const viewer of viewers) viewer.request(false);
    await settle();
    const { looks } = stand.picture;
    stand.clock.advance(0);
    expect(stand.picture.looks - looks).toBe(1);
    await Promise.all(viewers.map((viewer) => viewer.message()));
  });
});

describe('several viewers', () => {
  test('one that does not read holds up nobody, and has the newest picture when it does', async () => {
    const stand = new Stand(new TestPicture(1024, 768));
    const slow = await stand.viewer();
    const fast = await stand.viewer();
    slow.stream.pause();
    for (let colour = 1; colour <= 12; colour++) {
      stand.picture.fill(colour);
      slow.request();
      fast.request();
      await stand.until(fast.message());
      expect(fast.pixels[0]).toBe(colour);
    }
    slow.stream.resume();
    await stand.until(slow.message());
    // What was on its way when it stopped, and then the newest: none between them.
    expect(slow.pixels[0]).toBe(1);
    slow.request();
    await stand.until(slow.message());
    expect(slow.pixels[0]).toBe(12);
    expect(slow.received).toBeLessThan(3 * 1024 * 768 * 4);
  });

  test('more than there may be are turned away', async () => {
    const stand = new Stand(new TestPicture(16, 16), { maxViewers: 2 });
    await stand.viewer();
    const second = await stand.viewer();
    const third = new TestViewer(stand.connect());
    await third.over();
    expect(third.received).toBe(0);
    second.stream.destroy();
    await settle();
    expect((await stand.viewer()).width).toBe(16);
  });
});

describe('sockets', () => {
  test('TCP is on this machine alone when nothing else is said', async () => {
    const stand = new Stand();
    const address = await stand.server.listen({});
    expect(address).toMatchObject({ address: '127.0.0.1' });
  });

  test('a UNIX socket is for its owner alone, and goes with the server', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'vfio-ts-viewer-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const stand = new Stand();
    const path = join(folder, 'a.rfb');
    await stand.server.listen({ path });
    expect(statSync(path).mode & 0o777).toBe(0o600);
    await stand.server.close();
    expect(existsSync(path)).toBe(false);
  });

  test('closing ends the viewers', async () => {
    const stand = new Stand();
    const viewer = await stand.viewer();
    await stand.server.close();
    await viewer.over();
    expect(stand.server.viewers).toBe(0);
  });
});

async function shot(stand: Stand, password?: string): ReturnType<typeof readPicture> {
  const { clock } = stand;
  return await stand.until(
    readPicture(stand.connect(), { clock, ...(password !== undefined && { password }) }),
  );
}

describe('a screen shot', () => {
  test('is what the picture shows, and leaves no viewer behind', async () => {
    const stand = new Stand(new TestPicture(70, 20));
    stand.picture.fill(0x112233, 5, 5, 10, 10);
    const { width, height, rgba } = await shot(stand);
    expect([width, height]).toEqual([70, 20]);
    expect([...rgba.subarray((5 * 70 + 5) * 4, (5 * 70 + 6) * 4)]).toEqual([0x11, 0x22, 0x33, 255]);
    await settle();
    expect(stand.server.viewers).toBe(0);
  });

  test('is had with the password', async () => {
    const stand = new Stand(new TestPicture(8, 8), { password: 'geheim' });
    expect((await shot(stand, 'geheim')).width).toBe(8);
    await expect(shot(stand, 'falsch')).rejects.toMatchObject({ code: 'EACCES' });
    await expect(shot(stand)).rejects.toMatchObject({ code: 'EACCES' });
  });

  test.each([
    ['something else', 'HTTP/1.1 400 Bad Request\r\n', 'EPROTO'],
    ['silence', '', 'ETIMEDOUT'],
  ])('of %s is refused', async (_what, said, code) => {
    const stand = new Stand();
    const stream: Socket = await saying(said);
    await expect(stand.until(readPicture(stream, { clock: stand.clock }))).rejects.toMatchObject({
      code,
    });
  });
});

/** A connection to somebody who says that and nothing else. */
async function saying(text: string): Promise<Socket> {
  const { createServer } = await import('node:net');
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.resume();
    if (text !== '') socket.write(text);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const socket = connect(port, '127.0.0.1');
  onTestFinished(() => {
    socket.destroy();
    server.close();
  });
  return socket;
}
