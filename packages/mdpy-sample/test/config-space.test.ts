import { describe, expect, test } from 'vitest';
import { MDPY_HD, MDPY_VGA, MDPY_XGA } from '../src/index.ts';
import { config32, errno, openMdpy, read, writeConfig32 } from './support.ts';

const CONFIG = 7;
const SIZE = 256;

/** Everything in the space of a vga that is not 0. */
const REGISTERS = [
  ['vendor and device', 0x00, 0x000f_1b36],
  ['command and status: capability list', 0x04, 0x0010_0003],
  ['revision 1, display controller, other', 0x08, 0x0380_0001],
  ['BAR 0: 32-bit memory, prefetchable', 0x10, 0x0000_0008],
  ['subsystem vendor and subsystem', 0x2c, 0x1100_1af4],
  ['capability pointer', 0x34, 0x40],
  ['vendor capability of 16 bytes, the last one', 0x40, 0x0010_0009],
  ['format XR24', 0x44, 0x3432_5258],
  ['width', 0x48, 640],
  ['height', 0x4c, 480],
] as const;

test.each(REGISTERS)('%s', async (_, offset, value) => {
  await using mdpy = openMdpy();
  expect(config32(mdpy.file, offset).toString(16)).toBe(value.toString(16));
});

test('all other registers are 0', async () => {
  await using mdpy = openMdpy();
  const known: ReadonlySet<number> = new Set(REGISTERS.map(([, offset]) => offset));
  const others = Array.from({ length: SIZE / 4 }, (_, index) => index * 4).filter(
    (offset) => !known.has(offset) && config32(mdpy.file, offset) !== 0,
  );
  expect(others).toEqual([]);
});

test.each([
  { type: MDPY_VGA, width: 640, height: 480 },
  { type: MDPY_XGA, width: 1024, height: 768 },
  { type: MDPY_HD, width: 1920, height: 1080 },
])('$type.sysfsName says how large its screen is', async ({ type, width, height }) => {
  await using mdpy = openMdpy(type);
  expect([config32(mdpy.file, 0x48), config32(mdpy.file, 0x4c)]).toEqual([width, height]);
});

test('every write but one to BAR 0 succeeds and is dropped', async () => {
  await using mdpy = openMdpy();
  const before = read(mdpy.file, CONFIG, 0, SIZE);
  for (const length of [1, 2, 4]) {
    for (let offset = 0; offset + length <= SIZE; offset += length) {
      if (offset >= 0x10 && offset < 0x14) continue;
      const from = new Uint8Array(length).fill(0xa5);
      expect(mdpy.file.write(CONFIG, offset, from)).toBe(length);
    }
  }
  expect(read(mdpy.file, CONFIG, 0, SIZE)).toEqual(before);
});

describe('BAR 0', () => {
  test.each([
    { type: MDPY_VGA, mask: 0xffe0_0008 },
    { type: MDPY_XGA, mask: 0xffc0_0008 },
    { type: MDPY_HD, mask: 0xff80_0008 },
  ])('of $type.sysfsName shows its mask when all ones are written', async ({ type, mask }) => {
    await using mdpy = openMdpy(type);
    writeConfig32(mdpy.file, 0x10, 0xffff_ffff);
    expect(config32(mdpy.file, 0x10)).toBe(mask);
  });

  test('keeps an address and its type bits', async () => {
    await using mdpy = openMdpy();
    writeConfig32(mdpy.file, 0x10, 0xfd00_0000);
    expect(config32(mdpy.file, 0x10)).toBe(0xfd00_0008);
    writeConfig32(mdpy.file, 0x10, 0xffff_ffff);
    writeConfig32(mdpy.file, 0x10, 0xfd00_0007);
    expect(config32(mdpy.file, 0x10)).toBe(0xfd00_0008);
  });

  test('takes an address byte by byte', async () => {
    await using mdpy = openMdpy();
    for (const [at, byte] of [0x00, 0x00, 0x40, 0xfe].entries()) {
      mdpy.file.write(CONFIG, 0x10 + at, Uint8Array.of(byte));
    }
    expect(config32(mdpy.file, 0x10)).toBe(0xfe40_0008);
  });

  test('loses its address by a reset', async () => {
    await using mdpy = openMdpy();
    writeConfig32(mdpy.file, 0x10, 0xfd00_0000);
    expect(mdpy.file.reset()).toBeUndefined();
    expect(config32(mdpy.file, 0x10)).toBe(0x0000_0008);
  });
});

test('the last four bytes can be read, and nothing behind them', async () => {
  await using mdpy = openMdpy();
  expect(config32(mdpy.file, 0xfc)).toBe(0);
  for (const [offset, length] of [
    [0xfd, 4],
    [0xff, 2],
    [0x100, 1],
    [0, 257],
  ] as const) {
    const into = new Uint8Array(length).fill(0xcc);
    expect(() => mdpy.file.read(CONFIG, offset, into)).toThrow(errno('EINVAL'));
    expect(into).toEqual(new Uint8Array(length).fill(0xcc));
  }
});

test('the whole space is read at once, as QEMU does', async () => {
  await using mdpy = openMdpy();
  expect(mdpy.device.config.save()).toEqual(read(mdpy.file, CONFIG, 0, SIZE));
});
