import { describe, expect, test } from 'vitest';
import { campaign, campaignTimeout } from './campaign.ts';
import { clientCase } from './client-arbitraries.ts';
import { ClientTarget } from './client-target.ts';
import { pairMedium, socketMedium, type Medium } from './medium.ts';

describe('a client holds against any server', () => {
  test.each<[string, () => Medium]>([
    ['over a pair', pairMedium],
    ['over a socket', socketMedium],
  ])('%s', { timeout: campaignTimeout() }, async (name, medium) => {
    const run = campaign(`client ${name}`, clientCase, () => new ClientTarget(medium()));
    await expect(run).resolves.toBeUndefined();
  });
});
