// What a guest sends: registers written without a reply, and large writes.
//
// A posted write is compared with a round trip, in rounds next to each other. A batch of them is over when a read sent
// behind them is answered, so that the server has handled all. A write of 1 MiB is compared with the same bytes sent
// to a process that only receives them.

import type { Benchmark, BenchmarkRun, Measurement } from '../../../scripts/bench/benchmark.ts';
import { median, medianRatio } from '../../../scripts/bench/statistics.ts';
import { isSupported } from '../src/native/ffi.ts';
import { allocation, WARM_UP_OF_HEAP, WATCHED } from './support/allocation.ts';
import { Exchange, rate, repeat } from './support/exchange.ts';
import { Folder, ServerProcess, startPingPong } from './support/peers.ts';
import { attach, checkReply, regionRead, regionWrite } from './support/vfio-user.ts';

const MIB = 1 << 20;
const READ_REPLY = 36;
const WRITE_REPLY = 32;
const ROUNDS = 40;
const BATCHES = 10;
const BATCH = 100;
const ROUND_TRIPS = 500;
/** Batches over which allocation is counted. */
const COUNTED = 10_000;
const LARGE_WRITES = 20;
const WARM_UP = 20;

async function posted(server: ServerProcess, bench: BenchmarkRun): Promise<Measurement> {
  using ours = new Exchange(attach(server.path), regionRead(4), READ_REPLY);
  const write = regionWrite(4, true);
  const batch = (): void => {
    for (let i = 1; i < BATCH; i++) ours.post(write);
    ours.once();
  };
  const writes: number[] = [];
  const reads: number[] = [];
  for (let round = 1 - WARM_UP; round <= ROUNDS; round++) {
    if (round > 0) bench.progress(`posted writes, round ${round} of ${ROUNDS}`);
    const writeRate = rate(BATCHES, batch) * BATCH;
    const readRate = rate(ROUND_TRIPS, () => ours.once());
    if (round <= 0) continue;
    writes.push(writeRate);
    reads.push(readRate);
  }
  checkReply(ours.reply);
  const figure: Measurement = {
    name: 'region-write/posted',
    value: median(writes),
    unit: 'messages/s',
    ratio: medianRatio(writes, reads),
    ratioTo: 'REGION_READ round trips',
    goal: { of: 'ratio', atLeast: 3 },
  };
  return figure;
}

async function allocated(folder: Folder, bench: BenchmarkRun): Promise<Measurement> {
  await using server = await ServerProcess.start(folder, WATCHED);
  using exchange = new Exchange(attach(server.path), regionRead(4), READ_REPLY);
  const write = regionWrite(4, true);
  const batch = (): void => {
    repeat(BATCH - 1, () => exchange.post(write));
    exchange.once();
  };
  bench.progress('allocation of posted writes');
  repeat(WARM_UP_OF_HEAP / BATCH, batch);
  const { bytes } = allocation(exchange, () => repeat(COUNTED, batch));
  // Of every 64th message, which is timed, some numbers.
  const goal = { of: 'value', atMost: 2 } as const;
  const value = bytes / (COUNTED * BATCH);
  return { name: 'region-write/allocated', value, unit: 'B/message', goal };
}

async function large(
  server: ServerProcess,
  folder: Folder,
  bench: BenchmarkRun,
): Promise<Measurement> {
  const request = regionWrite(MIB, false);
  using ours = new Exchange(attach(server.path), request, WRITE_REPLY);
  using bare = new Exchange(
    startPingPong(folder, request.length, WRITE_REPLY),
    request,
    WRITE_REPLY,
  );
  const written: number[] = [];
  const received: number[] = [];
  for (let round = 1 - WARM_UP; round <= ROUNDS; round++) {
    if (round > 0) bench.progress(`writes of 1 MiB, round ${round} of ${ROUNDS}`);
    const ourRate = rate(LARGE_WRITES, () => ours.once());
    const bareRate = rate(LARGE_WRITES, () => bare.once());
    if (round <= 0) continue;
    written.push(ourRate);
    received.push(bareRate);
  }
  checkReply(ours.reply);
  return {
    name: 'region-write/1MiB',
    value: median(written),
    unit: 'MiB/s',
    ratio: medianRatio(written, received),
    ratioTo: 'the same bytes through a socket, bare FFI loops',
    goal: { of: 'ratio', atLeast: 0.8 },
  };
}

async function run(bench: BenchmarkRun): Promise<readonly Measurement[]> {
  using folder = new Folder();
  await using server = await ServerProcess.start(folder);
  return [
    await posted(server, bench),
    await large(server, folder, bench),
    await allocated(folder, bench),
  ];
}

/** Register and bulk writes over the wire. */
export const benchmark: Benchmark = {
  name: 'region-write',
  about: 'writes over the wire: of registers without a reply, and of 1 MiB',
  missing: isSupported ? undefined : 'vfio-user needs Linux on x64 or arm64',
  run,
};
