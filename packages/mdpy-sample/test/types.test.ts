import { expect, test } from 'vitest';
import {
  MDPY_HD,
  MDPY_TYPES,
  MDPY_VGA,
  MDPY_XGA,
  mdpyMemorySize,
  mdpyStride,
} from '../src/index.ts';

test.each([
  ['vga', MDPY_VGA, 640, 480, 2560, 0x20_0000],
  ['xga', MDPY_XGA, 1024, 768, 4096, 0x40_0000],
  ['hd', MDPY_HD, 1920, 1080, 7680, 0x80_0000],
] as const)('%s has its size', (name, type, ...sizes) => {
  expect(type.sysfsName).toBe(name);
  const { width, height } = type;
  expect([width, height, mdpyStride(type), mdpyMemorySize(type)]).toEqual(sizes);
});

test('the types are offered smallest first', () => {
  expect(MDPY_TYPES).toEqual([MDPY_VGA, MDPY_XGA, MDPY_HD]);
});

test('a picture whose size is a power of two gets no more memory than that', () => {
  expect(mdpyMemorySize({ sysfsName: 'square', width: 1024, height: 1024 })).toBe(0x40_0000);
});
