import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BlitGuest, clip, copy, fastCopy, fill, FIRST, SECOND, type Place } from './blit-guest.ts';

const WIDTHS = { linear: 1, x: 512, y: 128 } as const;

/** Bits of a byte's place in a tile of the Yf layout, the lowest first. */
const YF = ['x', 'x', 'x', 'x', 'y', 'y', 'x', 'y', 'x', 'y', 'x', 'y'] as const;

function inYf(x: number, y: number): number {
  const left = { x, y };
  return YF.reduce((at, which, bit) => {
    const set = left[which] & 1;
    left[which] >>>= 1;
    return at | (set << bit);
  }, 0);
}

/** Where a byte of a surface is, as the manual has it. */
function offset({ pitch, tiling }: Omit<Place, 'address'>, x: number, y: number): number {
  if (tiling === 'x') {
    return Math.floor(y / 8) * 8 * pitch + Math.floor(x / 512) * 4096 + (y % 8) * 512 + (x % 512);
  }
  if (tiling === 'yf') {
    return Math.floor(y / 32) * 32 * pitch + Math.floor(x / 128) * 4096 + inYf(x % 128, y % 32);
  }
  if (tiling === 'y') {
    return (
      Math.floor(y / 32) * 32 * pitch +
      Math.floor(x / 128) * 4096 +
      Math.floor((x % 128) / 16) * 512 +
      (y % 32) * 16 +
      (x % 16)
    );
  }
  return y * pitch + x;
}

const box = fc.record({
  left: fc.integer({ min: 0, max: 20 }),
  top: fc.integer({ min: 0, max: 10 }),
  right: fc.integer({ min: 0, max: 60 }),
  bottom: fc.integer({ min: 0, max: 40 }),
});
const place = fc.record({
  tiling: fc.constantFrom('linear', 'x', 'y'),
  pitch: fc.constantFrom(512, 1024),
});
const depth = fc.constantFrom(1, 2, 4);
const rop = fc.oneof(fc.constantFrom(0xf0, 0xcc), fc.integer({ min: 0, max: 255 }));
const lanes = fc.constantFrom('all', 'rgb', 'alpha', 'none');

function laneOf(kind: string, depthOf: number, i: number): boolean {
  if (depthOf !== 4 || kind === 'all') return true;
  return kind === 'alpha' ? i === 3 : kind === 'rgb' && i < 3;
}

function bits(code: number, p: number, s: number, d: number): number {
  let result = 0;
  for (let i = 0; i < 8; i++) {
    const at = ((p >>> i) & 1) * 4 + ((s >>> i) & 1) * 2 + ((d >>> i) & 1);
    result |= ((code >>> at) & 1) << i;
  }
  return result;
}

/** As `toEqual`, which takes its time over so many bytes. */
function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

describe('XY_COLOR_BLT', () => {
  it('changes what the manual says and nothing else', () => {
    const guest = new BlitGuest();
    fc.assert(
      fc.property(
        fc.record({ box, to: place, depth, rop, lanes, color: fc.nat(0xffff_ffff) }),
        (blit) => {
          guest.refill();
          const expected = guest.contents(SECOND);
          for (let y = blit.box.top; y < blit.box.bottom; y++) {
            for (let x = blit.box.left; x < blit.box.right; x++) {
              for (let i = 0; i < blit.depth; i++) {
                if (!laneOf(blit.lanes, blit.depth, i)) continue;
                const at = offset(blit.to, x * blit.depth + i, y);
                const pattern = (blit.color >>> (i * 8)) & 0xff;
                expected[at] = bits(blit.rop, pattern, 0, expected[at] ?? 0);
              }
            }
          }
          guest.blit(fill({ ...blit, to: { ...blit.to, address: SECOND } }));
          expect(isSame(guest.contents(SECOND), expected)).toBe(true);
        },
      ),
      { numRuns: 100 },
    );
  });

  it('draws inside the clip only', () => {
    const guest = new BlitGuest();
    const before = guest.contents(FIRST);
    guest.blit(
      clip({ left: 2, top: 1, right: 4, bottom: 3 }),
      fill({
        to: { address: FIRST, pitch: 64, tiling: 'linear' },
        box: { left: -5, top: -5, right: 50, bottom: 50 },
        depth: 1,
        color: 0xee,
        isClipped: true,
      }),
    );
    const expected = before.slice();
    for (const at of [66, 67, 130, 131]) expected[at] = 0xee;
    expect(guest.contents(FIRST)).toEqual(expected);
  });

  it('follows a pitch that goes up', () => {
    const guest = new BlitGuest();
    const expected = guest.contents(FIRST);
    for (const at of [4096, 4096 - 256, 4096 - 512]) expected.fill(0x5a, at, at + 8);
    guest.blit(
      fill({
        to: { address: FIRST + 4096, pitch: -256, tiling: 'linear' },
        box: { left: 0, top: 0, right: 8, bottom: 3 },
        depth: 1,
        color: 0x5a,
      }),
    );
    expect(guest.contents(FIRST)).toEqual(expected);
  });

  it('fills more than a slice can do', () => {
    const guest = new BlitGuest(512);
    guest.blit(
      fill({
        to: { address: SECOND, pitch: 4096, tiling: 'linear' },
        box: { left: 0, top: 0, right: 1024, bottom: 512 },
        depth: 4,
        color: 0x1234_5678,
      }),
    );
    const words = new Uint32Array(guest.contents(SECOND).buffer);
    expect(words.every((word) => word === 0x1234_5678)).toBe(true);
  });

  it('drops what no table stands for', () => {
    const guest = new BlitGuest();
    guest.blit(
      fill({
        to: { address: FIRST - 64, pitch: 64, tiling: 'linear' },
        box: { left: 0, top: 0, right: 64, bottom: 2 },
        depth: 1,
        color: 0x77,
      }),
    );
    expect(guest.contents(FIRST).subarray(0, 65)).toEqual(
      Uint8Array.from({ length: 65 }, (_, i) => (i < 64 ? 0x77 : (64 * 7) & 0xff)),
    );
    expect(guest.vgpu.counters.faults).toBe(1);
  });
});

const copyBox = fc.record({
  left: fc.integer({ min: 0, max: 20 }),
  top: fc.integer({ min: 0, max: 10 }),
});

describe('XY_SRC_COPY_BLT', () => {
  it('changes what the manual says and nothing else', () => {
    const guest = new BlitGuest();
    fc.assert(
      fc.property(
        fc.record({ box, at: copyBox, to: place, from: place, depth, rop, lanes }),
        (blit) => {
          guest.refill();
          const source = guest.contents(FIRST);
          const expected = guest.contents(SECOND);
          for (let y = blit.box.top; y < blit.box.bottom; y++) {
            for (let x = blit.box.left; x < blit.box.right; x++) {
              for (let i = 0; i < blit.depth; i++) {
                if (!laneOf(blit.lanes, blit.depth, i)) continue;
                const column = (x - blit.box.left + blit.at.left) * blit.depth + i;
                const read = source[offset(blit.from, column, y - blit.box.top + blit.at.top)] ?? 0;
                const at = offset(blit.to, x * blit.depth + i, y);
                expected[at] = bits(blit.rop, 0, read, expected[at] ?? 0);
              }
            }
          }
          guest.blit(
            copy({
              ...blit,
              ...blit.at,
              to: { ...blit.to, address: SECOND },
              from: { ...blit.from, address: FIRST },
            }),
          );
          expect(isSame(guest.contents(SECOND), expected)).toBe(true);
        },
      ),
      { numRuns: 100 },
    );
  });
});

describe('a copy inside of a surface', () => {
  it.each([
    ['linear', 4, 3, 0, 0],
    ['linear', 0, 0, 4, 3],
    ['linear', 3, 0, 0, 0],
    ['linear', 0, 0, 3, 0],
    ['x', 7, 5, 2, 1],
    ['y', 2, 1, 7, 5],
  ] as const)('moves %s pixels to (%i, %i) from (%i, %i)', (tiling, left, top, x, y) => {
    const guest = new BlitGuest();
    const surface = { address: FIRST, pitch: WIDTHS[tiling] === 1 ? 64 : 512, tiling };
    const expected = guest.contents(FIRST);
    const before = expected.slice();
    for (let row = 0; row < 20; row++) {
      for (let column = 0; column < 30; column++) {
        expected[offset(surface, left + column, top + row)] =
          before[offset(surface, x + column, y + row)] ?? 0;
      }
    }
    const target = { left, top, right: left + 30, bottom: top + 20 };
    guest.blit(copy({ to: surface, from: surface, box: target, left: x, top: y, depth: 1 }));
    expect(guest.contents(FIRST)).toEqual(expected);
  });
});

describe('XY_FAST_COPY_BLT', () => {
  it('changes what the manual says and nothing else', () => {
    const guest = new BlitGuest();
    const wide = fc.constantFrom(1, 2, 4, 8, 16);
    const yf = fc.record({ tiling: fc.constant('yf'), pitch: fc.constant(1024) });
    const any = fc.oneof(
      fc.record({ box, at: copyBox, to: place, from: place, depth: wide }),
      fc.record({ box, at: copyBox, to: yf, from: place, depth: fc.constantFrom(2, 4) }),
      fc.record({ box, at: copyBox, to: place, from: yf, depth: fc.constantFrom(2, 4) }),
    );
    fc.assert(
      fc.property(any, (blit) => {
        guest.refill();
        const source = guest.contents(FIRST);
        const expected = guest.contents(SECOND);
        const { left, top, right, bottom } = blit.box;
        const width = Math.max(0, right - left) * blit.depth;
        for (let y = top; y < bottom; y++) {
          for (let i = 0; i < width; i++) {
            const from = offset(blit.from, blit.at.left * blit.depth + i, y - top + blit.at.top);
            expected[offset(blit.to, left * blit.depth + i, y)] = source[from] ?? 0;
          }
        }
        guest.blit(
          fastCopy({
            ...blit,
            ...blit.at,
            to: { ...blit.to, address: SECOND },
            from: { ...blit.from, address: FIRST },
          }),
        );
        expect(isSame(guest.contents(SECOND), expected)).toBe(true);
      }),
      { numRuns: 100 },
    );
  });
});
