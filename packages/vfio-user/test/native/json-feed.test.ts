import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { RecordingLogger } from '@vfio-ts/conformance/fakes';
import { describe, expect, onTestFinished, test } from 'vitest';
import { JsonFeed, readJsonFeed } from '../../src/json-feed.ts';

function feed(): JsonFeed {
  const folder = mkdtempSync(join(tmpdir(), 'vfio-ts-feed-'));
  const made = new JsonFeed(join(folder, 'feed'), new RecordingLogger());
  onTestFinished(() => {
    made.close();
    rmSync(folder, { recursive: true });
  });
  return made;
}

async function untilWatched(made: JsonFeed): Promise<void> {
  while (!made.isWatched) await turn();
}

/** A reader that reads nothing yet. */
async function slowReader(made: JsonFeed): Promise<Socket> {
  const socket = connect(made.path);
  socket.pause();
  await once(socket, 'connect');
  await untilWatched(made);
  onTestFinished(() => void socket.destroy());
  return socket;
}

/** Lines of a socket until one holds `text`. */
async function linesUntil(socket: Socket, text: string): Promise<string[]> {
  let all = '';
  socket.setEncoding('utf8');
  while (!all.includes(text) || !all.endsWith('\n')) {
    const [part] = await once(socket, 'data');
    all += String(part);
  }
  return all.trimEnd().split('\n');
}

describe('a feed', () => {
  test('tells all who look, in order, from when they came', async () => {
    const made = feed();
    made.tell({ n: 0 });
    const first = readJsonFeed(made.path);
    const line = first.next();
    await untilWatched(made);
    made.tell({ n: 1 });
    made.tell({ n: 2 });
    expect((await line).value).toBe('{"n":1}');
    expect((await first.next()).value).toBe('{"n":2}');
    await first.return(undefined);
  });

  test('is watched while somebody looks', async () => {
    const made = feed();
    expect(made.isWatched).toBe(false);
    const socket = await slowReader(made);
    expect(made.isWatched).toBe(true);
    socket.destroy();
    while (made.isWatched) await turn();
    expect(made.isWatched).toBe(false);
  });

  test('tells one who is too slow how many it has lost, and goes on', async () => {
    const made = feed();
    const socket = await slowReader(made);
    const event = 'x'.repeat(100_000);
    const count = 50;
    for (let i = 0; i < count; i++) made.tell(event);
    socket.resume();
    const lines = await linesUntil(socket, '"lost"');
    const { lost } = JSON.parse(lines.at(-1) ?? '');
    expect(lost).toBe(count - (lines.length - 1));
    expect(lost).toBeGreaterThan(0);
    made.tell('after');
    expect(await linesUntil(socket, 'after')).toEqual(['"after"']);
  });

  test('ends its readers when it is closed, and removes its file', async () => {
    const made = feed();
    const reader = readJsonFeed(made.path);
    const line = reader.next();
    await untilWatched(made);
    made.close();
    made.close();
    expect(await line).toEqual({ done: true, value: undefined });
    expect(existsSync(made.path)).toBe(false);
  });

  test('can be opened by its owner alone', () => {
    expect(statSync(feed().path).mode & 0o777).toBe(0o600);
  });

  test('does not take the place of a file', () => {
    const { path } = feed();
    writeFileSync(`${path}.file`, '');
    expect(() => new JsonFeed(`${path}.file`, new RecordingLogger())).toThrow('EADDRINUSE');
  });
});

describe('a reader', () => {
  test('stops when it is told to', async () => {
    const made = feed();
    const stop = new AbortController();
    const reader = readJsonFeed(made.path, stop.signal);
    const line = reader.next();
    await untilWatched(made);
    stop.abort();
    expect(await line).toEqual({ done: true, value: undefined });
  });

  test('hears that nobody tells anything there', async () => {
    await expect(readJsonFeed(`${feed().path}.none`).next()).rejects.toThrow('ENOENT');
  });
});
