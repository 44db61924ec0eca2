import { describe, expect, test } from 'vitest';
import {
  PCI_CAP_ID_VNDR,
  PciRegisters,
  type PciCapability,
  type PciConfigOptions,
  type PciExtendedCapability,
  type PciRegisterBits,
} from '../../src/pci/index.ts';
import { errno, le, space } from './fixtures.ts';

function cap(id: number, length: number, offset?: number): PciCapability & PciExtendedCapability {
  const registers = new PciRegisters(length);
  return { id, registers, ...(offset !== undefined && { offset }) };
}

/** A block of 8 bytes. */
function bits(masks: Partial<PciRegisterBits>): PciRegisterBits {
  return { bytes: new Uint8Array(8), ...masks };
}

/** A mask of 8 bytes with a bit in byte `at`. */
function one(at: number): Uint8Array {
  const mask = new Uint8Array(8);
  mask[at] = 1;
  return mask;
}

describe('capability list', () => {
  test('places capabilities from 0x40, 4-byte aligned, and links them in order', () => {
    const config = space({ capabilities: [cap(0x81, 6), cap(0x82, 8), cap(0x83, 4)] });
    expect(config.read8(0x34)).toBe(0x40);
    expect(config.read16(0x40)).toBe(0x4881);
    expect(config.read16(0x48)).toBe(0x5082);
    expect(config.read16(0x50)).toBe(0x0083);
    expect(config.read16(0x06)).toBe(0x0010);
  });

  test('places automatic ones around explicit ones', () => {
    const config = space({
      capabilities: [cap(0x81, 8, 0x80), cap(0x82, 8), cap(0x83, 0x40), cap(0x84, 8, 0x44)],
    });
    expect(config.findCapability(0x81)).toBe(0x80);
    expect(config.findCapability(0x82)).toBe(0x4c);
    expect(config.findCapability(0x83)).toBe(0x88);
    expect(config.findCapability(0x84)).toBe(0x44);
    expect(config.read16(0x80)).toBe(0x4c81);
  });

  test('fills the space to its last byte', () => {
    const config = space({ capabilities: [cap(0x81, 0x80), cap(0x82, 0x40)] });
    expect(config.findCapability(0x82)).toBe(0xc0);
  });

  test('a space without one has neither pointer nor status bit', () => {
    const config = space();
    expect(config.read8(0x34)).toBe(0);
    expect(config.read16(0x06)).toBe(0);
    expect(config.findCapability(PCI_CAP_ID_VNDR)).toBeUndefined();
  });

  test('find goes on after a capability', () => {
    const config = space({ capabilities: [cap(9, 8), cap(5, 8), cap(9, 8)] });
    expect(config.findCapability(9)).toBe(0x40);
    expect(config.findCapability(9, 0x40)).toBe(0x50);
    expect(config.findCapability(9, 0x50)).toBeUndefined();
    expect(config.findCapability(5, 0x50)).toBeUndefined();
  });

  test.each([0x44, 0, 256])('find after %i, where none lies, throws EINVAL', (after) => {
    const config = space({ capabilities: [cap(9, 8)] });
    expect(() => config.findCapability(9, after)).toThrow(errno('EINVAL'));
  });
});

describe('extended capability list', () => {
  test('places capabilities from 0x100 and links them in order', () => {
    const config = space({
      size: 4096,
      extendedCapabilities: [cap(3, 12), { ...cap(0x0b, 0x14), version: 2 }, cap(3, 0xc, 0xf00)],
    });
    expect(config.read32(0x100)).toBe(0x10c1_0003);
    expect(config.read32(0x10c)).toBe(0xf002_000b);
    expect(config.read32(0xf00)).toBe(0x0001_0003);
    expect(config.findExtCapability(0x0b)).toBe(0x10c);
    expect(config.findExtCapability(3, 0x100)).toBe(0xf00);
    expect(config.findExtCapability(1)).toBeUndefined();
  });

  test('a space without one reads 0 there and finds none', () => {
    const config = space({ size: 4096 });
    expect(config.read32(0x100)).toBe(0);
    expect(config.findExtCapability(0)).toBeUndefined();
  });

  test('headers are read-only', () => {
    const config = space({ size: 4096, extendedCapabilities: [cap(3, 12)] });
    config.write(0x100, le(4, 0xffff_ffff));
    expect(config.read32(0x100)).toBe(0x0001_0003);
  });
});

describe('refused', () => {
  const express = { size: 4096 } as const;
  test.each<[string, Partial<PciConfigOptions>]>([
    ['inside the header', { capabilities: [cap(9, 8, 0x3c)] }],
    ['past 0xff', { capabilities: [cap(9, 8, 0xfc)] }],
    ['in the extended space', { ...express, capabilities: [cap(9, 8, 0x100)] }],
    ['misaligned', { capabilities: [cap(9, 8, 0x42)] }],
    ['at a fraction', { capabilities: [cap(9, 8, 64.5)] }],
    ['inside another', { capabilities: [cap(9, 0x20, 0x40), cap(9, 8, 0x50)] }],
    ['around another', { capabilities: [cap(9, 8, 0x50), cap(9, 0x20, 0x40)] }],
    [
      'on device registers',
      {
        capabilities: [cap(9, 8, 0x40)],
        registers: [{ offset: 0x47, registers: new PciRegisters(1) }],
      },
    ],
    ['id of 9 bits', { capabilities: [cap(0x100, 8)] }],
    ['of one byte', { capabilities: [cap(9, 1)] }],
    ['extended in conventional space', { extendedCapabilities: [cap(3, 12)] }],
    ['extended below 0x100', { ...express, extendedCapabilities: [cap(3, 12, 0xf0)] }],
    ['first extended not at 0x100', { ...express, extendedCapabilities: [cap(3, 12, 0x200)] }],
    [
      'extended past the end',
      { ...express, extendedCapabilities: [cap(3, 12), cap(3, 12, 0xff8)] },
    ],
    ['extended id of 17 bits', { ...express, extendedCapabilities: [cap(0x10000, 12)] }],
    [
      'extended version of 5 bits',
      { ...express, extendedCapabilities: [{ ...cap(3, 12), version: 16 }] },
    ],
    ['registers in the header', { registers: [{ offset: 0x3f, registers: bits({}) }] }],
    ['registers past the end', { registers: [{ offset: 0xf9, registers: bits({}) }] }],
    ['no registers', { registers: [{ offset: 0x40, registers: { bytes: new Uint8Array(0) } }] }],
    [
      'a short mask',
      { registers: [{ offset: 0x40, registers: bits({ writable: new Uint8Array(7) }) }] },
    ],
    [
      'a bit both RW and RW1C',
      {
        registers: [
          { offset: 0x40, registers: bits({ writable: one(3), writeOneToClear: one(3) }) },
        ],
      },
    ],
    [
      'a bit both RW and volatile',
      { registers: [{ offset: 0x40, registers: bits({ writable: one(3), volatile: one(3) }) }] },
    ],
    ['a writable id', { capabilities: [{ id: 9, registers: bits({ writable: one(0) }) }] }],
    ['a writable next', { capabilities: [{ id: 9, registers: bits({ volatile: one(1) }) }] }],
    [
      'a writable extended header',
      { ...express, extendedCapabilities: [{ id: 9, registers: bits({ writable: one(3) }) }] },
    ],
  ])('%s: EINVAL', (_, options) => {
    expect(() => space(options)).toThrow(errno('EINVAL'));
  });

  test('no room left: ENOSPC', () => {
    expect(() => space({ capabilities: [cap(9, 0xb8), cap(9, 12)] })).toThrow(errno('ENOSPC'));
  });
});

test('later changes of bytes and masks do not reach the space', () => {
  const registers = new PciRegisters(8).set32(4, 0x11);
  const config = space({ registers: [{ offset: 0x40, registers }] });
  registers.set32(4, 0x22, { rw: 0xff });
  config.reset();
  config.write(0x44, le(1, 0x33));
  expect(config.read32(0x44)).toBe(0x11);
});
