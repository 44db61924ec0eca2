// Reads of a DASD from SSCH to IRB, beside reads of the same places of the same file in the same process.
//
// A server that may not block reads files by threads (fs.read), and that is what a device has to be compared with; a
// read that blocks the thread is shown as well, as the limit of what there could be. All of the file is in the page
// cache. "hot" volumes have all their tracks in the cache of the device, "cold" ones are larger: each record then
// costs the read of its whole track. All take turns in short rounds, and what is compared is rounds next to each other.

import { closeSync, mkdtempSync, openSync, read, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Benchmark, BenchmarkRun, Measurement } from '../../../scripts/bench/benchmark.ts';
import { median, medianRatio } from '../../../scripts/bench/statistics.ts';
import { createVolume } from '../src/image/create.ts';
import { InProcess } from './support/in-process.ts';
import { OverSocket } from './support/over-socket.ts';
import { ReadProgram } from './support/program.ts';

const HEADER = 512;
const TRACK_SIZE = 56_832;
/** Home address, R0 and the count of R1; then what a record takes. */
const FIRST_RECORD = 5 + 16 + 8;
const RECORD = 8 + 4096;
/** What a whole track of twelve records gives, bytes. */
const TRACK_DATA = 16 + 12 * RECORD + 8;
const HOT_CYLINDERS = 10;
const COLD_CYLINDERS = 200;
const ROUNDS = 15;
/** Of a round. */
const READS = { record: 1000, track: 200 } as const;
/** A socket makes each of them longer. */
const READS_BY_SOCKET = { record: 100, track: 50 } as const;
/** Rounds without measuring. */
const WARM_UP = 8;

const THREADS = 'fs.read, by threads';
const BLOCKING = 'fs.readSync, which blocks the thread';
const WHOLE_TRACKS = 'fs.read of the whole track';

const readByThreads = promisify(read);

/** Reads of one kind. @param n - how many */
type Work = (n: number) => Promise<void>;

interface Device {
  readonly memory: { readonly bytes: Uint8Array };
  run(): Promise<void> | void;
}

/** Where reads go: the same places for all that are compared. */
class Places {
  readonly #tracks: number;
  #seed = 1;
  #next = 0;
  track = 0;
  record = 0;

  constructor(cylinders: number) {
    this.#tracks = cylinders * 15 - 2;
  }

  atRandom(): void {
    this.#seed = (Math.imul(this.#seed, 1_103_515_245) + 12_345) & 0x7fff_ffff;
    const draw = this.#seed >>> 8;
    this.track = 2 + (draw % this.#tracks);
    this.record = 1 + ((draw >>> 5) % 12);
  }

  inOrder(): void {
    this.track = 2 + this.#next;
    this.#next = (this.#next + 1) % this.#tracks;
  }
}

function recordsOf(device: Device, cylinders: number): Work {
  const program = ReadProgram.ofRecords(device.memory.bytes);
  const places = new Places(cylinders);
  return async (n) => {
    for (let i = 0; i < n; i++) {
      places.atRandom();
      program.place(places.track, places.record);
      const later = device.run();
      if (later !== undefined) await later;
    }
  };
}

function tracksOf(device: Device, cylinders: number): Work {
  const program = ReadProgram.ofTracks(device.memory.bytes);
  const places = new Places(cylinders);
  return async (n) => {
    for (let i = 0; i < n; i++) {
      places.inOrder();
      program.place(places.track, 0);
      const later = device.run();
      if (later !== undefined) await later;
    }
  };
}

interface Plain {
  readonly fd: number;
  readonly cylinders: number;
  readonly what: 'record' | 'track';
  readonly isBlocking: boolean;
  /** All of the track that a record is on: where the record begins is known only from what is before it. */
  readonly isWholeTrack?: boolean;
}

function plain({ fd, cylinders, what, isBlocking, isWholeTrack = false }: Plain): Work {
  const size = what === 'record' ? 4096 : TRACK_DATA;
  const into = new Uint8Array(isWholeTrack ? TRACK_SIZE : size);
  const places = new Places(cylinders);
  return async (n) => {
    for (let i = 0; i < n; i++) {
      if (what === 'record') places.atRandom();
      else places.inOrder();
      const inTrack = what === 'record' ? FIRST_RECORD + (places.record - 1) * RECORD : 5;
      const at = HEADER + places.track * TRACK_SIZE + (isWholeTrack ? 0 : inTrack);
      if (isBlocking) readSync(fd, into, 0, into.length, at);
      else await readByThreads(fd, into, 0, into.length, at);
    }
  };
}

/** Reads in a second. */
async function rate(work: Work, n: number): Promise<number> {
  const begin = performance.now();
  await work(n);
  return (n / (performance.now() - begin)) * 1000;
}

interface Compared {
  readonly name: string;
  readonly cylinders: number;
  readonly what: 'record' | 'track';
  /** Reads of a round. */
  readonly reads: number;
  readonly goal?: number;
}

/** Measures one kind of device beside the file. */
async function compare(
  device: Device,
  fd: number,
  { name, cylinders, what, reads, goal }: Compared,
  bench: BenchmarkRun,
): Promise<readonly Measurement[]> {
  const ours = (what === 'record' ? recordsOf : tracksOf)(device, cylinders);
  const threads = plain({ fd, cylinders, what, isBlocking: false });
  const blocking = plain({ fd, cylinders, what, isBlocking: true });
  const wholeTracks = plain({ fd, cylinders, what, isBlocking: false, isWholeTrack: true });
  const rates: Record<'ours' | 'threads' | 'blocking' | 'wholeTracks', number[]> = {
    ours: [],
    threads: [],
    blocking: [],
    wholeTracks: [],
  };
  bench.progress(`${name}: warming up`);
  await ours(WARM_UP * reads);
  for (let round = 1; round <= ROUNDS; round++) {
    bench.progress(`${name}: round ${round} of ${ROUNDS}`);
    rates.ours.push(await rate(ours, reads));
    rates.threads.push(await rate(threads, reads));
    rates.blocking.push(await rate(blocking, reads));
    if (what === 'record') rates.wholeTracks.push(await rate(wholeTracks, reads));
  }
  const [unit, scale] = what === 'record' ? ['reads/s', 1] : ['MB/s', TRACK_DATA / 1e6];
  const value = median(rates.ours) * scale;
  const toThreads = medianRatio(rates.ours, rates.threads);
  const toBlocking = medianRatio(rates.ours, rates.blocking);
  const wanted = goal === undefined ? {} : { goal: { of: 'ratio', atLeast: goal } as const };
  const measured: Measurement[] = [
    { name: `dasd/${name}`, value, unit, ratio: toThreads, ratioTo: THREADS, ...wanted },
    { name: `dasd/${name}-limit`, value, unit, ratio: toBlocking, ratioTo: BLOCKING },
  ];
  if (what === 'record') {
    const ratio = medianRatio(rates.ours, rates.wholeTracks);
    measured.push({ name: `dasd/${name}-track`, value, unit, ratio, ratioTo: WHOLE_TRACKS });
  }
  return measured;
}

async function run(bench: BenchmarkRun): Promise<readonly Measurement[]> {
  await using undo = new AsyncDisposableStack();
  const folder = mkdtempSync(join(tmpdir(), 'vfio-ts-bench-'));
  undo.defer(() => rmSync(folder, { recursive: true }));
  const measurements: Measurement[] = [];
  for (const [heat, cylinders] of [
    ['hot', HOT_CYLINDERS],
    ['cold', COLD_CYLINDERS],
  ] as const) {
    const image = join(folder, `${heat}.ckd`);
    bench.progress(`a volume of ${cylinders} cylinders`);
    await createVolume(image, { model: cylinders, serial: 'BENCH1', format: 'linux' });
    const fd = openSync(image, 'r');
    {
      await using device = await InProcess.open(image);
      const records = { name: `records-${heat}/in-process`, what: 'record', goal: 0.5 } as const;
      const tracks = { name: `tracks-${heat}/in-process`, what: 'track', goal: 0.7 } as const;
      for (const wanted of [records, tracks]) {
        const reads = READS[wanted.what];
        measurements.push(...(await compare(device, fd, { cylinders, reads, ...wanted }, bench)));
      }
    }
    {
      await using device = await OverSocket.open(image, join(folder, `${heat}.sock`));
      const records = { name: `records-${heat}/socket`, what: 'record' } as const;
      const tracks = { name: `tracks-${heat}/socket`, what: 'track' } as const;
      for (const wanted of [records, tracks]) {
        const reads = READS_BY_SOCKET[wanted.what];
        measurements.push(...(await compare(device, fd, { cylinders, reads, ...wanted }, bench)));
      }
    }
    closeSync(fd);
  }
  return measurements;
}

/** Reads of a DASD. */
export const benchmark: Benchmark = {
  name: 'dasd',
  about: 'records and tracks of a 3390, from SSCH to IRB, beside reads of the same file',
  run,
};
