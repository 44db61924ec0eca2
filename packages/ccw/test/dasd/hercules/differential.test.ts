// Hercules executes the same chains on the same volume. Where it is not the model, the table says why.

import { expect, test } from 'vitest';
import { CHAINS } from './chains.ts';
import { describeTrack } from './image-file.ts';
import { requireHercules } from './machine.ts';
import type { SkippableTest } from './machine.ts';
import type { Outcome } from './outcome.ts';
import { runBoth } from './run.ts';
import type { Run } from './run.ts';

/** A refusal with this sense, as the control unit makes it and Hercules does not. */
function refused(sense: string, residual = 0): Outcome {
  return { status: 'e', residual, last: 0, sense, data: [] };
}

/** Where Hercules 3.13 is not the model, with what is right. */
const DIFFERENCES: ReadonlyMap<string, Outcome> = new Map([
  // Version 3.13 compares tracks only: head 15 of cylinder 0 is before head 0 of cylinder 1. No track has it.
  ['an extent past the heads', refused('800004')],
  // Version 3.13 keeps any group, and its sense data for a short one has no message. Later versions refuse.
  ['set path group of zeros', refused('800004')],
  ['set path group, reserved function', refused('800004')],
  ['a short set path group', refused('800003')],
  // Version 3.13 has no such command. Later versions allow it as the first of a chain.
  ['read message id alone', { status: 'c', residual: 0, last: 0, sense: '', data: ['ffffffff'] }],
]);

let started: Promise<Run> | undefined;

/** One run serves all tests. */
async function run(context: SkippableTest): Promise<Run> {
  requireHercules(context);
  started ??= runBoth([...CHAINS.values()]);
  return await started;
}

test.for([...CHAINS.keys()].entries().toArray())(
  '%s %s ends as on Hercules',
  async ([index, name], context) => {
    const { theirs, ours } = await run(context);
    expect(ours[index]).toEqual(DIFFERENCES.get(name) ?? theirs[index]);
  },
);

test('what the chains have written is what Hercules has written', async (context) => {
  const { theirVolume, ourVolume } = await run(context);
  const { cylinders, heads } = ourVolume.geometry;
  for (let track = 0; track < cylinders * heads; track += 1) {
    const ours = describeTrack(ourVolume, track);
    expect.soft(ours, `track ${track}`).toEqual(describeTrack(theirVolume, track));
  }
});
