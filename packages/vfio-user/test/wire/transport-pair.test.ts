import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { VfioError } from '@vfio-ts/core';
import type { Fd } from '../../src/fd.ts';
import { createTransportPair, type TransportPair } from '../../src/transport-pair.ts';
import type { FrameBuffer, FrameHandler } from '../../src/transport.ts';
import { FdTable } from './support/fake-fd.ts';
import { bytesOf } from './support/payloads.ts';

class Notes implements FrameHandler {
  readonly frames: { readonly bytes: Uint8Array; readonly fds: number }[] = [];
  readonly malformedSizes: number[] = [];
  readonly ends: (VfioError | undefined)[] = [];
  onFrame: () => void = () => undefined;

  frame({ bytes }: FrameBuffer, length: number, fds: readonly Fd[]): void {
    this.frames.push({ bytes: bytes.slice(0, length), fds: fds.length });
    for (const fd of fds) fd.close();
    this.onFrame();
  }

  malformed({ view }: FrameBuffer, fds: readonly Fd[]): void {
    this.malformedSizes.push(view.getUint32(4, true));
    for (const fd of fds) fd.close();
  }

  closed(error?: VfioError): void {
    this.ends.push(error);
  }
}

const message = (payload: number): Uint8Array =>
  bytesOf(1, 16 + payload, 0, 0, new Uint8Array(payload).fill(payload));

function pair(maxMessageSize = 64): { pair: TransportPair; near: Notes; far: Notes } {
  const made = createTransportPair({ maxMessageSize, delivery: 'manual' });
  const near = new Notes();
  const far = new Notes();
  made.ends[0].start(near);
  made.ends[1].start(far);
  return { pair: made, near, far };
}

describe('a pair of transports', () => {
  test('puts messages together from pieces of any length', () => {
    const messages = [3, 0, 48, 1].map(message);
    const stream = bytesOf(...messages);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 20 }), (lengths) => {
        const it = pair();
        let rest = stream;
        for (const length of [...lengths, stream.length]) {
          if (rest.length === 0) break;
          it.pair.ends[0].send(rest, Math.min(length, rest.length));
          rest = rest.subarray(length);
        }
        it.pair.pump();
        expect(it.far.frames.map(({ bytes }) => bytes)).toEqual(messages);
      }),
    );
  });

  test('duplicates descriptors on their way, which belong to the message they came with', () => {
    const it = pair();
    const table = new FdTable();
    using fd = table.eventfd();
    it.pair.ends[0].send(message(0), 16);
    it.pair.ends[0].send(message(1), 17, [fd, fd]);
    expect(table.openCount).toBe(3);
    it.pair.pump();
    expect(it.far.frames.map(({ fds }) => fds)).toEqual([0, 2]);
    expect(table.openCount).toBe(1);
  });

  test('delivers by itself when it was not told otherwise', async () => {
    const { ends } = createTransportPair();
    const far = new Notes();
    ends[0].send(message(0), 16);
    ends[1].start(far);
    await Promise.resolve();
    expect(far.frames).toHaveLength(1);
  });

  test('tells how many bytes wait, and keeps them while the reader pauses', () => {
    const it = pair();
    it.pair.ends[1].pause(true);
    it.pair.ends[0].send(message(4), 20);
    it.pair.pump();
    expect([it.pair.ends[0].queuedBytes, it.far.frames.length]).toEqual([20, 0]);
    it.pair.ends[1].pause(false);
    it.pair.pump();
    expect([it.pair.ends[0].queuedBytes, it.far.frames.length]).toEqual([0, 1]);
  });

  test('that is paused by the handler of a message keeps the next', () => {
    const it = pair();
    it.far.onFrame = () => it.pair.ends[1].pause(true);
    it.pair.ends[0].send(bytesOf(message(0), message(1)), 33);
    it.pair.pump();
    expect(it.far.frames).toHaveLength(1);
    it.pair.ends[1].pause(false);
    it.pair.pump();
    expect(it.far.frames).toHaveLength(2);
  });

  test.each([15, 65])('ends at a message of %i bytes', (size) => {
    const it = pair();
    const table = new FdTable();
    using fd = table.eventfd();
    it.pair.ends[0].send(bytesOf(1, size, 0, 0), 16, [fd]);
    it.pair.pump();
    expect(it.far.malformedSizes).toEqual([size]);
    expect(it.far.ends).toMatchObject([{ code: 'EPROTO' }]);
    expect(it.near.ends).toEqual([undefined]);
    expect(table.openCount).toBe(1);
  });

  test('ends without an error between messages, after what was sent before', () => {
    const it = pair();
    it.pair.ends[0].send(message(0), 16);
    it.pair.ends[0].close();
    it.pair.pump();
    expect(it.far.frames).toHaveLength(1);
    expect([it.near.ends, it.far.ends]).toEqual([[undefined], [undefined]]);
  });

  test('ends with ECONNRESET inside a message', () => {
    const it = pair();
    const table = new FdTable();
    using fd = table.eventfd();
    it.pair.ends[0].send(message(4), 18, [fd]);
    it.pair.ends[0].close();
    it.pair.pump();
    expect(it.far.ends).toMatchObject([{ code: 'ECONNRESET' }]);
    expect(table.openCount).toBe(1);
  });

  test('calls closed once, before close returns, with the error it was given', () => {
    const it = pair();
    const error = new VfioError('EPIPE', 'test', 'enough');
    it.pair.ends[0].close(error);
    expect(it.near.ends).toEqual([error]);
    it.pair.ends[0].close();
    it.pair.pump();
    expect([it.near.ends.length, it.far.ends.length]).toEqual([1, 1]);
  });

  test('closes descriptors that nobody received', () => {
    const it = pair();
    const table = new FdTable();
    using fd = table.eventfd();
    it.pair.ends[0].send(message(0), 16, [fd]);
    it.pair.ends[1].close();
    expect(table.openCount).toBe(1);
  });

  test.each([0, 1])('throws ENOTCONN on a send once end %i is closed', (closer) => {
    const it = pair();
    it.pair.ends[closer === 0 ? 0 : 1].close();
    expect(() => it.pair.ends[0].send(message(0), 16)).toThrow(/^ENOTCONN/);
  });
});
