import { crc32 as zlibCrc32 } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  MAX_CHUNK_SIZE,
  MigrationStreamReader,
  MigrationStreamWriter,
  type StreamIdentity,
} from '../../src/index.ts';
import { crc32 } from '../../src/migration/stream-checksum.ts';
import { withCode } from './fixture.ts';

const VGA: StreamIdentity = { type: 'mdpy-vga', version: 1 };

interface Chunk {
  readonly tag: number;
  readonly data: readonly number[];
}

const SAMPLE: readonly Chunk[] = [
  { tag: 1, data: [1, 2, 3, 4, 5] },
  { tag: 2, data: [] },
  { tag: 1, data: [1, 2, 3, 4, 5] },
  { tag: 0xffff_ffff, data: Array.from({ length: 40 }, (_, i) => i) },
];

function encode(chunks: readonly Chunk[], identity: StreamIdentity = VGA): Uint8Array {
  const writer = new MigrationStreamWriter(identity);
  for (const { tag, data } of chunks) writer.put(tag, Uint8Array.from(data));
  writer.end();
  return drain(writer);
}

function drain(writer: MigrationStreamWriter, chunk = 7): Uint8Array {
  const bytes: number[] = [];
  for (;;) {
    const into = new Uint8Array(chunk);
    const count = writer.read(into);
    if (count === 0) return Uint8Array.from(bytes);
    bytes.push(...into.subarray(0, count));
  }
}

/** Reads a stream whole, in pieces. */
function decode(bytes: Uint8Array, pieces: readonly number[] = [], identity = VGA): Chunk[] {
  const found: Chunk[] = [];
  const reader = new MigrationStreamReader(identity, (tag, data) => {
    found.push({ tag, data: [...data] });
  });
  let at = 0;
  for (const length of pieces) {
    reader.write(bytes.subarray(at, at + length));
    at += length;
  }
  reader.write(bytes.subarray(at));
  reader.finish();
  return found;
}

/** Where the chunks of a stream begin, its end included. */
function chunkStarts(bytes: Uint8Array): number[] {
  const view = new DataView(bytes.buffer);
  const starts: number[] = [];
  for (let at = 24 + VGA.type.length; at < bytes.length; at += 12 + view.getUint32(at + 4, true)) {
    starts.push(at);
  }
  return starts;
}

test('the checksum is that of zlib, and goes on from one before', () => {
  const data = fc.uint8Array({ maxLength: 300 });
  fc.assert(
    fc.property(data, data, (a, b) => {
      expect(crc32(a)).toBe(zlibCrc32(a));
      expect(crc32(b, crc32(a))).toBe(zlibCrc32(b, zlibCrc32(a)));
    }),
  );
});

test('chunks come out as they were put, however the stream is cut', () => {
  const chunk = fc.record({
    tag: fc.integer({ min: 1, max: 0xffff_ffff }),
    data: fc.array(fc.integer({ min: 0, max: 255 }), { maxLength: 60 }),
  });
  const pieces = fc.array(fc.integer({ min: 0, max: 50 }));
  fc.assert(
    fc.property(fc.array(chunk, { maxLength: 8 }), pieces, (chunks, cuts) => {
      expect(decode(encode(chunks), cuts)).toEqual(chunks);
    }),
  );
});

test('the format is as documented', () => {
  const bytes = encode([{ tag: 5, data: [0xaa] }], { type: 'ab', version: 3 });
  const view = new DataView(bytes.buffer);
  expect(new TextDecoder().decode(bytes.subarray(0, 8))).toBe('VFIOTSMG');
  expect([8, 12, 16].map((at) => view.getUint32(at, true))).toEqual([1, 3, 2]);
  expect(new TextDecoder().decode(bytes.subarray(20, 22))).toBe('ab');
  expect(view.getUint32(22, true)).toBe(zlibCrc32(bytes.subarray(0, 22)));
  expect([26, 30].map((at) => view.getUint32(at, true))).toEqual([5, 1]);
  const checked = [bytes.subarray(0, 22), bytes.subarray(26, 34), bytes.subarray(38, 39)];
  expect(view.getUint32(34, true)).toBe(zlibCrc32(Buffer.concat(checked)));
  expect([39, 43].map((at) => view.getUint32(at, true))).toEqual([0, 0]);
  expect(bytes.length).toBe(51);
});

describe('a stream is refused', () => {
  const whole = encode(SAMPLE);

  test('with any byte changed', () => {
    for (let at = 0; at < whole.length; at++) {
      for (const bit of [0x01, 0x80]) {
        const wrong = whole.slice();
        wrong[at] = (wrong[at] ?? 0) ^ bit;
        expect(() => decode(wrong), `byte ${at}`).toThrow(withCode('EINVAL'));
      }
    }
  });

  test('cut off at any byte', () => {
    for (let length = 0; length < whole.length; length++) {
      expect(() => decode(whole.subarray(0, length)), `${length} bytes`).toThrow(
        withCode('EINVAL'),
      );
    }
  });

  test('with a chunk that is missing, double or moved', () => {
    const starts = chunkStarts(whole);
    const head = whole.subarray(0, starts[0]);
    const chunks = starts.map((start, i) => whole.subarray(start, starts[i + 1]));
    expect(decode(Buffer.concat([head, ...chunks]))).toEqual(SAMPLE);
    for (let i = 0; i < chunks.length - 1; i++) {
      const missing = chunks.toSpliced(i, 1);
      const double = chunks.toSpliced(i, 0, chunks[i] ?? head);
      const moved = chunks.toSpliced(i, 2, chunks[i + 1] ?? head, chunks[i] ?? head);
      for (const wrong of [missing, double, moved]) {
        expect(() => decode(Buffer.concat([head, ...wrong]))).toThrow(withCode('EINVAL'));
      }
    }
  });

  test.each([
    ['of another type', { type: 'mdpy-xga', version: 1 }],
    ['of a type that begins alike', { type: 'mdpy-vga2', version: 1 }],
    ['of another version', { type: 'mdpy-vga', version: 2 }],
  ])('%s', (_, identity) => {
    expect(() => decode(encode(SAMPLE, identity))).toThrow(withCode('EINVAL'));
  });

  test('that goes on behind its end', () => {
    expect(() => decode(Buffer.concat([whole, Uint8Array.of(0)]))).toThrow(withCode('EINVAL'));
  });

  test('before a chunk that claims more than a chunk may have is waited for', () => {
    const wrong = whole.slice();
    new DataView(wrong.buffer).setUint32((chunkStarts(whole)[0] ?? 0) + 4, 0xffff_ffff, true);
    const reader = new MigrationStreamReader(VGA, () => undefined);
    expect(() => reader.write(wrong)).toThrow(withCode('EINVAL'));
  });

  test('for good: what comes after is not looked at', () => {
    const reader = new MigrationStreamReader(VGA, () => {
      throw new RangeError('not this one');
    });
    expect(() => reader.write(whole)).toThrow(RangeError);
    expect(() => reader.write(new Uint8Array(1))).toThrow(withCode('EINVAL'));
    expect(() => reader.finish()).toThrow(withCode('EINVAL'));
  });
});

describe('a writer', () => {
  test('has a temporary end until it is ended, and then one for good', () => {
    const writer = new MigrationStreamWriter(VGA);
    const into = new Uint8Array(100);
    expect(writer.read(into)).toBe(32);
    expect(() => writer.read(into)).toThrow(withCode('ENOMSG'));
    writer.put(1, Uint8Array.of(1, 2));
    expect(writer.read(into)).toBe(14);
    expect(() => writer.read(into)).toThrow(withCode('ENOMSG'));
    writer.end();
    expect(writer.read(into)).toBe(12);
    expect([writer.read(into), writer.read(into)]).toEqual([0, 0]);
  });

  test('is refilled when it is empty, and reads are full until an end', () => {
    let left = 3;
    const writer = new MigrationStreamWriter(VGA, (out) => {
      expect(out.queued).toBe(0);
      if (left-- > 0) out.put(1, new Uint8Array(20));
    });
    const into = new Uint8Array(100);
    expect(writer.read(into)).toBe(100);
    expect(writer.read(into)).toBe(28);
    expect(() => writer.read(into)).toThrow(withCode('ENOMSG'));
  });

  test('tells of each temporary end, however fast it is refilled behind it', () => {
    let calls = 0;
    const writer = new MigrationStreamWriter(VGA, (out) => {
      if (calls++ % 2 === 0) out.put(1, new Uint8Array(20));
    });
    const into = new Uint8Array(1000);
    expect(writer.read(into)).toBe(64);
    for (let i = 0; i < 3; i++) {
      expect(() => writer.read(into)).toThrow(withCode('ENOMSG'));
      expect(writer.read(into)).toBe(32);
    }
  });

  test('copies what is put: a later change of it is not in the stream', () => {
    const writer = new MigrationStreamWriter(VGA);
    const data = Uint8Array.of(1, 2, 3);
    writer.put(1, data.subarray(0, 1), data.subarray(1));
    data.fill(9);
    writer.end();
    expect(decode(drain(writer))).toEqual([{ tag: 1, data: [1, 2, 3] }]);
  });

  test.each([0, -1, 2 ** 32, 1.5])('tag %s is EINVAL', (tag) => {
    expect(() => new MigrationStreamWriter(VGA).put(tag)).toThrow(withCode('EINVAL'));
  });

  test('a chunk that is too large is EINVAL, and the largest comes through', () => {
    const writer = new MigrationStreamWriter(VGA);
    expect(() => writer.put(1, new Uint8Array(MAX_CHUNK_SIZE), Uint8Array.of(1))).toThrow(
      withCode('EINVAL'),
    );
    writer.put(1, new Uint8Array(MAX_CHUNK_SIZE));
    writer.end();
    const into = new Uint8Array(MAX_CHUNK_SIZE + 100);
    const bytes = into.subarray(0, writer.read(into));
    const lengths: number[] = [];
    const reader = new MigrationStreamReader(VGA, (_, data) => lengths.push(data.length));
    reader.write(bytes);
    reader.finish();
    expect(lengths).toEqual([MAX_CHUNK_SIZE]);
  });

  test('nothing is put behind the end', () => {
    const writer = new MigrationStreamWriter(VGA);
    writer.end();
    expect(() => writer.put(1)).toThrow(withCode('EINVAL'));
    expect(() => writer.end()).toThrow(withCode('EINVAL'));
  });

  test.each([
    { type: '', version: 1 },
    { type: 'a'.repeat(65), version: 1 },
    { type: 'zoë', version: 1 },
    { type: 'a\n', version: 1 },
    { type: 'a', version: -1 },
    { type: 'a', version: 2 ** 32 },
    { type: 'a', version: 0.5 },
  ])('$type version $version is no identity: EINVAL', (identity) => {
    expect(() => new MigrationStreamWriter(identity)).toThrow(withCode('EINVAL'));
    expect(() => new MigrationStreamReader(identity, () => undefined)).toThrow(withCode('EINVAL'));
  });
});
