import { conformance } from '@vfio-ts/conformance';
import { referenceHarness } from '@vfio-ts/conformance/reference-device';
import { describe, expect, test } from 'vitest';
import { overTheWire } from '../../src/testing.ts';
import { campaign, campaignTimeout } from './campaign.ts';
import { pairMedium, socketMedium, type Medium } from './medium.ts';
import { serverCase } from './server-arbitraries.ts';
import { ServerTarget } from './server-target.ts';

describe('a server holds against any client', () => {
  test.each<[string, () => Medium, boolean]>([
    ['over a pair', pairMedium, false],
    ['over a pair, its device slow to come to rest', pairMedium, true],
    ['over a socket', socketMedium, false],
  ])('%s', { timeout: campaignTimeout() }, async (name, medium, isBusy) => {
    const run = campaign(`server ${name}`, serverCase, () => new ServerTarget(medium(), isBusy));
    await expect(run).resolves.toBeUndefined();
  });
});

// In this process, after millions of messages, as good as in a fresh one.
describe('after all that', () => {
  const only = ['info', 'reset', 'DMA access', 'migration data'];
  const isLong = process.env['VFIO_TS_FUZZ'] !== undefined;
  conformance(overTheWire(referenceHarness), isLong ? {} : { only });
});
