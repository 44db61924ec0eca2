// The same chains, one after the other, on Hercules and on the control unit, each with its own copy of a volume.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DasdControlUnit } from '../../../src/dasd/dasd-control-unit.ts';
import { runChain } from '../support/channel.ts';
import type { TestCcw } from '../support/channel.ts';
import type { MemoryStore } from '../support/memory-store.ts';
import { GuestProgram } from './guest.ts';
import { readImage } from './image-file.ts';
import { dasdinit, runHercules } from './machine.ts';
import { outcomeOf } from './outcome.ts';
import type { Outcome } from './outcome.ts';

/** How the chains ended, and what they left. */
export interface Run {
  readonly theirs: readonly Outcome[];
  readonly ours: readonly Outcome[];
  readonly theirVolume: MemoryStore;
  readonly ourVolume: MemoryStore;
}

/** Executes chains on a new volume of 10 cylinders. */
export async function runBoth(chains: readonly (readonly TestCcw[])[]): Promise<Run> {
  const directory = await mkdtemp(join(tmpdir(), 'ccw-hercules-'));
  try {
    const image = join(directory, 'volume.ckd');
    dasdinit('-linux', image, '3390', 'LNX001', '10');
    const ourVolume = await readImage(image);
    const program = new GuestProgram(chains);
    const storage = await runHercules(directory, image, program.storage);
    const unit = new DasdControlUnit(ourVolume);
    const theirs: Outcome[] = [];
    const ours: Outcome[] = [];
    for (const [index, chain] of chains.entries()) {
      const result = await runChain(unit, chain);
      const reads = [...result.buffers.keys()].toSorted((a, b) => a - b);
      theirs.push(outcomeOf(program.result(storage, index), reads));
      ours.push(outcomeOf(result, reads));
    }
    return { theirs, ours, theirVolume: await readImage(image), ourVolume };
  } finally {
    await rm(directory, { recursive: true });
  }
}
