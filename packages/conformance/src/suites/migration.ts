// Migration: states, paths, failures, and whose stream is alive when.

/* oxlint-disable no-await-in-loop -- a guest does one thing after the other */

import {
  decodeMigState,
  encodeMigState,
  getMigrationDataSize,
  getMigrationFlags,
  getMigrationState,
  MIGRATION_STATES,
  migrationStateNumber,
  setMigrationState,
  VFIO_DEVICE_FEATURE_GET,
  VFIO_DEVICE_FEATURE_MIG_DATA_SIZE,
  VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE,
  VFIO_DEVICE_FEATURE_MIGRATION,
  VFIO_DEVICE_FEATURE_SET,
  VFIO_DEVICE_STATE_RUNNING,
  type MigrationState,
  type VfioAccess,
} from '@vfio-ts/core';
import { expect } from 'vitest';
import { refused } from '../assert.ts';
import type { DeviceHarness } from '../harness.ts';
import { expectBytes } from '../probe/bytes.ts';
import { hooksOf } from '../probe/hooks.ts';
import {
  arcName,
  enterState,
  expectedFlags,
  failingArc,
  readStream,
  recordingArcs,
} from '../probe/migration.ts';
import { expectedPath, migrationArcs, migrationStates } from '../probe/migration-paths.ts';
import { declareSuite, type SuiteOptions } from '../suite.ts';

const GET_STATE = VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE | VFIO_DEVICE_FEATURE_GET;
const SET_STATE = VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE | VFIO_DEVICE_FEATURE_SET;
const SAVING: ReadonlySet<MigrationState> = new Set(['STOP_COPY', 'PRE_COPY', 'PRE_COPY_P2P']);

/** Statements 85 and 98 to 103. */
export function migrationSuite<T extends object>(
  harness: DeviceHarness<T>,
  options: SuiteOptions = {},
): void {
  if (harness.supports.migration) withMigration(harness, options);
  else withoutMigration(harness, options);
}

function withoutMigration<T extends object>(
  harness: DeviceHarness<T>,
  options: SuiteOptions,
): void {
  declareSuite('migration', harness, options, ({ test }) => {
    for (const [what, feature, data] of [
      ['MIGRATION', VFIO_DEVICE_FEATURE_MIGRATION | VFIO_DEVICE_FEATURE_GET, 8],
      ['MIG_DEVICE_STATE', GET_STATE, 8],
      ['MIG_DEVICE_STATE to be set', SET_STATE, 8],
      ['MIG_DATA_SIZE', VFIO_DEVICE_FEATURE_MIG_DATA_SIZE | VFIO_DEVICE_FEATURE_GET, 8],
    ] as const) {
      test(`[98] a device that cannot migrate has no ${what}`, async (t) => {
        const { access } = await t.open();
        await refused('ENOTTY', () =>
          access.feature({ flags: feature, data: new Uint8Array(data) }),
        );
      });
    }

    test('[103] a device that cannot migrate has no stream', async (t) => {
      const { access } = await t.open();
      await refused('EINVAL', () => access.readMigrationData(new Uint8Array(4)));
      await refused('EINVAL', () => access.writeMigrationData(new Uint8Array(4)));
    });
  });
}

function withMigration<T extends object>(harness: DeviceHarness<T>, options: SuiteOptions): void {
  const { supports, ops } = harness;
  const states = migrationStates(supports);

  declareSuite('migration', harness, options, ({ test, describe }) => {
    test('[98] the flags are those of the manifest, STOP_COPY among them', async (t) => {
      const { access } = await t.open();
      expect(await getMigrationFlags(access)).toBe(expectedFlags(supports));
    });

    test('[98] the size of the data is a count of bytes', async (t) => {
      const { access } = await t.open();
      expect(await getMigrationDataSize(access)).toBeGreaterThanOrEqual(0);
    });

    test('[99] a device that was just opened runs, and has no stream', async (t) => {
      const { access } = await t.open();
      const data = await access.feature({ flags: GET_STATE, argsz: 16 });
      expect(decodeMigState(data)).toEqual({ deviceState: VFIO_DEVICE_STATE_RUNNING, dataFd: -1 });

      await expectNoStream(access);
    });

    for (const state of states) {
      test(`[99] a device closed in ${state} runs when it is opened again`, async (t) => {
        const { access, session, vdev } = await t.open();
        await enterState(access, state);
        await session.close();
        const again = await t.connect(vdev);
        expect(await getMigrationState(again.access)).toBe('RUNNING');
        await expectNoStream(again.access);
      });
    }

    for (const argsz of [8, 12, 15]) {
      test(`[99] MIG_DEVICE_STATE with argsz ${argsz} is refused`, async (t) => {
        const { access } = await t.open();
        const stop = encodeMigState({ deviceState: migrationStateNumber('STOP'), dataFd: -1 });
        const data = stop.subarray(0, argsz - 8);
        await refused('EINVAL', () => access.feature({ flags: SET_STATE, argsz, data }));
        await refused('EINVAL', () => access.feature({ flags: GET_STATE, argsz }));
        expect(await getMigrationState(access)).toBe('RUNNING');
      });
    }

    describe('paths', () => {
      for (const from of states) {
        for (const to of states) {
          const path = expectedPath(from, to, supports);
          const way = path === undefined ? 'is refused' : `goes by ${path.length} arcs`;
          test(`[100] ${arcName(from, to)} ${way}`, async (t) => {
            const arcs: string[] = [];
            const { access } = await t.open(recordingArcs(ops, arcs));
            await enterState(access, from);
            arcs.length = 0;
            if (path === undefined) await refused('EINVAL', () => setMigrationState(access, to));
            else await setMigrationState(access, to);
            const hops = [from, ...(path ?? [])];
            expect(arcs).toEqual(hops.slice(1).map((hop, i) => arcName(hops[i] ?? from, hop)));

            expect(await getMigrationState(access)).toBe(hops.at(-1));
          });
        }

        for (const to of MIGRATION_STATES) {
          if (states.includes(to)) continue;
          const statement = to === 'ERROR' ? 100 : 101;
          test(`[${statement}] ${arcName(from, to)} is refused`, async (t) => {
            const { access } = await t.open();
            await enterState(access, from);
            await refused('EINVAL', () => setMigrationState(access, to));
            expect(await getMigrationState(access)).toBe(from);
          });
        }
      }

      for (const number of [8, 0xffff_ffff]) {
        test(`[100] state number ${number} is refused`, async (t) => {
          const { access } = await t.open();
          const data = encodeMigState({ deviceState: number, dataFd: -1 });
          await refused('EINVAL', () => access.feature({ flags: SET_STATE, data }));
          expect(await getMigrationState(access)).toBe('RUNNING');
        });
      }
    });

    describe('failures', () => {
      for (const [from, to] of migrationArcs(supports)) {
        const arc = arcName(from, to);
        test(`[102] a failure on ${arc} is told, and the state is one that can be`, async (t) => {
          const { access } = await t.open(failingArc(ops, { arc, code: 'EIO' }));
          await enterState(access, from);
          await refused('EIO', () => setMigrationState(access, to));
          expect([from, 'ERROR']).toContain(await getMigrationState(access));
        });
      }

      for (const to of states) {
        const path = expectedPath('RUNNING', to, supports) ?? [];
        const hops: readonly MigrationState[] = ['RUNNING', ...path];
        hops.slice(1).forEach((hop, i) => {
          const from = hops[i] ?? 'RUNNING';
          test(`[102] on the way to ${to}, a failure on ${arcName(from, hop)} ends it there`, async (t) => {
            const fault = { arc: arcName(from, hop), code: 'ENOMEM' } as const;
            const { access } = await t.open(failingArc(ops, fault));
            await refused('ENOMEM', () => setMigrationState(access, to));
            const state = await getMigrationState(access);
            expect([...hops.slice(0, i + 1), 'ERROR']).toContain(state);
            if (!SAVING.has(state)) await expectNoStream(access);
          });
        });
      }

      test('[102] a device in ERROR goes nowhere by itself, and is out of it when reopened', async (t) => {
        const arc = arcName('STOP', 'STOP_COPY');
        const fault = { arc, code: 'EIO', intoError: true } as const;
        const { access, session, vdev } = await t.open(failingArc(ops, fault));
        await refused('EIO', () => setMigrationState(access, 'STOP_COPY'));
        expect(await getMigrationState(access)).toBe('ERROR');
        for (const state of MIGRATION_STATES) {
          await refused('EINVAL', () => setMigrationState(access, state));
        }
        await expectNoStream(access);
        if (ops.openDevice === undefined) return;
        await session.close();
        const again = await t.connect(vdev);
        expect(await getMigrationState(again.access)).toBe('RUNNING');
      });

      if (supports.reset) {
        test('[85] a reset takes a device out of ERROR', async (t) => {
          const arc = arcName('STOP', 'STOP_COPY');
          const { access } = await t.open(failingArc(ops, { arc, code: 'EIO', intoError: true }));
          await refused('EIO', () => setMigrationState(access, 'STOP_COPY'));
          await access.reset();
          expect(await getMigrationState(access)).toBe('RUNNING');
        });

        for (const state of states) {
          test(`[85] a reset in ${state} ends the session, and the device runs`, async (t) => {
            const { access, device } = await t.open();
            const { snapshot, mutate } = hooksOf(harness);
            const initial = snapshot?.(device);
            mutate?.(device);
            await enterState(access, state);
            await access.reset();
            expect(await getMigrationState(access)).toBe('RUNNING');
            await expectNoStream(access);
            expectBytes(snapshot?.(device), initial);
          });
        }
      }
    });

    describe('streams', () => {
      for (const state of states) {
        const reads = SAVING.has(state);
        const writes = state === 'RESUMING';
        const what = reads ? 'is read' : writes ? 'is written' : 'does not exist';
        test(`[103] in ${state} the stream ${what}`, async (t) => {
          const { access } = await t.open();
          await setMigrationState(access, state);
          if (reads) expect((await readStream(access)).length).toBeGreaterThanOrEqual(0);
          else await refused('EINVAL', () => access.readMigrationData(new Uint8Array(4)));
          if (!writes) {
            await refused('EINVAL', () => access.writeMigrationData(new Uint8Array(4)));
          }
        });
      }

      for (const [from, to] of migrationArcs(supports)) {
        const ends = from === 'RESUMING' || (SAVING.has(from) && !SAVING.has(to));
        if (!ends) continue;
        test(`[103] after ${arcName(from, to)} the stream is dead`, async (t) => {
          const { access } = await t.open();
          await enterState(access, from);
          await setMigrationState(access, to);
          await expectNoStream(access);
          expect(t.core.leaks().filter(({ kind }) => kind === 'migration-stream')).toEqual([]);
        });
      }

      test('[103] the stream ends, and stays at its end', async (t) => {
        const { access } = await t.open();
        await setMigrationState(access, 'STOP_COPY');
        expect((await readStream(access)).length).toBeGreaterThan(0);
        for (let i = 0; i < 3; i++) {
          expect(await access.readMigrationData(new Uint8Array(16))).toBe(0);
        }
      });

      test('[103] each session has a whole stream of its own', async (t) => {
        const { access } = await t.open();
        await setMigrationState(access, 'STOP_COPY');
        const whole = await readStream(access);
        await setMigrationState(access, 'STOP');
        await setMigrationState(access, 'STOP_COPY');
        expect(await access.readMigrationData(new Uint8Array(8))).toBeGreaterThan(0);
        await setMigrationState(access, 'STOP');
        await setMigrationState(access, 'STOP_COPY');
        expect((await readStream(access)).length).toBe(whole.length);
      });

      test('[103] the state does not show a descriptor while there is a stream', async (t) => {
        const { access } = await t.open();
        await setMigrationState(access, 'STOP_COPY');
        const data = await access.feature({ flags: GET_STATE, argsz: 16 });
        expect(decodeMigState(data).dataFd).toBe(-1);
      });
    });
  });
}

/** There is neither data to read nor to write. */
async function expectNoStream(access: VfioAccess): Promise<void> {
  await refused(['EINVAL', 'ENODEV'], () => access.readMigrationData(new Uint8Array(4)));
  await refused(['EINVAL', 'ENODEV'], () => access.writeMigrationData(new Uint8Array(4)));
}
