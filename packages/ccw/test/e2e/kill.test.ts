// What kill -9 of the process that serves a DASD leaves of the tracks that were being written.

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { RecordingLogger } from '@vfio-ts/conformance/fakes';
import { isErrno } from '@vfio-ts/core';
import {
  connect,
  EventLoop,
  linuxClientHost,
  LinuxClock,
  MemfdBackend,
  VfioUserClient,
} from '@vfio-ts/vfio-user';
import { programForTest } from '@vfio-ts/lab';
import { expect, test } from 'vitest';
import { CcwClient } from '../../src/client/index.ts';
import { dataOf, records } from '../../src/dasd/track-image.ts';
import { openImage } from '../../src/image/open.ts';
import { writeBlocks } from './linux-chains.ts';
import { folder, runs, told, volume } from './served.ts';

const SERVER = fileURLToPath(new URL('dasd-server.ts', import.meta.url));
/** Tracks 2 to 17, all of each. */
const FIRST_TRACK = 2;
const TRACKS = 16;
const KILLS = 6;

/** A block that says in which round it was written. */
function block(round: number): Uint8Array {
  return new Uint8Array(4096).fill(round);
}

async function start(image: string, socket: string): Promise<ChildProcess> {
  const server = spawn(process.execPath, [SERVER, image, socket], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(server.stdout, 'data');
  return server;
}

/** Writes all tracks round by round until the server dies. @returns the last round that has ended well */
async function writeUntilDead(socket: string, from: number, kill: () => void): Promise<number> {
  const clock = new LinuxClock();
  const host = linuxClientHost(clock, new RecordingLogger());
  const client = await VfioUserClient.attach(connect(socket, new EventLoop({ turn: 0 })), { host });
  const ccw = await CcwClient.open(client, { memory: new MemfdBackend(), clock });
  let round = from;
  try {
    for (;;) {
      if (round === from + 3) kill();
      const blocks = Array.from({ length: 12 * TRACKS }, () => block(round + 1));
      await runs(ccw, writeBlocks(12 * FIRST_TRACK, blocks));
      round++;
    }
  } catch (error) {
    if (!isErrno(error, 'ENOTCONN') && !isErrno(error, 'ECONNRESET')) throw error;
  }
  await ccw.close().catch(() => undefined);
  await client.close();
  return round;
}

/** The round each track is of; each has to be of one. */
async function roundsOf(image: string): Promise<number[]> {
  await using store = new AsyncDisposableStack();
  const opened = await openImage(image);
  store.defer(() => opened.close());
  const rounds: number[] = [];
  for (let track = FIRST_TRACK; track < FIRST_TRACK + TRACKS; track++) {
    const bytes = await opened.read(track);
    const data = [...records(bytes)].slice(1).map((record) => dataOf(bytes, record));
    const [round = -1] = data[0] ?? [];
    expect(data).toHaveLength(12);
    for (const each of data) expect(each.every((byte) => byte === round)).toBe(true);
    rounds.push(round);
  }
  return rounds;
}

test(
  'every track is old or new, and what a status has confirmed is there',
  {
    timeout: 120_000,
  },
  async (ctx) => {
    const dasdls = programForTest(ctx, 'dasdls', 'hercules');
    const image = await volume({ model: 2 });
    let done = 0;
    for (let i = 0; i < KILLS; i++) {
      const socket = join(folder(), 'd.sock');
      const server = await start(image, socket);
      const died = once(server, 'exit');
      // A different point of the write each time.
      const kill = (): void => {
        let turns = 0;
        const later = (): void => {
          if (turns++ >= 40 * i) server.kill('SIGKILL');
          else setImmediate(later);
        };
        later();
      };
      done = await writeUntilDead(socket, done, kill);
      expect((await died)[1]).toBe('SIGKILL');
      const rounds = await roundsOf(image);
      expect(Math.min(...rounds)).toBeGreaterThanOrEqual(done);
      expect(Math.max(...rounds)).toBeLessThanOrEqual(done + 1);
      done = Math.max(...rounds);
    }
    expect(told(dasdls, image)).toContain('VOLSER=LNX001');
  },
);
