import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeRecord, TelnetParser } from '../../src/terminal/telnet.ts';

/** What a parser has heard, in pieces of any size. */
function parsed(bytes: Uint8Array, pieceSize: number = bytes.length, limit = 1000): unknown[] {
  const heard: unknown[] = [];
  const parser = new TelnetParser(
    {
      option: (verb, option) => heard.push(['option', verb, option]),
      subnegotiation: (sub) => heard.push(['sub', ...sub]),
      record: (record) => heard.push(['record', ...record]),
    },
    limit,
  );
  for (let at = 0; at < bytes.length; at += Math.max(1, pieceSize)) {
    parser.push(bytes.subarray(at, at + Math.max(1, pieceSize)));
  }
  return heard;
}

describe('a stream of telnet', () => {
  test('is options, subnegotiations and records', () => {
    // oxfmt-ignore
    const bytes = Uint8Array.of(
      255, 251, 24, // WILL TERMINAL-TYPE
      255, 250, 24, 0, 0x49, 255, 255, 255, 240,
      1, 255, 255, 2, 255, 239,
    );
    for (const size of [1, 2, 100]) {
      expect(parsed(bytes, size)).toEqual([
        ['option', 251, 24],
        ['sub', 24, 0, 0x49, 255],
        ['record', 1, 255, 2],
      ]);
    }
  });

  test('carries any record', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.integer({ min: 1, max: 9 }), (bytes, n) => {
        expect(parsed(encodeRecord(bytes), n)).toEqual([['record', ...bytes]]);
      }),
    );
  });

  test('is taken apart whatever it is, and what is too long is dropped', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        for (const heard of parsed(bytes, 7, 16)) expect(heard).toHaveProperty('length');
      }),
    );
    expect(parsed(encodeRecord(new Uint8Array(40)), 40, 16)[0]).toHaveLength(17);
  });
});
