// What clients cost that do nothing: for the one that does something, and while none does. Each client has a device of
// its own, and all of them are on one loop.

import type { Benchmark, BenchmarkRun, Measurement } from '../../../scripts/bench/benchmark.ts';
import { median, medianRatio } from '../../../scripts/bench/statistics.ts';
import { isSupported } from '../src/native/ffi.ts';
import { Exchange, sleep } from './support/exchange.ts';
import { Folder, ServerProcess } from './support/peers.ts';
import { attach, checkReply, regionRead } from './support/vfio-user.ts';

const REPLY = 36;
const CROWD = 1000;
const FIRST = 200;
const IDLE_CLIENTS = 100;
const WARM_UP = 10_000;
const ROUNDS = 40;
const PER_ROUND = 500;
/** Left out of each round: the other server has just run, and this one may have gone to sleep. */
const SETTLING = 100;
/** Milliseconds until what was left to do is done. */
const CALM = 1000;
/** Milliseconds in which nothing happens. */
const IDLE = 3000;

/** Clients of the devices from `first` up to `end`. */
function attachAll(server: ServerProcess, first: number, end: number): Disposable {
  using clients = new DisposableStack();
  for (let number = first; number < end; number++) {
    clients.adopt(attach(server.device(number)), (client) => client.close());
  }
  return clients.move();
}

function round(exchange: Exchange): number {
  exchange.times(SETTLING);
  return median(exchange.times(PER_ROUND));
}

async function crowd(folder: Folder, bench: BenchmarkRun): Promise<readonly Measurement[]> {
  bench.progress(`${CROWD} clients attach`);
  await using quiet = await ServerProcess.start(folder);
  await using full = await ServerProcess.start(folder, { devices: CROWD });
  using others = new DisposableStack();
  // The first ones make the server compile what all need, and its heap as large as it has to be.
  others.use(attachAll(full, 1, FIRST));
  sleep(CALM);
  const before = await full.memory();
  others.use(attachAll(full, FIRST, CROWD));
  sleep(CALM);
  const memory = (await full.memory()) - before;
  using alone = new Exchange(attach(quiet.path), regionRead(4), REPLY);
  using among = new Exchange(attach(full.path), regionRead(4), REPLY);
  alone.times(WARM_UP);
  among.times(WARM_UP);
  checkReply(among.reply);
  const times: { readonly among: number[]; readonly alone: number[] } = { among: [], alone: [] };
  for (let i = 1; i <= ROUNDS; i++) {
    bench.progress(`one of ${CROWD} clients, round ${i} of ${ROUNDS}`);
    times.among.push(round(among));
    times.alone.push(round(alone));
  }
  const figure: Measurement = {
    name: `clients/one-of-${CROWD}`,
    value: median(times.among),
    unit: 'us',
    ratio: medianRatio(times.among, times.alone),
    ratioTo: 'one client alone, p50',
    goal: { of: 'ratio', atMost: 1.5 },
  };
  const value = memory / (CROWD - FIRST) / 1024;
  return [figure, { name: 'clients/memory', value, unit: 'KiB/client' }];
}

async function idle(folder: Folder, bench: BenchmarkRun): Promise<Measurement> {
  bench.progress(`${IDLE_CLIENTS} clients attach`);
  await using server = await ServerProcess.start(folder, { devices: IDLE_CLIENTS });
  using clients = new DisposableStack();
  clients.use(attachAll(server, 0, IDLE_CLIENTS));
  sleep(CALM);
  bench.progress(`${IDLE_CLIENTS} clients do nothing`);
  const used = server.processorTime();
  const begin = performance.now();
  sleep(IDLE);
  const share = (server.processorTime() - used) / 1e6 / (performance.now() - begin);
  return {
    name: `clients/${IDLE_CLIENTS}-idle-cpu`,
    value: share * 100,
    unit: '% of a processor',
    goal: { of: 'value', atMost: 0.1 },
  };
}

async function run(bench: BenchmarkRun): Promise<readonly Measurement[]> {
  using folder = new Folder();
  return [...(await crowd(folder, bench)), await idle(folder, bench)];
}

/** Clients that do nothing. */
export const benchmark: Benchmark = {
  name: 'clients',
  about: 'clients that are attached and idle: what they cost the one that is not, and the machine',
  missing: isSupported ? undefined : 'vfio-user needs Linux on x64 or arm64',
  run,
};
