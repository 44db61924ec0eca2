// VFIO_DEVICE_FEATURE: what all features have in common.

/* oxlint-disable no-await-in-loop -- a guest does one thing after the other */

import {
  getMigrationState,
  VFIO_DEVICE_FEATURE_DMA_LOGGING_REPORT,
  VFIO_DEVICE_FEATURE_DMA_LOGGING_START,
  VFIO_DEVICE_FEATURE_DMA_LOGGING_STOP,
  VFIO_DEVICE_FEATURE_GET,
  VFIO_DEVICE_FEATURE_MIG_DATA_SIZE,
  VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE,
  VFIO_DEVICE_FEATURE_MIGRATION,
  VFIO_DEVICE_FEATURE_PROBE,
  VFIO_DEVICE_FEATURE_SET,
} from '@vfio-ts/core';
import { expect } from 'vitest';
import { refused } from '../assert.ts';
import type { DeviceHarness } from '../harness.ts';
import { expectBytes } from '../probe/bytes.ts';
import { hooksOf } from '../probe/hooks.ts';
import { declareSuite, type SuiteOptions } from '../suite.ts';

const GET = VFIO_DEVICE_FEATURE_GET;
const SET = VFIO_DEVICE_FEATURE_SET;
const PROBE = VFIO_DEVICE_FEATURE_PROBE;
/** Of no kernel so far. */
const UNKNOWN = 0xfff0;

const FEATURES = [
  ['MIGRATION', VFIO_DEVICE_FEATURE_MIGRATION, GET, 'migration'],
  ['MIG_DEVICE_STATE', VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE, GET | SET, 'migration'],
  ['MIG_DATA_SIZE', VFIO_DEVICE_FEATURE_MIG_DATA_SIZE, GET, 'migration'],
  ['DMA_LOGGING_START', VFIO_DEVICE_FEATURE_DMA_LOGGING_START, SET, 'log'],
  ['DMA_LOGGING_STOP', VFIO_DEVICE_FEATURE_DMA_LOGGING_STOP, SET, 'log'],
  ['DMA_LOGGING_REPORT', VFIO_DEVICE_FEATURE_DMA_LOGGING_REPORT, GET, 'log'],
] as const;

/** Statements 96 and 97. */
export function featureSuite<T extends object>(
  harness: DeviceHarness<T>,
  options: SuiteOptions = {},
): void {
  declareSuite('features', harness, options, ({ test }) => {
    const { supports } = harness;
    const { snapshot } = hooksOf(harness);
    const [, any] = FEATURES.find(([, , , need]) => supports[need]) ?? ['', UNKNOWN];

    for (const argsz of [0, 7]) {
      test(`[96] argsz ${argsz} is refused`, async (t) => {
        const { access } = await t.open();
        await refused('EINVAL', () => access.feature({ flags: any | GET, argsz }));
      });
    }

    for (const [what, flags] of [
      ['unknown flag bit 19', GET | (1 << 19)],
      ['unknown flag bit 31', GET + 2 ** 31],
      ['GET and SET at once', GET | SET],
    ] as const) {
      test(`[96] ${what} is refused`, async (t) => {
        const { access } = await t.open();
        const data = new Uint8Array(24);
        await refused('EINVAL', () => access.feature({ flags: any + flags, data }));
      });
    }

    test('[96] neither GET nor SET nor PROBE is refused', async (t) => {
      const { access } = await t.open();
      const data = new Uint8Array(24);
      for (const [, feature, , need] of FEATURES) {
        if (supports[need]) await refused('EINVAL', () => access.feature({ flags: feature, data }));
      }
      await refused(['EINVAL', 'ENOTTY'], () => access.feature({ flags: UNKNOWN, data }));
    });

    for (const [what, flags] of [
      ['got', GET],
      ['set', SET],
      ['probed', GET | PROBE],
    ] as const) {
      test(`[97] an unknown feature cannot be ${what}`, async (t) => {
        const { access } = await t.open();
        const data = new Uint8Array(24);
        await refused(['ENOTTY', 'EINVAL'], () => access.feature({ flags: UNKNOWN | flags, data }));
      });
    }

    for (const [name, feature, ops, need] of FEATURES) {
      if (!supports[need]) {
        test(`[97] a device without ${name} says so when probed`, async (t) => {
          const { access } = await t.open();
          await refused('ENOTTY', () => access.feature({ flags: feature | ops | PROBE }));
        });
        continue;
      }

      for (const op of [GET, SET]) {
        const verb = op === GET ? 'GET' : 'SET';
        if ((ops & op) === 0) {
          test(`[97] ${name} has no ${verb}`, async (t) => {
            const { access } = await t.open();
            const data = new Uint8Array(24);
            await refused('EINVAL', () => access.feature({ flags: feature | op | PROBE }));
            await refused('EINVAL', () => access.feature({ flags: feature | op, data }));
          });
          continue;
        }
        test(`[97] a probe of ${name} for ${verb} is answered and does nothing`, async (t) => {
          const { access, device } = await t.open();
          const before = snapshot?.(device);
          // Data that a SET would refuse or act on: a probe does not look at it.
          for (const data of [new Uint8Array(0), new Uint8Array(24).fill(1)]) {
            await access.feature({ flags: feature | op | PROBE, data });
          }
          expectBytes(snapshot?.(device), before);
          if (supports.migration) expect(await getMigrationState(access)).toBe('RUNNING');
        });
      }
    }
  });
}
