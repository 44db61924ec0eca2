// What a guest waits for when it reads a register: one REGION_READ of 4 bytes and its reply, between two processes.
//
// Beside it the same bytes go back and forth between two processes that do nothing else: by plain sends and receives
// through the same FFI, and, where there is a C compiler, between two C programs. All take turns in short
// rounds, and what is compared is rounds next to each other, for the machine's own mood moves all of them together.

import type { Benchmark, BenchmarkRun, Measurement } from '../../../scripts/bench/benchmark.ts';
import { median, medianRatio, quantile } from '../../../scripts/bench/statistics.ts';
import { isSupported } from '../src/native/ffi.ts';
import {
  allocation,
  WARM_UP_OF_HEAP,
  WATCHED,
  WATCHED_TURNS,
  type Allocation,
} from './support/allocation.ts';
import { Exchange, repeat, sleep } from './support/exchange.ts';
import {
  CPingPong,
  Folder,
  ServerProcess,
  startPingPong,
  type ServerProcessOptions,
  type Times,
} from './support/peers.ts';
import { attach, checkReply, regionRead } from './support/vfio-user.ts';

const REQUEST = 32;
const REPLY = 36;
const WARM_UP = 20_000;
const ROUNDS = 60;
const PER_ROUND = 1000;
/** Left out of each round: the others have just run, and ours may have gone to sleep. */
const SETTLING = 100;
const IDLE_ROUNDS = 40;
/** Milliseconds without a message. */
const IDLE = 60;
const COUNTED = 1_000_000;
const GOAL = { of: 'ratio', atMost: 1.15 } as const;

const BARE = 'ping-pong of the same bytes, bare FFI loops';
const IN_C = 'ping-pong of the same bytes, C programs';

interface Ends {
  readonly ours: Exchange;
  readonly bare: Exchange;
  readonly inC: CPingPong | undefined;
}

interface Rounds {
  readonly ours: Times[];
  readonly bare: Times[];
  readonly inC: Times[];
}

function round(exchange: Exchange): Times {
  exchange.times(SETTLING);
  const times = exchange.times(PER_ROUND);
  return { p50: quantile(times, 0.5), p99: quantile(times, 0.99) };
}

async function busy({ ours, bare, inC }: Ends, bench: BenchmarkRun): Promise<Rounds> {
  bench.progress('warming up');
  ours.times(WARM_UP);
  bare.times(WARM_UP);
  checkReply(ours.reply);
  const rounds: Rounds = { ours: [], bare: [], inC: [] };
  for (let i = 1; i <= ROUNDS; i++) {
    bench.progress(`round ${i} of ${ROUNDS}`);
    rounds.ours.push(round(ours));
    rounds.bare.push(round(bare));
    if (inC !== undefined) rounds.inC.push(await inC.times(PER_ROUND));
  }
  return rounds;
}

/** The first message after a while without any. */
function afterIdle(exchange: Exchange): number {
  sleep(IDLE);
  const [first = Number.NaN] = exchange.times(1);
  return first;
}

function idle({ ours, bare }: Ends, bench: BenchmarkRun): Measurement {
  const times: { readonly ours: number[]; readonly bare: number[] } = { ours: [], bare: [] };
  for (let i = 1; i <= IDLE_ROUNDS; i++) {
    bench.progress(`idle round ${i} of ${IDLE_ROUNDS}`);
    times.ours.push(afterIdle(ours));
    times.bare.push(afterIdle(bare));
  }
  return {
    name: 'region-read/after-idle',
    value: median(times.ours),
    unit: 'us',
    ratio: medianRatio(times.ours, times.bare),
    ratioTo: `${BARE}, as idle`,
  };
}

async function taken(
  folder: Folder,
  options: ServerProcessOptions,
  bench: BenchmarkRun,
): Promise<Allocation> {
  await using server = await ServerProcess.start(folder, options);
  using exchange = new Exchange(attach(server.path), regionRead(4), REPLY);
  bench.progress(`allocation over ${COUNTED.toLocaleString('en')} messages`);
  const once = (): void => exchange.once();
  repeat(WARM_UP_OF_HEAP, once);
  return allocation(exchange, () => repeat(COUNTED, once));
}

async function allocated(
  folder: Folder,
  bench: BenchmarkRun,
): Promise<readonly [Measurement, Measurement]> {
  const ofMessages = await taken(folder, WATCHED, bench);
  const ofTurns = await taken(folder, WATCHED_TURNS, bench);
  const perTurn = (ofTurns.bytes - ofMessages.bytes) / (ofTurns.turns - ofMessages.turns);
  // Of every 64th message, which is timed, some numbers.
  const goal = { of: 'value', atMost: 2 } as const;
  const perMessage = ofMessages.bytes / COUNTED;
  return [
    { name: 'region-read/allocated', value: perMessage, unit: 'B/message', goal },
    { name: 'region-read/allocated-turn', value: perTurn, unit: 'B/turn of Node' },
  ];
}

function figures({ ours, bare, inC }: Rounds): readonly Measurement[] {
  const compared = (name: string, which: keyof Times, peers: readonly Times[], to: string) => {
    const own = ours.map((times) => times[which]);
    const theirs = peers.map((times) => times[which]);
    const ratio = medianRatio(own, theirs);
    return { name: `region-read/${name}`, value: median(own), unit: 'us', ratio, ratioTo: to };
  };
  const lines = [
    { ...compared('p50', 'p50', bare, BARE), goal: GOAL },
    compared('p99', 'p99', bare, BARE),
  ];
  return inC.length === 0 ? lines : [...lines, compared('p50-c', 'p50', inC, IN_C)];
}

async function run(bench: BenchmarkRun): Promise<readonly Measurement[]> {
  using folder = new Folder();
  await using server = await ServerProcess.start(folder);
  using ours = new Exchange(attach(server.path), regionRead(4), REPLY);
  using bare = new Exchange(startPingPong(folder, REQUEST, REPLY), new Uint8Array(REQUEST), REPLY);
  using inC = CPingPong.start(folder, REQUEST, REPLY);
  if (inC === undefined) bench.note('no C compiler (cc), so there is no region-read/p50-c');
  const ends = { ours, bare, inC };
  const rounds = await busy(ends, bench);
  return [...figures(rounds), idle(ends, bench), ...(await allocated(folder, bench))];
}

/** A register read over the wire. */
export const benchmark: Benchmark = {
  name: 'region-read',
  about: 'a register read over the wire, beside a ping-pong of the same bytes',
  missing: isSupported ? undefined : 'vfio-user needs Linux on x64 or arm64',
  run,
};
