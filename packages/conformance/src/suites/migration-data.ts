// What migration carries: a second device becomes the first, and takes nothing else for a device's state.

/* oxlint-disable no-await-in-loop -- a stream is read and written in order */

import { getMigrationState, setMigrationState, type VfioAccess } from '@vfio-ts/core';
import { expect } from 'vitest';
import { outcome } from '../assert.ts';
import type { DeviceHarness } from '../harness.ts';
import { concat, expectBytes, sameBytes } from '../probe/bytes.ts';
import { hooksOf, type Hooks } from '../probe/hooks.ts';
import { readStream, saveImage, writeStream } from '../probe/migration.ts';
import { pattern, readBytes } from '../probe/regions.ts';
import { declareSuite, type SuiteOptions } from '../suite.ts';

/** Statement 104, for devices with `migration`. */
export function migrationDataSuite<T extends object>(
  harness: DeviceHarness<T>,
  options: SuiteOptions = {},
): void {
  const { supports, ram } = harness;
  if (!supports.migration) return;
  const { snapshot, mutate } = needed(hooksOf(harness));

  declareSuite('migration data', harness, options, ({ test }) => {
    for (const [what, readBy, writtenBy] of [
      ['in one piece', 2 ** 20, 2 ** 20],
      ['in small pieces', 61, 97],
      ['read in large pieces and written in small ones', 2 ** 20, 101],
    ] as const) {
      test(`[104] a second device becomes the first, carried ${what}`, async (t) => {
        const source = await t.open();
        mutate(source.device);
        const state = snapshot(source.device);
        const image = await saveImage(source.access, { chunk: readBy });
        const { access, device } = await t.open();
        expect(sameBytes(snapshot(device), state)).toBe(false);
        await restore(access, image, writtenBy);
        await setMigrationState(access, 'RUNNING');
        expectBytes(snapshot(device), state);
      });
    }

    if (ram !== undefined) {
      test('[104] memory the guest has written is carried', async (t) => {
        const source = await t.open();
        const bytes = pattern(ram.length, 1);
        await source.access.write(ram.region, ram.offset, bytes);
        const image = await saveImage(source.access);
        const { access } = await t.open();
        await restore(access, image);
        await setMigrationState(access, 'RUNNING');
        expectBytes(await readBytes(access, ram.region, ram.offset, ram.length), bytes);
      });
    }

    test('[104] saving changes nothing in the device', async (t) => {
      const { access, device } = await t.open();
      mutate(device);
      const before = snapshot(device);
      await saveImage(access);
      expectBytes(snapshot(device), before);
    });

    test('[104] what the device had before a restore is gone', async (t) => {
      const source = await t.open();
      const state = snapshot(source.device);
      const image = await saveImage(source.access);
      const { access, device } = await t.open();
      mutate(device);
      await restore(access, image);
      expectBytes(snapshot(device), state);
    });

    if (supports.preCopy) {
      for (const [what, readsEarly] of [
        ['read before it stops', true],
        ['not read before it stops', false],
      ] as const) {
        test(`[104] what changes during PRE_COPY is carried, the stream ${what}`, async (t) => {
          const source = await t.open();
          await setMigrationState(source.access, 'PRE_COPY');
          const early = readsEarly ? await readStream(source.access) : new Uint8Array(0);
          mutate(source.device);
          const state = snapshot(source.device);
          await setMigrationState(source.access, 'STOP_COPY');
          const image = concat([early, await readStream(source.access)]);
          const { access, device } = await t.open();
          await restore(access, image);
          expectBytes(snapshot(device), state);
        });
      }

      test('[104] a PRE_COPY given up leaves the device running as it was', async (t) => {
        const { access, device } = await t.open();
        mutate(device);
        const before = snapshot(device);
        await setMigrationState(access, 'PRE_COPY');
        await access.readMigrationData(new Uint8Array(64));
        await setMigrationState(access, 'RUNNING');
        expectBytes(snapshot(device), before);
      });
    }

    for (const [what, length] of [
      ['its first byte', () => 1],
      ['its first half', (whole: number) => Math.floor(whole / 2)],
      ['all but its last byte', (whole: number) => whole - 1],
    ] as const) {
      test(`[104] ${what} of a stream is not enough`, async (t) => {
        const { access } = await t.open();
        const image = await saveImage(access);
        await expectRefused(access, image.subarray(0, length(image.length)));
      });
    }

    for (const percent of [0, 10, 25, 50, 75, 90, 100]) {
      test(`[104] a stream with a wrong bit at ${percent} % is not taken`, async (t) => {
        const source = await t.open();
        mutate(source.device);
        const image = await saveImage(source.access);
        const at = Math.floor(((image.length - 1) * percent) / 100);
        image[at] = (image[at] ?? 0) ^ 0x10;
        const { access } = await t.open();
        await expectRefused(access, image);
      });
    }

    test('[104] a stream of something else is not taken', async (t) => {
      const { access } = await t.open();
      await expectRefused(access, pattern(1000, 2));
    });

    if (supports.reset) {
      test('[104] after a refused stream a reset makes a good device of it', async (t) => {
        const { access, device } = await t.open();
        const initial = snapshot(device);
        mutate(device);
        await expectRefused(access, pattern(1000, 3));
        await access.reset();
        expect(await getMigrationState(access)).toBe('RUNNING');
        expectBytes(snapshot(device), initial);
      });
    }
  });
}

interface NeededHooks<T> {
  readonly snapshot: (device: T) => Uint8Array;
  readonly mutate: (device: T) => void;
}

function needed<T>({ snapshot, mutate }: Hooks<T>): NeededHooks<T> {
  if (snapshot === undefined || mutate === undefined) {
    throw new TypeError('migration needs snapshot and mutate');
  }
  return { snapshot, mutate };
}

/** Puts a running device into the state of the stream; it is in STOP then. */
async function restore(access: VfioAccess, image: Uint8Array, chunk?: number): Promise<void> {
  await setMigrationState(access, 'RESUMING');
  await writeStream(access, image, chunk === undefined ? {} : { chunk });
  await setMigrationState(access, 'STOP');
}

/** The stream is refused while it is written or when the device is to leave RESUMING. */
async function expectRefused(access: VfioAccess, image: Uint8Array): Promise<void> {
  expect(await outcome(() => restore(access, image))).not.toBe('ok');
  expect(['RESUMING', 'ERROR']).toContain(await getMigrationState(access));
}
