// Random chains on Hercules and on the control unit.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { toHex } from '../support/channel.ts';
import type { TestCcw } from '../support/channel.ts';
import { anyChain } from '../support/programs.ts';
import { describeTrack } from './image-file.ts';
import { requireHercules } from './machine.ts';
import type { Outcome } from './outcome.ts';
import { runBoth } from './run.ts';

const CHAINS = 600;

/** One seed for all, as the chains are executed on one volume; CCW_SEED in the environment is another. */
const SEED = 3990;

function listing(chain: readonly TestCcw[]): string {
  return chain
    .map(({ code, count, data, target }) => {
      const what = target === undefined ? toHex(data.subarray(0, 20)) : `to ${target}`;
      return `${code.toString(16).padStart(2, '0')} ${count} ${what}`;
    })
    .join('\n');
}

/** Hercules lets an incomplete domain hide why the command before has failed, and keeps the residual of neither. */
function comparable(outcome: Outcome, other: Outcome): Outcome {
  if (outcome.status !== 'e' || other.status !== 'e') return outcome;
  const isHidden = outcome.sense === '810000' || other.sense === '810000';
  return { ...outcome, residual: 0, sense: isHidden ? '810000' : outcome.sense, data: [] };
}

/** All chains, one text each, so that the first one that differs is seen with its commands. */
function texts(
  chains: readonly (readonly TestCcw[])[],
  outcomes: readonly Outcome[],
  others: readonly Outcome[],
): string[] {
  return outcomes.map((outcome, index) => {
    const comparand = comparable(outcome, others[index] ?? outcome);
    return `chain ${index}\n${listing(chains[index] ?? [])}\n${JSON.stringify(comparand)}`;
  });
}

test('random chains end, read and write as on Hercules', async (context) => {
  requireHercules(context);
  const seed = Number(process.env['CCW_SEED'] ?? SEED);
  const chains = fc.sample(anyChain, { numRuns: CHAINS, seed });
  const { theirs, ours, theirVolume, ourVolume } = await runBoth(chains);
  const expected = texts(chains, theirs, ours);
  const actual = texts(chains, ours, theirs);
  const first = actual.findIndex((text, index) => text !== expected[index]);
  expect(`seed ${seed}, ${actual[first]}`).toBe(`seed ${seed}, ${expected[first]}`);
  for (let track = 0; track < 150; track += 1) {
    const found = describeTrack(ourVolume, track);
    expect(found).toEqual(describeTrack(theirVolume, track));
  }
});
