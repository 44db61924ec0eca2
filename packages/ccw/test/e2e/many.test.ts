import { expect, test } from 'vitest';
import { noOperation } from '../../src/client/index.ts';
import { readBlocks, writeBlocks } from './linux-chains.ts';
import { NORMAL, pattern, runs, ServedDasds, volume } from './served.ts';

const DASDS = 64;

test('one process serves 64 DASDs that all work at once', { timeout: 120_000 }, async () => {
  const images: string[] = [];
  for (let i = 0; i < DASDS; i++) images.push(await volume({ model: 2, serial: `VOL${i}` }));
  await using served = await ServedDasds.open(images);
  const written = served.clients.map(async (client, i) => {
    for (let round = 0; round < 4; round++) {
      const blocks = Array.from({ length: 8 }, (_, n) => pattern(4096, i * 64 + round * 8 + n));
      await runs(client, writeBlocks(24 + 8 * round, blocks));
    }
  });
  await Promise.all(written);
  const read = served.clients.map((client) => runs(client, readBlocks(24, 32)));
  for (const [i, blocks] of (await Promise.all(read)).entries()) {
    expect(blocks.every((block, n) => Buffer.compare(block, pattern(4096, i * 64 + n)) === 0)).toBe(
      true,
    );
  }
});

test('chains of 256 CCWs, one behind the other on several devices, stall nobody', async () => {
  const images = [
    await volume({ model: 2 }),
    await volume({ model: 2 }),
    await volume({ model: 2 }),
  ];
  await using served = await ServedDasds.open(images);
  const [first, second, small] = served.clients;
  if (first === undefined || second === undefined || small === undefined) throw new Error('few');
  const longest = [...readBlocks(24, 254)];
  expect(longest).toHaveLength(256);
  const ends: string[] = [];
  const queue = async (name: string, client: typeof first): Promise<void> => {
    for (let i = 0; i < 20; i++) {
      expect(await runs(client, longest)).toHaveLength(254);
      ends.push(name);
    }
  };
  const others = async (): Promise<void> => {
    for (let i = 0; i < 20; i++) {
      const { irb } = await small.run([noOperation()]);
      expect(irb.scsw.deviceStatus).toBe(NORMAL);
      ends.push('small');
    }
  };
  await Promise.all([queue('first', first), queue('second', second), others()]);
  // None has waited for the end of another's queue.
  expect(ends.indexOf('second')).toBeLessThan(10);
  expect(ends.lastIndexOf('small')).toBeLessThan(ends.lastIndexOf('first'));
  expect(ends).toHaveLength(60);
});
