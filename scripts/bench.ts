// Runs benchmarks and prints their figures as a table, to standard output; what goes on meanwhile goes to standard error.
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { HELP, parse, type Arguments } from './bench/args.ts';
import type { Measurement } from './bench/benchmark.ts';
import { Progress } from './bench/progress.ts';
import { findBenchmarks, type Found } from './bench/registry.ts';
import { runBenchmark } from './bench/run.ts';
import { json, table } from './bench/table.ts';

const all = await findBenchmarks(fileURLToPath(new URL('..', import.meta.url)));
const names = all.map(({ benchmark }) => benchmark.name);
const args = readArguments();
if (args === undefined) process.exitCode = 2;
else if (args.help) console.log(HELP);
else if (args.list)
  for (const { benchmark } of all) console.log(`${benchmark.name}: ${benchmark.about}`);
else await measure(args);

function readArguments(): Arguments | undefined {
  try {
    return parse(process.argv.slice(2), names);
  } catch (error) {
    console.error(`bench: ${error instanceof Error ? error.message : String(error)}`);
    return undefined;
  }
}

async function measure({ names: wanted, json: file }: Arguments): Promise<void> {
  const chosen = all.filter(
    ({ benchmark: { name } }) => wanted.length === 0 || wanted.includes(name),
  );
  const measurements: Measurement[] = [];
  const notes: string[] = [];
  const progress = new Progress();
  for (const found of chosen) {
    // One at a time: they would disturb each other.
    measurements.push(...(await measureOne(found, progress, notes)));
  }
  progress.clear();
  console.log(table(measurements));
  for (const note of notes) console.log(note);
  if (file !== undefined) writeFileSync(file, json(measurements));
}

async function measureOne(
  { file, benchmark }: Found,
  progress: Progress,
  notes: string[],
): Promise<readonly Measurement[]> {
  const { name, missing } = benchmark;
  if (missing !== undefined) {
    notes.push(`${name}: left out: ${missing}`);
    return [];
  }
  try {
    return await runBenchmark(file, {
      progress: (text) => progress.step(name, text),
      note: (text) => notes.push(`${name}: ${text}`),
    });
  } catch (error) {
    process.exitCode = 1;
    progress.line(`${name}: failed: ${error instanceof Error ? error.message : String(error)}`);
    return [];
  }
}
