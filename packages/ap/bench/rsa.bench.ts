// What a guest gets of the processors: private operations of RSA-2048, from a client through the socket, the
// instruction port, a queue and a thread, and back.
//
// Beside it the same operations are done by node:crypto in as many threads that do nothing else, and by
// `openssl speed` where there is an openssl. All of them have all processors, of which one is left to the client and
// the loop. node:crypto is given its key once, and OpenSSL blinds and checks what it does with a private key; a card gets
// the key with each request, in parts, and exponentiates with them. Who is not measured does nothing.
//
// How long the loop works at once is the longest turn of a round, and of that the median: each round asks for the same,
// so what the loop does is in each of them, and what the host of a virtual machine does to it is in some. The worst of
// all is beside it, and the worst of a loop that always does the same.

/* oxlint-disable no-await-in-loop -- what is measured takes turns */

import {
  EventLoop,
  LinuxClock,
  linuxClientHost,
  connect,
  MemfdBackend,
  VfioUserClient,
  watchedSignals,
} from '@vfio-ts/vfio-user';
import type { Benchmark, BenchmarkRun, Measurement } from '../../../scripts/bench/benchmark.ts';
import { leaveProcessor } from '../../../scripts/bench/processors.ts';
import { median, medianRatio } from '../../../scripts/bench/statistics.ts';
import { ApClient, type CrtOperation } from '../src/client/index.ts';
import { compute, operation } from './support/job.ts';
import { Folder, opensslSpeed, Peer, THREADS, type Bare, type Server } from './support/peers.ts';

const ROUNDS = 7;
/** For each thread. */
const PER_ROUND = 1500;
const WARM_UP = 1000;
const OPENSSL_ROUNDS = 3;
const BARE = `node:crypto in ${THREADS} threads`;
const SAME = 'a loop that always does the same beside as many threads';

/** A client over the wire that is told of replies. */
async function open(path: string, stack: AsyncDisposableStack): Promise<ApClient> {
  const clock = new LinuxClock();
  const loop = new EventLoop();
  const host = linuxClientHost(clock, { log: () => undefined });
  stack.defer(() => loop.close());
  const access = stack.use(await VfioUserClient.attach(connect(path, loop), { host }));
  const client = await ApClient.open(access, {
    clock,
    memory: new MemfdBackend(),
    makeSignal: watchedSignals(loop),
  });
  return stack.use(client);
}

/** Operations per second, all asked for at once. */
async function rate(client: ApClient, job: CrtOperation, count: number): Promise<number> {
  const begin = performance.now();
  await Promise.all(Array.from({ length: count }, () => client.crt(job)));
  return (count / (performance.now() - begin)) * 1000;
}

interface Rounds {
  /** Operations per second. */
  readonly ours: number[];
  readonly bare: number[];
  /** Milliseconds that both loops were held up for by themselves, and by whatever. */
  readonly ourBusy: number[];
  readonly bareBusy: number[];
  readonly ourDelays: number[];
  readonly bareDelays: number[];
}

interface Ends {
  readonly client: ApClient;
  readonly server: Server;
  readonly bare: Bare;
}

async function measure({ client, server, bare }: Ends, bench: BenchmarkRun): Promise<Rounds> {
  const job = operation();
  bench.progress('warming up');
  const result = await client.crt(job.card);
  if (!Buffer.from(result).equals(compute(job))) throw new Error('the result is wrong');
  await rate(client, job.card, WARM_UP);
  await bare.ask(PER_ROUND);
  const rounds: Rounds = {
    ours: [],
    bare: [],
    ourBusy: [],
    bareBusy: [],
    ourDelays: [],
    bareDelays: [],
  };
  for (let i = 1; i <= ROUNDS; i++) {
    bench.progress(`round ${i} of ${ROUNDS}`);
    server.say('watch');
    rounds.ours.push(await rate(client, job.card, PER_ROUND * THREADS));
    const { busy, longest } = await server.ask('tell');
    rounds.ourBusy.push(busy);
    rounds.ourDelays.push(longest);
    const { milliseconds, heldUp } = await bare.ask(PER_ROUND);
    rounds.bare.push(((PER_ROUND * THREADS) / milliseconds) * 1000);
    rounds.bareBusy.push(heldUp.busy);
    rounds.bareDelays.push(heldUp.longest);
  }
  return rounds;
}

function openssl(ours: readonly number[], bench: BenchmarkRun): readonly Measurement[] {
  const peers: number[] = [];
  for (let i = 1; i <= OPENSSL_ROUNDS; i++) {
    bench.progress(`openssl speed, ${i} of ${OPENSSL_ROUNDS}`);
    const speed = opensslSpeed();
    if (speed !== undefined) peers.push(speed);
  }
  if (peers.length === 0) {
    bench.note('no openssl, so there is no rsa/crt-2048-openssl');
    return [];
  }
  const value = median(ours);
  const ratioTo = `openssl speed -multi ${THREADS}`;
  return [
    { name: 'rsa/crt-2048-openssl', value, unit: 'op/s', ratio: value / median(peers), ratioTo },
  ];
}

async function run(bench: BenchmarkRun): Promise<readonly Measurement[]> {
  leaveProcessor();
  using folder = new Folder();
  const path = folder.path('ap.sock');
  await using server: Server = await Peer.start('server.ts', path, `${THREADS}`);
  await using bare: Bare = await Peer.start('bare.ts', `${THREADS}`);
  await using stack = new AsyncDisposableStack();
  const client = await open(path, stack);
  const { ours, bare: bareRates, ...delays } = await measure({ client, server, bare }, bench);
  return [
    {
      name: 'rsa/crt-2048',
      value: median(ours),
      unit: 'op/s',
      ratio: medianRatio(ours, bareRates),
      ratioTo: BARE,
      goal: { of: 'ratio', atLeast: 0.8 },
    },
    ...openssl(ours, bench),
    {
      name: 'rsa/loop-busy',
      value: median(delays.ourBusy),
      unit: 'ms',
      goal: { of: 'value', atMost: 5 },
    },
    {
      name: 'rsa/loop-busy-worst',
      value: Math.max(...delays.ourBusy),
      unit: 'ms',
      ratio: Math.max(...delays.ourBusy) / Math.max(...delays.bareBusy),
      ratioTo: SAME,
    },
    {
      name: 'rsa/loop-held-up',
      value: median(delays.ourDelays),
      unit: 'ms',
      ratio: medianRatio(delays.ourDelays, delays.bareDelays),
      ratioTo: SAME,
    },
  ];
}

/** RSA through the whole path. */
export const benchmark: Benchmark = {
  name: 'rsa',
  about: 'RSA-2048 private operations of a guest, beside bare node:crypto',
  run,
};
