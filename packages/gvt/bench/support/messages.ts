// What a guest waits for when it reads a register of a vGPU, beside a device that has nothing but one register.

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { BenchmarkRun, Measurement } from '../../../../scripts/bench/benchmark.ts';
import { median, medianRatio, quantile } from '../../../../scripts/bench/statistics.ts';
import { Exchange } from '../../../vfio-user/bench/support/exchange.ts';
import { Folder, ServerProcess } from '../../../vfio-user/bench/support/peers.ts';
import { attach, checkReply, regionRead } from '../../../vfio-user/bench/support/vfio-user.ts';

const SERVER = fileURLToPath(new URL('../peers/server.ts', import.meta.url));
const REPLY = 36;
const WARM_UP = 10_000;
const ROUNDS = 40;
const PER_ROUND = 500;
/** Left out of each round: the other has just run, and this one may have gone to sleep. */
const SETTLING = 100;

/** Starts the server of a vGPU. */
async function serveVgpu(path: string, stack: AsyncDisposableStack): Promise<void> {
  const child = fork(SERVER, [path]);
  stack.defer(async () => {
    if (child.connected) child.disconnect();
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  });
  await once(child, 'message');
}

function round(exchange: Exchange): number {
  exchange.times(SETTLING);
  return quantile(exchange.times(PER_ROUND), 0.5);
}

/** Reads of four bytes by message. */
export async function messages(bench: BenchmarkRun): Promise<Measurement> {
  using folder = new Folder();
  await using stack = new AsyncDisposableStack();
  const path = folder.path('gvt.sock');
  await serveVgpu(path, stack);
  const peer = stack.use(await ServerProcess.start(folder));
  using ours = new Exchange(attach(path), regionRead(4), REPLY);
  using bare = new Exchange(attach(peer.path), regionRead(4), REPLY);
  for (const exchange of [ours, bare]) {
    exchange.times(WARM_UP);
    checkReply(exchange.reply);
  }
  const times: [number[], number[]] = [[], []];
  for (let i = 1; i <= ROUNDS; i++) {
    bench.progress(`register reads by message, round ${i} of ${ROUNDS}`);
    times[0].push(round(ours));
    times[1].push(round(bare));
  }
  return {
    name: 'gvt/register-message',
    value: median(times[0]),
    unit: 'us',
    ratio: medianRatio(times[0], times[1]),
    ratioTo: 'a device that is one register',
    goal: { of: 'ratio', atMost: 1.1 },
  };
}
