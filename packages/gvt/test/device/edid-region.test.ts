import { describe, expect, test } from 'vitest';
import { GVT_EDID_REGION, GVT_V5_4, monitorEdid } from '../../src/index.ts';
import { errno, makeVgpu, read, read32, write32 } from './support.ts';

const REGION = GVT_EDID_REGION;
const BLOB = 2048;
const SIZE = 8;
const MAX_XRES = 12;
const LINK_STATE = 20;

describe('the header', () => {
  test('says where the block is, how large, and what the monitor can show at most', async () => {
    await using made = makeVgpu({ type: GVT_V5_4 });
    const { file } = made.open();
    const header = new Uint32Array(read(file, REGION, 0, 24).buffer);
    expect([...header]).toEqual([2048, 128, 128, 1920, 1200, 1]);
  });

  test.each([
    ['a byte', 0, 1],
    ['a half', 0, 2],
    ['a half at 2', 2, 2],
    ['across two registers', 2, 4],
    ['more than a register', 0, 6],
    ['behind the last one', 24, 4],
    ['the last one and more', 20, 8],
    ['the hole', 1024, 4],
    ['from the hole to the block', 2044, 8],
  ])('%s is neither read nor written: EINVAL', async (_, offset, length) => {
    await using made = makeVgpu();
    const { file } = made.open();
    const bytes = new Uint8Array(length);
    expect(() => file.read(REGION, offset, bytes)).toThrow(errno('EINVAL'));
    expect(() => file.write(REGION, offset, bytes)).toThrow(errno('EINVAL'));
  });

  test.each([0, 4, 12, 16])('the register at %d is read-only: EPERM', async (offset) => {
    await using made = makeVgpu();
    const { file } = made.open();
    const before = read32(file, REGION, offset);
    expect(() => write32(file, REGION, offset, 1)).toThrow(errno('EPERM'));
    expect(read32(file, REGION, offset)).toBe(before);
  });

  test.each([129, 0x8000_0000, 0xffff_ffff])('a size of %d is EINVAL', async (size) => {
    await using made = makeVgpu();
    const { file } = made.open();
    expect(() => write32(file, REGION, SIZE, size)).toThrow(errno('EINVAL'));
    expect(read32(file, REGION, SIZE)).toBe(128);
  });

  test('a write of a size and of what is read-only changes neither', async () => {
    await using made = makeVgpu();
    const { file } = made.open();
    const both = new Uint8Array(new Uint32Array([64, 800]).buffer);
    expect(() => file.write(REGION, SIZE, both)).toThrow(errno('EPERM'));
    expect(read32(file, REGION, SIZE)).toBe(128);
    expect(read32(file, REGION, MAX_XRES)).toBe(1024);
  });
});

describe('the block', () => {
  test('is that of the monitor, readable by any width', async () => {
    await using made = makeVgpu();
    const { file } = made.open();
    const block = monitorEdid({ width: 1024, height: 768 });
    expect(read(file, REGION, BLOB, 128)).toEqual(block);
    expect(read(file, REGION, BLOB + 9, 3)).toEqual(block.slice(9, 12));
  });

  test.each([
    [BLOB, 129],
    [BLOB + 127, 2],
    [BLOB + 128, 1],
    [4092, 4],
  ])('at %d has no %d bytes: EINVAL', async (offset, length) => {
    await using made = makeVgpu();
    const { file } = made.open();
    expect(() => file.read(REGION, offset, new Uint8Array(length))).toThrow(errno('EINVAL'));
    expect(() => file.write(REGION, offset, new Uint8Array(length))).toThrow(errno('EINVAL'));
  });

  test('ends where its size says', async () => {
    await using made = makeVgpu();
    const { file } = made.open();
    write32(file, REGION, SIZE, 16);
    expect(read(file, REGION, BLOB, 16).length).toBe(16);
    expect(() => file.read(REGION, BLOB + 16, new Uint8Array(1))).toThrow(errno('EINVAL'));
  });
});

describe('the link', () => {
  test('is up at first, and the GPU has the monitor', async () => {
    await using made = makeVgpu();
    const edid = monitorEdid({ width: 1024, height: 768 });
    expect(made.fake.monitors).toEqual([{ edid, isConnected: true }]);
  });

  test('goes down: the monitor is pulled out', async () => {
    await using made = makeVgpu();
    const { file } = made.open();
    write32(file, REGION, LINK_STATE, 2);
    expect(made.fake.monitors.at(-1)?.isConnected).toBe(false);
    expect(read32(file, REGION, LINK_STATE)).toBe(2);
  });

  test('comes up with another block: another monitor is plugged in', async () => {
    await using made = makeVgpu();
    const { file } = made.open();
    const other = monitorEdid({ width: 800, height: 600 });
    write32(file, REGION, LINK_STATE, 2);
    file.write(REGION, BLOB, other);
    expect(made.fake.monitors.length).toBe(2);
    write32(file, REGION, LINK_STATE, 1);
    expect(made.fake.monitors.at(-1)).toEqual({ edid: other, isConnected: true });
  });

  test('does not come up with a block that is none: EINVAL', async () => {
    await using made = makeVgpu();
    const { file } = made.open();
    write32(file, REGION, LINK_STATE, 2);
    file.write(REGION, BLOB + 127, Uint8Array.of(0xee));
    expect(() => write32(file, REGION, LINK_STATE, 1)).toThrow(errno('EINVAL'));
    expect(read32(file, REGION, LINK_STATE)).toBe(2);
    expect(made.fake.monitors.length).toBe(2);
  });

  test.each([0, 3, 0xffff_ffff])('in state %d does not exist: EINVAL', async (state) => {
    await using made = makeVgpu();
    const { file } = made.open();
    expect(() => write32(file, REGION, LINK_STATE, state)).toThrow(errno('EINVAL'));
    expect(read32(file, REGION, LINK_STATE)).toBe(1);
  });

  test('a block that is changed later is not that of the monitor', async () => {
    await using made = makeVgpu();
    const { file } = made.open();
    file.write(REGION, BLOB, new Uint8Array(128));
    expect(made.fake.monitors[0]?.edid).toEqual(monitorEdid({ width: 1024, height: 768 }));
  });

  test('and the block stay over a reset', async () => {
    await using made = makeVgpu();
    const { file } = made.open();
    write32(file, REGION, LINK_STATE, 2);
    void file.reset();
    expect(read32(file, REGION, LINK_STATE)).toBe(2);
  });
});

test('the resolution of the options comes before that of the type', async () => {
  await using made = makeVgpu({
    type: GVT_V5_4,
    gvt: { resolution: { width: 1280, height: 720 } },
  });
  expect(made.fake.monitors[0]?.edid).toEqual(monitorEdid({ width: 1280, height: 720 }));
});
