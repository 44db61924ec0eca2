// The fuzzer of servers, for any device that has a harness.

import type { DeviceUnderTest } from '@vfio-ts/conformance';
import { describe, expect, test } from 'vitest';
import { campaign, campaignTimeout } from './campaign.ts';
import { pairMedium, socketMedium, type Medium } from './medium.ts';
import { serverCase } from './server-arbitraries.ts';
import { ServerTarget } from './server-target.ts';

/** A way to serve a device: what its client talks over, and whether the device takes a turn to come to rest. */
export type Way = readonly [name: string, medium: () => Medium, isBusy: boolean];

/** All ways. */
export const SERVED: readonly Way[] = [
  ['over a pair', pairMedium, false],
  ['over a pair, its device slow to come to rest', pairMedium, true],
  ['over a socket', socketMedium, false],
];

/** The way that real clients take. */
export const OVER_A_SOCKET: readonly Way[] = SERVED.slice(-1);

/** Declares the tests that serve a device to hostile clients. */
export function fuzzServer<T extends object>(
  device: DeviceUnderTest<T>,
  ways: readonly Way[] = SERVED,
): void {
  describe(`a server of ${device.name} holds against any client`, () => {
    test.each(ways)('%s', { timeout: campaignTimeout() }, async (name, medium, isBusy) => {
      const target = (): ServerTarget<T> => new ServerTarget(medium(), device, isBusy);
      const run = campaign(`server of ${device.name} ${name}`, serverCase, target);
      await expect(run).resolves.toBeUndefined();
    });
  });
}
