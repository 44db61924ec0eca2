// Hercules executes the same chains on the same volume. Where it is not the model, the table says why.

import { expect, test } from 'vitest';
import { CHAINS } from './chains.ts';
import { describeTrack } from './image-file.ts';
import { requireHercules } from './machine.ts';
import type { SkippableTest } from '@vfio-ts/lab';
import type { Outcome } from './outcome.ts';
import { runBoth } from './run.ts';
import type { Run } from './run.ts';

/** A refusal with this sense, as the control unit makes it and Hercules does not. */
function refused(sense: string, residual = 0, last = 0): Outcome {
  return { status: 'e', residual, last, sense, data: [] };
}

/** Beginning and end of a block of zeros, as outcomes show it. */
const ZEROS = '0'.repeat(200);

/** Count and data of the first block of cylinder 2. */
const FIRST_RECORD = `${'0002000001001000'.padEnd(200, '0')}…${ZEROS} (4104)`;

/** All records of its first track, R0 included, and the end mark. */
const WHOLE_TRACK = `${'0002000000000008000000000000000000020000010010'.padEnd(200, '0')}…${'f'.repeat(16).padStart(200, '0')} (49272)`;

/** Tracks of chains that are refused here and are not by Hercules. */
const REFUSED_TRACKS: ReadonlySet<number> = new Set([76, 77, 78]);

/** Where Hercules 3.13 is not the model, with what is right. */
const DIFFERENCES: ReadonlyMap<string, Outcome> = new Map([
  // Version 3.13 compares tracks only: head 15 of cylinder 0 is before head 0 of cylinder 1. No track has it.
  ['an extent past the heads', refused('800004')],
  // Version 3.13 keeps any group, and its sense data for a short one has no message. Later versions refuse.
  ['set path group of zeros', refused('800004')],
  ['set path group, reserved function', refused('800004')],
  ['a short set path group', refused('800003')],
  // Version 3.13 has none of these. Later versions have the first and the last; the other is for old systems.
  [
    'reset allegiance',
    { status: 'c', residual: 0, last: 0, sense: '', data: [`8020${'00'.repeat(30)}`] },
  ],
  ['recalibrate', { status: 'c', residual: 0, last: 1, sense: '', data: ['0000000000'] }],
  [
    'read special home address',
    { status: 'c', residual: 59, last: 1, sense: '', data: ['0000020000'] },
  ],
  // No version has it on a 3990. Later versions have it on a 2107, and no release of space there.
  ['define subsystem operation', refused('800003')],
  // A file mask that forbids writes forbids updates in a domain as well; no version looks at it there.
  ['an update under a mask that forbids it', refused('800002', 4096, 2)],
  // What would be written in place of R0 takes the track its R0: only Write R0 may.
  ['a format at the home address without R0', refused('800002', 8, 2)],
  // A domain of reads has no writes; version 3.13 compares lengths only.
  ['a classic write in a domain of reads', refused('800002', 4096, 2)],
  // An argument of zeros is the first record, in later versions.
  [
    'an extended locate of an argument of zeros',
    { status: 'c', residual: 896, last: 2, sense: '', data: [FIRST_RECORD] },
  ],
  // Read Track gives all of a track; Hercules begins where it is, and only at the index with R0.
  [
    'read tracks from a record on',
    { status: 'c', residual: 10_728, last: 2, sense: '', data: [WHOLE_TRACK] },
  ],
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
    if (REFUSED_TRACKS.has(track)) continue;
    const ours = describeTrack(ourVolume, track);
    expect.soft(ours, `track ${track}`).toEqual(describeTrack(theirVolume, track));
  }
});
