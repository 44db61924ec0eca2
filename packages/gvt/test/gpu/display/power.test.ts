import { describe, expect, test } from 'vitest';
import { bench } from './bench.ts';

describe('power wells', () => {
  test.each([
    ['miscellaneous IO', 1, 0],
    ['DDI B', 5, 4],
    ['well 1', 29, 28],
    ['well 2', 31, 30],
  ])('%s is on while it is asked for', (_, request, state) => {
    const { read, write } = bench();
    write(0x4_5404, 2 ** request);
    expect(read(0x4_5404)).toBe(2 ** request + 2 ** state);
    write(0x4_5404, 0);
    expect(read(0x4_5404)).toBe(0);
  });

  test('a well stays on while another asks for it', () => {
    const { read, write } = bench();
    write(0x4_5400, 2 ** 29);
    write(0x4_5404, 2 ** 29);
    write(0x4_5404, 0);
    expect(read(0x4_5404)).toBe(2 ** 28);
  });

  test('states cannot be written', () => {
    const { read, write } = bench();
    write(0x4_5404, 0x5555_5555);
    expect(read(0x4_5404)).toBe(0);
  });
});

test('the display buffer follows its request', () => {
  const { read, write } = bench();
  write(0x4_5008, 0x8000_0000);
  expect(read(0x4_5008)).toBe(0xc000_0000);
  write(0x4_5008, 0x4000_0000);
  expect(read(0x4_5008)).toBe(0);
});

describe('PLLs', () => {
  test.each([
    [0, 0x4_6010],
    [1, 0x4_6014],
    [2, 0x4_6040],
    [3, 0x4_6060],
  ])('PLL %i locks when it is enabled', (index, offset) => {
    const { read, write } = bench();
    write(offset, 0x8000_0000);
    expect(read(0x6_c060)).toBe(2 ** (index * 8));
    write(offset, 0);
    expect(read(0x6_c060)).toBe(0);
  });

  test.each([0x4_6010, 0x4_6014])('0x%s shows the lock itself', (offset) => {
    const { read, write } = bench();
    write(offset, 0x8000_0000);
    expect(read(offset)).toBe(0xc000_0000);
  });
});

describe('ports', () => {
  test.each([0, 1, 2, 3, 4])('buffer %i is idle while it is disabled', (port) => {
    const { read, write } = bench();
    const offset = 0x6_4000 + port * 0x100;
    expect(read(offset)).toBe(0x80);
    write(offset, 0x8000_0000);
    expect(read(offset)).toBe(0x8000_0000);
    write(offset, 0x80);
    expect(read(offset)).toBe(0x80);
  });

  test('idle training is done when it is asked for', () => {
    const { read, write } = bench();
    write(0x6_4140, 2 << 8);
    expect(read(0x6_4144)).toBe(1 << 25);
    write(0x6_4140, 0);
    expect(read(0x6_4144)).toBe(0);
  });

  test.each([0, 1, 2, 3])('nothing answers on AUX channel %i', (port) => {
    const { read, write } = bench();
    const offset = 0x6_4010 + port * 0x100;
    write(offset, 0x8000_0000 + (1 << 25) + (4 << 20));
    expect(read(offset)).toBe((1 << 30) + (1 << 28) + (4 << 20));
    write(offset, read(offset));
    expect(read(offset)).toBe(4 << 20);
  });

  test.each([
    [0, 0],
    [1, 25],
    [2, 26],
    [3, 27],
  ])('AUX channel %i tells its end by bit %i when it is asked to', (port, bit) => {
    const { read, write } = bench();
    write(0x4_4444, 0);
    write(0x6_4010 + port * 0x100, 0x8000_0000);
    expect(read(0x4_4448)).toBe(0);
    write(0x6_4010 + port * 0x100, 0xa000_0000);
    expect(read(0x4_4448)).toBe(2 ** bit);
  });
});

describe('what stands beside', () => {
  test.each([
    ['VGA is off', 0x4_1000, 0x8000_0000],
    ['the raw clock is 24 MHz', 0xc_6204, 24],
    ['the panel does not refresh itself', 0x6_4838, 0],
  ])('%s', (_, offset, expected) => {
    expect(bench().read(offset)).toBe(expected);
  });

  test('self refresh never interrupts, whatever is written', () => {
    const { read, write } = bench();
    write(0x6_4834, 0xffff_ffff);
    write(0x6_4838, 0xffff_ffff);
    expect([read(0x6_4834), read(0x6_4838)]).toEqual([0, 0]);
  });

  test('panel power comes and goes at once', () => {
    const { read, write } = bench();
    write(0xc_7204, 1);
    expect(read(0xc_7200)).toBe(0x8000_0008);
    write(0xc_7204, 0);
    expect(read(0xc_7200)).toBe(0);
  });

  test('the reset of the sideband of FDI has its status', () => {
    const { read, write } = bench();
    write(0xc_2004, 1 << 12);
    expect(read(0xc_2004)).toBe((1 << 12) | (1 << 13));
    write(0xc_2004, 1 << 13);
    expect(read(0xc_2004)).toBe(0);
  });
});
