// ROM and OpRegion as a guest's driver reads them.

import { describe, expect, test } from 'vitest';
import { GVT_OPREGION_REGION } from '../../src/index.ts';
import { errno, makeVgpu, read } from './support.ts';

const ROM = 6;

function ascii(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}

function sum(bytes: Uint8Array): number {
  return bytes.reduce((total, byte) => (total + byte) & 0xff, 0);
}

/** The table, found as drivers do: at a multiple of 4. */
function findVbt(bytes: Uint8Array): Uint8Array {
  for (let at = 0; at < bytes.length; at += 4) {
    if (ascii(bytes.subarray(at, at + 4)) !== '$VBT') continue;
    const { buffer, byteOffset } = bytes.subarray(at);
    const size = new DataView(buffer, byteOffset).getUint16(24, true);
    return bytes.slice(at, at + size);
  }
  throw new TypeError('there is no table');
}

async function contents(region: number, length: number): Promise<Uint8Array> {
  await using made = makeVgpu();
  return read(made.open().file, region, 0, length);
}

describe('the ROM', () => {
  test('has an image of 2 KiB whose bytes sum up to 0, not for x86, the last one', async () => {
    const rom = await contents(ROM, 2048);
    const view = new DataView(rom.buffer);
    expect([view.getUint16(0, true), rom[2]]).toEqual([0xaa55, 4]);
    expect(sum(rom)).toBe(0);
    const pcir = view.getUint16(0x18, true);
    expect(ascii(rom.subarray(pcir, pcir + 4))).toBe('PCIR');
    expect(view.getUint32(pcir + 4, true)).toBe(0x5912_8086);
    expect(view.getUint16(pcir + 0x10, true)).toBe(4);
    expect([...rom.subarray(pcir + 0x0d, pcir + 0x10)]).toEqual([0x00, 0x80, 0x03]);
    expect([rom[pcir + 0x14], rom[pcir + 0x15]]).toEqual([3, 0x80]);
  });

  test('cannot be written', async () => {
    await using made = makeVgpu();
    const { file } = made.open();
    expect(() => file.write(ROM, 0, Uint8Array.of(0))).toThrow(errno('EINVAL'));
  });
});

describe('the video BIOS table', () => {
  test('has 119 bytes that sum up to 0, and says where its blocks are', async () => {
    const vbt = findVbt(await contents(ROM, 2048));
    const view = new DataView(vbt.buffer);
    expect([vbt.length, sum(vbt)]).toEqual([119, 0]);
    expect([view.getUint16(20, true), view.getUint16(22, true)]).toEqual([155, 48]);
    const bdb = view.getUint32(28, true);
    expect(ascii(vbt.subarray(bdb, bdb + 16))).toBe('BIOS_DATA_BLOCK ');
    expect(view.getUint16(bdb + 20, true)).toBe(119 - bdb);
  });

  test('has one output: HDMI on port B, whose EDID is behind pin 5', async () => {
    const vbt = findVbt(await contents(ROM, 2048));
    const view = new DataView(vbt.buffer);
    const bdb = view.getUint32(28, true);
    const blocks = new Map<number, Uint8Array>();
    let at = bdb + view.getUint16(bdb + 18, true);
    while (at < vbt.length) {
      const size = view.getUint16(at + 1, true);
      blocks.set(vbt[at] ?? 0, vbt.subarray(at + 3, at + 3 + size));
      at += 3 + size;
    }
    expect(at).toBe(vbt.length);
    expect([...blocks.keys()]).toEqual([1, 2]);
    const definitions = blocks.get(2) ?? new Uint8Array(0);
    expect(definitions[4]).toBe(33);
    expect(definitions.length).toBe(5 + 33);
    const child = definitions.subarray(5);
    expect([child[2], child[3], child[16], child[19], child[24]]).toEqual([0xd2, 0x60, 1, 5, 1]);
  });

  test('is the same in ROM and OpRegion', async () => {
    const opRegion = await contents(GVT_OPREGION_REGION, 0x2000);
    expect(findVbt(opRegion.subarray(0x400))).toEqual(findVbt(await contents(ROM, 2048)));
  });
});

describe('the OpRegion', () => {
  test('has its signature, 8 KiB, version 2, one mailbox, and both lids', async () => {
    const bytes = await contents(GVT_OPREGION_REGION, 0x2000);
    const view = new DataView(bytes.buffer);
    expect(ascii(bytes.subarray(0, 16))).toBe('IntelGraphicsMem');
    expect([view.getUint32(0x10, true), view.getUint32(0x14, true)]).toEqual([8, 0x0200_0000]);
    expect([view.getUint32(0x58, true), view.getUint32(0x1ac, true)]).toEqual([8, 3]);
  });

  test('is read-only: EINVAL', async () => {
    await using made = makeVgpu();
    const { file } = made.open();
    expect(() => file.write(GVT_OPREGION_REGION, 0, Uint8Array.of(0))).toThrow(errno('EINVAL'));
  });
});
