import { referenceHarness } from '@vfio-ts/conformance/reference-device';
import { describe, expect, test } from 'vitest';
import type { ClientCase } from './client-case.ts';
import { ClientTarget } from './client-target.ts';
import { corpus } from './corpus.ts';
import { SERVED } from './fuzz-server.ts';
import { pairMedium, socketMedium, type Medium } from './medium.ts';
import type { ServerCase } from './server-case.ts';
import { ServerTarget } from './server-target.ts';

describe.each(SERVED)('a server %s holds against', (_, medium, isBusy) => {
  test.each(corpus<ServerCase>('server'))('%s', async (_name, sample) => {
    await using target = new ServerTarget(medium(), referenceHarness, isBusy);
    expect(sample.about).not.toBe('');
    await expect(target.run(sample)).resolves.toBeGreaterThan(0);
  });
});

describe.each<[string, () => Medium]>([
  ['over a pair', pairMedium],
  ['over a socket', socketMedium],
])('a client %s holds against', (_, medium) => {
  test.each(corpus<ClientCase>('client'))('%s', async (_name, sample) => {
    await using target = new ClientTarget(medium());
    expect(sample.about).not.toBe('');
    await expect(target.run(sample)).resolves.toBeGreaterThan(0);
  });
});
