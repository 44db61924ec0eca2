import { deflateSync, inflateSync } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { plainDeflate } from '../../src/encode/plain-deflate.ts';
import { PlainInflate } from '../../src/page/web/plain-inflate.ts';

/** Rows of one length, of which some are as the one above. */
const someRows = fc
  .integer({ min: 3, max: 2049 })
  .chain((length) =>
    fc.record({
      length: fc.constant(length),
      kinds: fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 200 }),
      seed: fc.integer(),
    }),
  )
  .map(({ length, kinds, seed }) => {
    const rows = Buffer.alloc(length * kinds.length);
    for (const [y, kind] of kinds.entries()) {
      const at = y * length;
      if (kind > 0 && y > 0) rows.copyWithin(at, at - length, at);
      else for (let i = at; i < at + length; i++) rows[i] = Math.imul(i ^ seed, 0x9e37_79b1) >>> 24;
    }
    return { length, rows };
  });

/** What the page makes of a stream; `undefined` where it leaves it to the browser. */
function read(stream: Uint8Array, rowLength: number): Buffer | undefined {
  const inflate = new PlainInflate(stream, rowLength);
  const rows: Uint8Array[] = [];
  for (let block = inflate.next(); block !== undefined; block = inflate.next()) {
    if (block.bytes !== undefined) rows.push(block.bytes);
    else
      for (let i = 0; i < block.rows; i++)
        rows.push(rows.at(-1)?.subarray(-rowLength) ?? Buffer.alloc(0));
  }
  return inflate.isOver ? Buffer.concat(rows) : undefined;
}

test('rows are what zlib makes of their stream', () => {
  fc.assert(
    fc.property(someRows, ({ length, rows }) => {
      expect(Buffer.compare(inflateSync(plainDeflate(rows, length)), rows)).toBe(0);
    }),
  );
});

test('rows are what the page makes of their stream', () => {
  fc.assert(
    fc.property(someRows, ({ length, rows }) => {
      expect(read(plainDeflate(rows, length), length)?.compare(rows)).toBe(0);
    }),
  );
});

test('rows that repeat the one above cost next to nothing', () => {
  const rows = Buffer.alloc(1921 * 100, 7);
  expect(plainDeflate(rows, 1921).length).toBeLessThan(rows.length / 40);
});

test.each([
  [
    'of another compression',
    deflateSync(Buffer.from('rows of words, and of words again'.repeat(9))),
  ],
  ['with references within a row', deflateSync(Buffer.alloc(90, 7))],
  ['that is cut off', plainDeflate(Buffer.alloc(90, 7), 9).subarray(0, -6)],
  ['of nothing', new Uint8Array(0)],
])('the page leaves a stream %s to the browser', (_name, stream) => {
  expect(read(stream, 9)).toBeUndefined();
});
