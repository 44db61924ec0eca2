import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { TrackStore } from '../../src/dasd/track-store.ts';
import { ENTRY_HEADER_SIZE } from '../../src/image/journal-format.ts';
import { openImage } from '../../src/image/open.ts';
import { afterPowerLoss, SimulatedDisk } from './simulated-disk.ts';
import type { DiskOperation, Random } from './simulated-disk.ts';
import { SMALL, smallVolume, versionedTrack, versionOf } from './support-tracks.ts';

const IMAGE = '/disk/small.ckd';
const CYLINDERS = 3;
const TRACKS = CYLINDERS * SMALL.heads;
/** Room for three tracks or so: the journal is emptied often. */
const JOURNAL_SIZE = 3 * (ENTRY_HEADER_SIZE + 450);
const EMPTY: ReadonlyMap<string, Uint8Array> = new Map([[IMAGE, smallVolume(CYLINDERS)]]);

function openOn(disk: SimulatedDisk): Promise<TrackStore> {
  return openImage(IMAGE, { files: disk, locks: [], journalSize: JOURNAL_SIZE });
}

type Step = number | 'flush' | 'reopen';

/** What has happened: the log, and for each point in it the newest version that was given to `write`. */
interface History {
  readonly log: readonly DiskOperation[];
  readonly written: readonly ReadonlyMap<number, number>[];
}

/** Writes versions 1, 2, 3 and so on; a number is the track to write. */
async function perform(steps: readonly Step[]): Promise<History> {
  const disk = new SimulatedDisk(EMPTY);
  const newest = new Map<number, number>();
  const written: ReadonlyMap<number, number>[] = [];
  const note = (): void => {
    while (written.length <= disk.log.length) written.push(new Map(newest));
  };
  let store = await openOn(disk);
  let version = 0;
  note();
  for (const step of steps) {
    if (typeof step === 'number') {
      version += 1;
      newest.set(step, version);
      await store.write(step, versionedTrack(step, version));
    } else {
      await (step === 'flush' ? store.flush() : store.close());
      disk.log.push({ kind: 'ack', versions: new Map(newest) });
      if (step === 'reopen') store = await openOn(disk);
    }
    note();
  }
  await store.close();
  disk.log.push({ kind: 'ack', versions: new Map(newest) });
  note();
  expect(disk.openFiles).toBe(0);
  return { log: disk.log, written };
}

function ackedAt(log: readonly DiskOperation[], end: number): ReadonlyMap<number, number> {
  const last = log.slice(0, end).findLast(({ kind }) => kind === 'ack');
  return last?.kind === 'ack' ? last.versions : new Map();
}

/** Every track is sound, not older than what was acknowledged, not newer than what was written. */
async function checkTracks(store: TrackStore, history: History, end: number): Promise<void> {
  const acked = ackedAt(history.log, end);
  const newest = history.written[end];
  for (let track = 0; track < TRACKS; track += 1) {
    const version = versionOf(track, await store.read(track));
    expect(version).toBeGreaterThanOrEqual(acked.get(track) ?? 0);
    expect(version).toBeLessThanOrEqual(newest?.get(track) ?? 0);
  }
}

/** Takes the power away at one point, reopens, and takes it away again while that recovers. */
async function crash(history: History, end: number, random: Random): Promise<void> {
  const left = afterPowerLoss(EMPTY, history.log, end, random);
  const disk = new SimulatedDisk(left);
  const reader = await openImage(IMAGE, { files: disk, locks: [], isReadOnly: true });
  await checkTracks(reader, history, end);
  await reader.close();
  expect(disk.log).toEqual([]);
  await checkTracks(await openOn(disk), history, end);

  const again = new SimulatedDisk(
    afterPowerLoss(left, disk.log, random(disk.log.length + 1), random),
  );
  const store = await openOn(again);
  await checkTracks(store, history, end);
  await store.close();
  expect([...again.files.keys()]).toEqual([IMAGE]);
}

/** A small generator of its own: its state is the seed that fast-check prints. */
function randomOf(seed: number): Random {
  let state = seed >>> 0 || 1;
  return (limit) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % limit;
  };
}

const EXAMPLE: readonly Step[] = [
  ...([
    0,
    'flush',
    1,
    2,
    'flush',
    0,
    'flush',
    0,
    'flush',
    3,
    4,
    5,
    0,
    1,
    'flush',
    2,
    2,
    0,
  ] as const),
  ...(['reopen', 4, 'flush', 4, 0, 'flush', 1] as const),
];

test('after a loss of power at any point each track is old or new, and what was flushed is there', async () => {
  const history = await perform(EXAMPLE);
  for (let end = 0; end <= history.log.length; end += 1) {
    for (let seed = 1; seed <= 12; seed += 1) {
      const crashed = crash(history, end, randomOf(end * 1000 + seed));
      await expect(crashed).resolves.toBeUndefined();
    }
  }
});

test('the same for any order of writes, flushes and reopens', async () => {
  const step = fc.oneof(
    { arbitrary: fc.nat({ max: TRACKS - 1 }), weight: 4 },
    { arbitrary: fc.constantFrom<Step>('flush', 'reopen'), weight: 2 },
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), fc.integer(), async (steps, seed) => {
      const history = await perform(steps);
      const random = randomOf(seed);
      for (let count = 0; count < 20; count += 1) {
        const crashed = crash(history, random(history.log.length + 1), random);
        await expect(crashed).resolves.toBeUndefined();
      }
    }),
    { numRuns: 40 },
  );
});

test('one flush syncs once, and that is the journal', async () => {
  const disk = new SimulatedDisk(EMPTY);
  await using held = new AsyncDisposableStack();
  const store = await openImage(IMAGE, { files: disk, locks: [] });
  held.defer(() => store.close());
  disk.log.length = 0;
  await store.write(0, versionedTrack(0, 1));
  await store.write(1, versionedTrack(1, 2));
  await store.flush();
  const syncs = disk.log.filter(({ kind }) => kind === 'sync' || kind === 'syncFolder');
  expect(syncs).toEqual([{ kind: 'sync', path: `${IMAGE}.journal` }]);
});

test('the journal does not grow past its size', async () => {
  const disk = new SimulatedDisk(EMPTY);
  const store = await openOn(disk);
  for (let version = 1; version < 50; version += 1) {
    await store.write(version % TRACKS, versionedTrack(version % TRACKS, version));
    if (version % 5 === 0) await store.flush();
  }
  await store.flush();
  expect(disk.content(`${IMAGE}.journal`).length).toBeLessThanOrEqual(8192 + JOURNAL_SIZE);
  await store.close();
});
