// How long is fuzzed, and what is said about it. Cases are made by fast-check, so a failing one is shrunk.
//
//   VFIO_TS_FUZZ       left out: 8 s in all; ci: two minutes; nightly: ten million messages
//   VFIO_TS_FUZZ_MS    milliseconds in all, instead
//   VFIO_TS_FUZZ_SEED  the seed that a run printed

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { turn } from '../native/support.ts';

/** Tests that share the time. */
const CAMPAIGNS = 5;
/** Cases between two looks at the clock. */
const CASES = 50;
/** Garbage that is not collected yet, and code compiled meanwhile. */
const MAX_GROWTH = 8 << 20;

/** What is fuzzed; good for one case after the other. */
export interface Target<Case> extends AsyncDisposable {
  /** Runs one case and gives everything back. Resolves to the messages sent. @throws what does not hold */
  run(sample: Case): Promise<number>;
}

interface Budget {
  readonly ms: number;
  readonly messages: number;
}

function budget(): Budget {
  const ms = Number(process.env['VFIO_TS_FUZZ_MS'] ?? 0);
  if (ms > 0) return { ms: ms / CAMPAIGNS, messages: Infinity };
  switch (process.env['VFIO_TS_FUZZ'] ?? '') {
    case 'nightly':
      return { ms: Infinity, messages: 10_000_000 / CAMPAIGNS };
    case 'ci':
      return { ms: 120_000 / CAMPAIGNS, messages: Infinity };
    default:
      return { ms: 8000 / CAMPAIGNS, messages: Infinity };
  }
}

/** Milliseconds that a test which fuzzes may take. */
export function campaignTimeout(): number {
  const { ms } = budget();
  return ms === Infinity ? 24 * 3_600_000 : ms * 2 + 120_000;
}

function firstSeed(): number {
  const given = Number(process.env['VFIO_TS_FUZZ_SEED'] ?? Number.NaN);
  return Number.isSafeInteger(given) ? given : Math.trunc(Math.random() * 0x7fffffff);
}

setFlagsFromString('--expose-gc');
const collect: unknown = runInNewContext('gc');

/** Bytes this process keeps. */
async function memoryInUse(): Promise<number> {
  // What is collected in one turn lets go of more in the next.
  for (let round = 0; round < 3; round++) {
    if (typeof collect === 'function') collect();
    // oxlint-disable-next-line no-await-in-loop -- a turn is what is waited for
    await turn();
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/**
 * Runs cases until the time is up. Says with which seed it began, and what to put into the corpus when it fails.
 *
 * @throws a case failed, or memory grew
 */
export async function campaign<Case>(
  name: string,
  cases: fc.Arbitrary<Case>,
  create: () => Target<Case>,
): Promise<void> {
  await using targets = new Targets(create);
  const { ms, messages } = budget();
  const seed = firstSeed();
  const begin = performance.now();
  console.log(`fuzz ${name}: VFIO_TS_FUZZ_SEED=${seed}`);
  const done = { sent: 0, batches: 0 };
  let said = begin;
  let before = 0;
  const counted = fc.asyncProperty(cases, async (sample) => {
    done.sent += await targets.run(sample);
  });
  const isUp = (): boolean => performance.now() - begin >= ms || done.sent >= messages;
  do {
    // oxlint-disable-next-line no-await-in-loop -- the cases of one campaign share a device
    const result = await fc.check(counted, { seed: seed + done.batches, numRuns: CASES });
    if (result.failed) throw failed(name, seed + done.batches, result.counterexample, result);
    // What is made once is there after the first batch.
    if (done.batches++ === 0) before = await memoryInUse();
    if (performance.now() - said > 10_000) {
      said = performance.now();
      console.log(`fuzz ${name}: ${done.sent} messages, ${(await memoryInUse()) >> 20} MiB`);
    }
  } while (!isUp());
  const growth = (await memoryInUse()) - before;
  const seconds = ((performance.now() - begin) / 1000).toFixed(1);
  console.log(
    `fuzz ${name}: ${done.sent} messages in ${seconds} s, ${growth >> 10} KiB more memory`,
  );
  if (growth > MAX_GROWTH)
    throw new Error(`memory grew by ${growth} bytes in ${done.sent} messages`);
}

/** One target until a case fails on it, then another: what failed once must not fail what is tried next. */
class Targets<Case> implements AsyncDisposable {
  readonly #create: () => Target<Case>;
  #target: Target<Case> | undefined;

  constructor(create: () => Target<Case>) {
    this.#create = create;
  }

  async run(sample: Case): Promise<number> {
    this.#target ??= this.#create();
    try {
      return await this.#target.run(sample);
    } catch (error) {
      const broken = this.#target;
      this.#target = undefined;
      // Only the case counts; what is left of the target is nobody's any more.
      try {
        await broken[Symbol.asyncDispose]();
      } catch {
        // It failed already.
      }
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#target?.[Symbol.asyncDispose]();
  }
}

function failed(
  name: string,
  seed: number,
  counterexample: readonly unknown[] | null,
  { errorInstance }: { readonly errorInstance: unknown },
): Error {
  const sample = JSON.stringify(Object.assign({ about: '' }, counterexample?.[0]), undefined, 2);
  return new Error(`fuzz ${name}, seed ${seed}: ${String(errorInstance)}\n${sample}`, {
    cause: errorInstance,
  });
}
