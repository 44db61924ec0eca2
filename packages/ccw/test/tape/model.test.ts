import fc from 'fast-check';
import { expect, test as base } from 'vitest';
import { CHECK, loaded, NORMAL, tapeImage, type Rig } from './support.ts';
import { stepsOf, TapeModel, tapeMap, type ModelEnd, type ModelStep } from './model.ts';
import { withHercules, type WithHercules } from '../image/hercules.ts';

const test = base.extend<WithHercules>(withHercules);

function stepArbitrary(longest: number): fc.Arbitrary<ModelStep> {
  const length = fc.oneof(fc.integer({ min: 1, max: 200 }), fc.integer({ min: 1, max: longest }));
  const kinds = fc.constantFrom(
    'mark',
    'read',
    'forward',
    'back',
    'rewind',
    'sync',
    'erase',
    'forward file',
    'back file',
    'block id',
  );
  return fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({ kind: fc.constant('write' as const), length, seed: fc.nat(255) }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constant('locate' as const), block: fc.nat(12) }),
    },
    { weight: 6, arbitrary: kinds.map((kind): ModelStep => ({ kind }) as const) },
  );
}

/** Chains of commands. */
function chainsArbitrary(longest: number): fc.Arbitrary<ModelStep[][]> {
  const chain = fc.array(stepArbitrary(longest), { minLength: 1, maxLength: 6 });
  return fc.array(chain, { minLength: 1, maxLength: 12 });
}

/** Runs a chain in both, and compares how it ended. */
async function compare(rig: Rig, model: TapeModel, chain: readonly ModelStep[]): Promise<void> {
  const ends: ModelEnd[] = [];
  for (const step of chain) {
    const end = model.run(step);
    // Erase is two commands.
    if (step.kind === 'erase') ends.push({ status: NORMAL });
    ends.push(end);
    if (end.status !== NORMAL) break;
  }
  model.end();
  const expected = ends.at(-1);
  const end = await rig.run(...chain.flatMap(stepsOf));
  expect(end.status).toBe(expected?.status);
  expect(end.data).toEqual(ends.map(({ data }) => data ?? new Uint8Array(0)));
  expect(end.status === CHECK ? end.sense?.[3] : undefined).toBe(expected?.era);
}

test('a tape is what a model of it is, and tapemap lists it', async ({ folder, hercules }) => {
  await fc.assert(
    fc.asyncProperty(chainsArbitrary(65_535), async (chains) => {
      await using rig = await loaded(folder);
      const model = new TapeModel();
      for (const chain of chains) await compare(rig, model, chain);
      expect(rig.contents()).toEqual(tapeImage(model.items));
      const listed = hercules('tapemap', 'tape.aws').split('\n');
      expect(listed).toEqual(tapeMap(model.items));
      expect(rig.logger.lines).toEqual([]);
    }),
    { numRuns: 60 },
  );
});

test('a tape with blocks in pieces is what a model of it is, also when it is mounted again', async ({
  folder,
}) => {
  await fc.assert(
    fc.asyncProperty(chainsArbitrary(200_000), chainsArbitrary(200_000), async (first, second) => {
      await using rig = await loaded(folder);
      const model = new TapeModel();
      for (const chain of first) await compare(rig, model, chain);
      await rig.unit.unmount();
      await rig.unit.mount(rig.path);
      model.run({ kind: 'rewind' });
      for (const chain of second) await compare(rig, model, chain);
      expect(rig.logger.lines).toEqual([]);
    }),
    { numRuns: 30 },
  );
});
