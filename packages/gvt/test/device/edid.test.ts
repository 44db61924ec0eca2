// The block as drivers decode it (VESA E-EDID A2).

import { describe, expect, test } from 'vitest';
import { isEdidBlock, monitorEdid } from '../../src/device/edid.ts';
import { errno } from './support.ts';

interface Mode {
  readonly width: number;
  readonly height: number;
  readonly clock: number;
  readonly hTotal: number;
  readonly vTotal: number;
}

function preferred(block: Uint8Array): Mode {
  const at = (offset: number): number => block[54 + offset] ?? 0;
  const width = at(2) | ((at(4) >> 4) << 8);
  const height = at(5) | ((at(7) >> 4) << 8);
  return {
    width,
    height,
    clock: (at(0) | (at(1) << 8)) * 10,
    hTotal: width + (at(3) | ((at(4) & 15) << 8)),
    vTotal: height + (at(6) | ((at(7) & 15) << 8)),
  };
}

/** Modes of the standard timings. */
function standard(block: Uint8Array): string[] {
  const modes: string[] = [];
  for (let at = 38; at < 54; at += 2) {
    const [first = 0, second = 0] = block.subarray(at, at + 2);
    if (first === 1 && second === 1) continue;
    const width = (first + 31) * 8;
    const ratio = [10 / 16, 3 / 4, 4 / 5, 9 / 16][second >> 6] ?? 0;
    modes.push(`${width}x${width * ratio}@${(second & 63) + 60}`);
  }
  return modes;
}

describe('the preferred timing', () => {
  test.each([
    [640, 480, 25_170, 800, 525],
    [800, 600, 40_000, 1056, 628],
    [1024, 768, 65_000, 1344, 806],
    [1280, 720, 64_000, 1440, 741],
    [1280, 1024, 91_000, 1440, 1054],
    [1920, 1080, 138_500, 2080, 1111],
    [1920, 1200, 154_000, 2080, 1235],
  ])('of %dx%d is that of VESA', (width, height, clock, hTotal, vTotal) => {
    expect(preferred(monitorEdid({ width, height }))).toEqual({
      width,
      height,
      clock,
      hTotal,
      vTotal,
    });
  });

  test.each([
    [632, 480],
    [640, 472],
    [1028, 768],
    [1024, 768.5],
    [2560, 1600],
    [4096, 2304],
    [Number.NaN, 768],
  ])('of %dx%d does not exist', (width, height) => {
    expect(() => monitorEdid({ width, height })).toThrow(errno('EINVAL'));
  });
});

test('a block is valid, of version 1.3, and of a digital monitor', () => {
  const block = monitorEdid({ width: 1024, height: 768 });
  expect(isEdidBlock(block)).toBe(true);
  expect([...block.subarray(18, 21)]).toEqual([1, 3, 0x81]);
  expect(block[126]).toBe(0);
});

test('smaller modes are offered, larger ones are not', () => {
  const block = monitorEdid({ width: 1280, height: 1024 });
  expect([...block.subarray(35, 38)]).toEqual([0x21, 0x08, 0]);
  expect(standard(block)).toEqual(['1280x720@60', '1280x800@60', '1280x1024@60']);
  expect([...monitorEdid({ width: 800, height: 600 }).subarray(35, 38)]).toEqual([0x21, 0, 0]);
});

describe('a block is none', () => {
  const block = monitorEdid({ width: 1024, height: 768 });
  /** With the sum right again. */
  function changed(offset: number, value: number): Uint8Array {
    const copy = block.slice();
    copy[127] = (copy[127] ?? 0) + (copy[offset] ?? 0) - value;
    copy[offset] = value;
    return copy;
  }
  test.each([
    ['with another header', changed(0, 1)],
    ['with another version', changed(18, 2)],
    ['with a wrong sum', block.with(127, (block[127] ?? 0) ^ 1)],
    ['that is short', block.slice(0, 127)],
    ['of zeros', new Uint8Array(128)],
  ])('%s', (_, bytes) => {
    expect(isEdidBlock(bytes)).toBe(false);
  });

  test('with another revision it still is one', () => {
    expect(isEdidBlock(changed(19, 4))).toBe(true);
  });
});
