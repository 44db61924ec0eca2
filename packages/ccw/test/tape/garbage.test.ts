import { statSync, writeFileSync } from 'node:fs';
import fc from 'fast-check';
import { isErrno } from '@vfio-ts/core';
import { expect, test as base } from 'vitest';
import { inFolder, type InFolder } from '../image/support.ts';
import {
  block,
  CHECK,
  drive,
  EXCEPTION,
  NORMAL,
  splitImage,
  tapeImage,
  type Rig,
  type TapeStep,
} from './support.ts';

const test = base.extend<InFolder>(inFolder);

/** A header that may make sense. */
const header = fc
  .tuple(
    fc.oneof(fc.nat(300), fc.nat(0xffff)),
    fc.oneof(fc.nat(300), fc.nat(0xffff)),
    fc.oneof(fc.constantFrom(0xa0, 0x80, 0x20, 0x00, 0x40, 0xa1), fc.nat(255)),
  )
  .map(([length, previous, flags]) =>
    Buffer.from([length & 0xff, length >> 8, previous & 0xff, previous >> 8, flags, 0]),
  );

const sound = fc
  .array(
    fc.oneof(
      fc.constant('mark' as const),
      fc.integer({ min: 1, max: 300 }).map((length) => block(length)),
    ),
    { maxLength: 5 },
  )
  .map(tapeImage);

const split = fc
  .tuple(fc.integer({ min: 1, max: 3000 }), fc.integer({ min: 1, max: 500 }))
  .map(([length, piece]) => splitImage(block(length), piece));

const noise = fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes));

const spoil = fc.array(fc.tuple(fc.nat(2000), fc.nat(255)), { maxLength: 4 });

/** The file of a tape that begins well, and then anything. */
const image = fc
  .tuple(sound, fc.array(fc.oneof(sound, header, split, noise), { maxLength: 6 }), spoil, fc.nat(5))
  .map(([first, rest, changes, cut]) => {
    const bytes = Buffer.concat([first, ...rest]);
    for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
    return bytes.subarray(0, Math.max(0, bytes.length - cut));
  });

const useful = fc.constantFrom(
  0x01,
  0x02,
  0x04,
  0x07,
  0x1f,
  0x22,
  0x27,
  0x2f,
  0x37,
  0x3f,
  0x43,
  0x4f,
  0x77,
  0x17,
  0x97,
);
const command: fc.Arbitrary<TapeStep> = fc.tuple(
  fc.oneof({ weight: 5, arbitrary: useful }, fc.nat(255)),
  fc.uint8Array({ maxLength: 20 }),
);
const chains = fc.array(fc.array(command, { minLength: 1, maxLength: 5 }), { maxLength: 12 });

const STATUSES: readonly number[] = [NORMAL, EXCEPTION, CHECK];

/** Mounts a tape that may be none. @returns whether it is one */
async function mounts(rig: Rig, isReadOnly: boolean): Promise<boolean> {
  try {
    await rig.unit.mount(rig.path, { isReadOnly });
    return true;
  } catch (error) {
    if (isErrno(error, 'EINVAL')) return false;
    throw error;
  }
}

test('any commands on any file end in a way that a guest knows', async ({ folder }) => {
  let mounted = 0;
  await fc.assert(
    fc.asyncProperty(image, chains, fc.boolean(), async (contents, programs, isReadOnly) => {
      await using rig = drive(folder);
      writeFileSync(rig.path, contents);
      if (!(await mounts(rig, isReadOnly))) return;
      mounted += 1;
      let written = 0;
      for (const steps of programs) {
        const { status, sense } = await rig.run(...steps);
        expect(STATUSES).toContain(status);
        expect(sense?.length).toBe(status === CHECK ? 32 : undefined);
        written += steps.reduce((sum, [, data]) => sum + (data?.length ?? 0) + 6, 0);
      }
      await rig.unit.unmount();
      expect(statSync(rig.path).size).toBeLessThanOrEqual(contents.length + written);
      expect(isReadOnly ? rig.contents() : contents).toEqual(contents);
      expect(rig.logger.at('error')).toEqual([]);
    }),
    { numRuns: 300 },
  );
  expect(mounted).toBeGreaterThan(100);
});

test('what is passed forwards is passed backwards, or is said to be damaged', async ({
  folder,
}) => {
  await fc.assert(
    fc.asyncProperty(image, async (contents) => {
      await using rig = drive(folder);
      writeFileSync(rig.path, contents);
      if (!(await mounts(rig, true))) return;
      let count = 0;
      while ((await rig.run([0x37])).status !== CHECK) count += 1;
      expect(count).toBe(rig.unit.mounted?.block);
      let back = 0;
      let end = await rig.run([0x27]);
      for (; end.status !== CHECK; end = await rig.run([0x27])) back += 1;
      expect(end.sense?.[3]).toBe(back === count ? 0x39 : 0x41);
    }),
    { numRuns: 200 },
  );
});
