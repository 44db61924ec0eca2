// Finds the benchmarks of all packages.

import { globSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Benchmark } from './benchmark.ts';

/** A benchmark and the file it is in. */
export interface Found {
  readonly file: string;
  readonly benchmark: Benchmark;
}

/** All benchmarks, by name. */
export async function findBenchmarks(root: string): Promise<readonly Found[]> {
  const files = globSync('packages/*/bench/*.bench.ts', { cwd: root });
  const found = await Promise.all(files.map((file) => loadBenchmark(resolve(root, file))));
  return found.toSorted((a, b) => a.benchmark.name.localeCompare(b.benchmark.name));
}

/** The benchmark in a file. @throws Error it exports none */
export async function loadBenchmark(file: string): Promise<Found> {
  const loaded: { readonly benchmark?: unknown } = await import(pathToFileURL(file).href);
  const { benchmark } = loaded;
  if (!isBenchmark(benchmark)) throw new Error(`${file} exports no benchmark`);
  return { file, benchmark };
}

function isBenchmark(value: unknown): value is Benchmark {
  if (typeof value !== 'object' || value === null) return false;
  if (!('name' in value) || !('about' in value) || !('run' in value)) return false;
  const { name, about, run } = value;
  return typeof name === 'string' && typeof about === 'string' && typeof run === 'function';
}
