import { decodeEbcdic, TracingUnit, type TracedChain } from '@vfio-ts/ccw';
import { formatChain, input, output, type Chain } from '@vfio-ts/ccw/client';
import { expect, test } from 'vitest';
import { CardReader } from '../src/card-reader.ts';
import { openReader } from './reader-support.ts';

const READ = input(0x02, 80);

test('each command reads a card', async () => {
  const reader = new CardReader();
  await using served = await openReader(reader);
  const { client } = served;
  reader.load(['//HELLO JOB', '//STEP EXEC PGM=IEFBR14']);
  const chain: Chain = [input(0x02, 80), input(0x02, 80)];
  const { irb, data } = await client.run(chain);
  expect(irb.scsw.deviceStatus).toBe(0x0c);
  expect(data.map((card) => decodeEbcdic(card).trimEnd())).toEqual([
    '//HELLO JOB',
    '//STEP EXEC PGM=IEFBR14',
  ]);
});

test('behind the last card is the end of file, and then an empty hopper', async () => {
  const reader = new CardReader();
  await using served = await openReader(reader);
  reader.load(['ONE']);
  const { irb: atEnd, last } = await served.client.run([READ, READ]);
  expect([atEnd.scsw.deviceStatus, last]).toEqual([0x0d, 1]);
  const { irb } = await served.client.run([READ]);
  expect([irb.scsw.deviceStatus, irb.sense[0]]).toEqual([0x0e, 0x40]);
});

test('a new deck is told to the guest', async () => {
  const reader = new CardReader();
  await using served = await openReader(reader);
  const told = served.next();
  reader.load(['ONE']);
  expect(await told).toBe(0x04);
});

test.each([
  [0xe4, 7, 'ff282101254001'],
  [0x04, 1, '00'],
] as const)('command %i is answered with %i bytes', async (code, length, bytes) => {
  await using served = await openReader(new CardReader());
  const { data } = await served.client.run([input(code, length)]);
  expect(data[0]?.toHex()).toBe(bytes);
});

test('what a reader does not know is rejected, and Sense says so', async () => {
  await using served = await openReader(new CardReader());
  const { irb } = await served.client.run([output(0x01, new Uint8Array(80))]);
  expect([irb.scsw.deviceStatus, irb.sense[0]]).toEqual([0x0e, 0x80]);
  const { data } = await served.client.run([input(0x04, 1)]);
  expect(data[0]).toEqual(Uint8Array.of(0x80));
});

test('a trace says what the reader was asked', async () => {
  const reader = new CardReader();
  const chains: TracedChain[] = [];
  await using served = await openReader(new TracingUnit(reader, (chain) => chains.push(chain)));
  reader.load(['ONE']);
  await served.client.run([input(0xe4, 7), READ]);
  const lines = chains.flatMap((chain) => formatChain(chain));
  expect(lines[0]).toMatch(/^e4 Sense ID +7 {2}CE DE < ff282101 254001$/u);
  expect(lines[1]).toMatch(/^02 \? +80 {2}CE DE < d6d5c540/u);
});
