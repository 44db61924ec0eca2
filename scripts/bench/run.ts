// Runs a benchmark in a process of its own, so that none finds the heap and the compiled code another has left, and with
// all processes it starts on one processor, so that the scheduler's choice of processors is not what is measured.

import { execFileSync, fork, type ChildProcess } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { BenchmarkRun, Measurement } from './benchmark.ts';

/** What the process of a benchmark says. */
export type Said =
  | { readonly progress: string }
  | { readonly note: string }
  | { readonly measurements: readonly Measurement[] };

const CHILD = fileURLToPath(new URL('child.ts', import.meta.url));

/** Runs the benchmark in `file`. @throws Error it failed; what it printed has said why */
export function runBenchmark(file: string, run: BenchmarkRun): Promise<readonly Measurement[]> {
  const flags = ['--expose-gc'];
  const processor = `${availableParallelism() - 1}`;
  if (canPin()) {
    const execArgv = ['--cpu-list', processor, process.execPath, ...flags];
    return outcome(fork(CHILD, [file], { execPath: 'taskset', execArgv }), run);
  }
  run.note('no taskset (package util-linux): the scheduler chooses processors, ratios vary');
  return outcome(fork(CHILD, [file], { execArgv: flags }), run);
}

function canPin(): boolean {
  try {
    execFileSync('taskset', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

async function outcome(child: ChildProcess, run: BenchmarkRun): Promise<readonly Measurement[]> {
  const { promise, resolve, reject } = Promise.withResolvers<readonly Measurement[]>();
  let measurements: readonly Measurement[] | undefined;
  child.on('message', (said: Said) => {
    if ('progress' in said) run.progress(said.progress);
    else if ('note' in said) run.note(said.note);
    else measurements = said.measurements;
  });
  child.on('error', reject);
  child.on('exit', (code, signal) => {
    if (code === 0 && measurements !== undefined) resolve(measurements);
    else reject(new Error(`ended with ${signal ?? code}`));
  });
  return promise;
}
