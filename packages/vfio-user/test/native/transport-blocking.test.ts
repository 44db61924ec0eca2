import { expect, test } from 'vitest';
import { BlockingTransport } from '../../src/transport-blocking.ts';
import { fdCensus, frame } from './support.ts';

test('bytes arrive whole', () => {
  using _ = fdCensus();
  const [a, b] = BlockingTransport.pair();
  const into = new Uint8Array(48);
  a.send(frame(48), 48);
  b.receive(into, 16);
  b.receive(into.subarray(16), 32);
  expect(into).toEqual(frame(48));
  a.close();
  b.close();
});

test('a peer that closes before all bytes came is ECONNRESET', () => {
  const [a, b] = BlockingTransport.pair();
  a.send(frame(48), 20);
  a.close();
  expect(() => b.receive(new Uint8Array(48), 48)).toThrow(
    expect.objectContaining({ code: 'ECONNRESET' }),
  );
  b.close();
});

test('sending to a peer that is gone is EPIPE and no signal', () => {
  const [a, b] = BlockingTransport.pair();
  b.close();
  expect(() => a.send(frame(48), 48)).toThrow(expect.objectContaining({ code: 'EPIPE' }));
  a.close();
});
