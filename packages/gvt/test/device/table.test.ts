// The table of the graphics address space as memory that a guest maps.

import { devicePicture, PAGE_SIZE, type DeviceFile } from '@vfio-ts/core';
import { describe, expect, test } from 'vitest';
import { GVT_V5_4, GVT_V5_8, IntelGvt, SoftGpu, type TablePolicy } from '../../src/index.ts';
import { FakeGpu } from './fake-gpu.ts';
import { RAM, RAM_PAGES, show, softGuest, type SoftGuest } from './soft-guest.ts';
import { addVgpu, makeVgpu, MB, outcome, read, testCore, write16, write32 } from './support.ts';

const BAR0 = 0;
const GTT = 8 * MB;
/** High graphics memory of the first vGPU; a byte of the table stands for 512 of it. */
const HIGH = 640 * MB;
const AREA = GTT + HIGH / 512;
const AREA_SIZE = (384 * MB) / 512;
/** Low graphics memory of the first vGPU. */
const LOW = 128 * MB;
const PMCSR = 0xd4;
const D3 = 3;

function entry(address: number): Uint8Array {
  return new Uint8Array(BigUint64Array.of(BigInt(address) + 1n).buffer);
}

/** Maps the table of high graphics memory, and its first entries to the guest's memory. */
function mapHigh({ opened: { file } }: SoftGuest): void {
  const mapping = file.mmap(BAR0, AREA, PAGE_SIZE);
  for (let i = 0; i < RAM_PAGES; i++) mapping.bytes.set(entry(RAM + i * PAGE_SIZE), i * 8);
  mapping.unmap();
}

/** Shows what is at the start of the high graphics memory. */
function showHigh(guest: SoftGuest): void {
  show(guest, HIGH);
  guest.host.clock.advance(100);
}

/** The first pixel that is shown. */
function pixel({ vgpu }: SoftGuest): readonly number[] {
  return [...(devicePicture(vgpu.vdev)?.rgba.subarray(0, 4) ?? [])];
}

/** What comes of mapping a part of BAR 0: `ok`, or the code of its error. */
function tryMap(file: DeviceFile, offset: number, length = PAGE_SIZE): string {
  return outcome(() => file.mmap(BAR0, offset, length).unmap());
}

describe('what can be mapped', () => {
  test.each([
    ['the entries of high memory', AREA, AREA_SIZE],
    ['the first page of them', AREA, PAGE_SIZE],
    ['the last page of them', AREA + AREA_SIZE - PAGE_SIZE, PAGE_SIZE],
  ])('%s', async (_, offset, length) => {
    await using made = makeVgpu();
    expect(tryMap(made.open().file, offset, length)).toBe('ok');
  });

  test.each([
    ['registers', 0x2000],
    ['what is between registers and table', 4 * MB],
    ['the entries of low memory', GTT + LOW / 512],
    ['the entries before those of high memory', AREA - PAGE_SIZE],
    ['the entries behind them', AREA + AREA_SIZE],
  ])('not %s', async (_, offset) => {
    await using made = makeVgpu();
    expect(tryMap(made.open().file, offset)).toBe('EINVAL');
  });

  test('is for another vGPU another part, of other memory', async () => {
    const host = testCore();
    const gpu = new FakeGpu();
    const gvt = new IntelGvt(gpu);
    await using one = addVgpu(host, gvt, gpu, GVT_V5_8);
    await using two = addVgpu(host, gvt, gpu, GVT_V5_8);
    const files = [one.open().file, two.open().file] as const;
    expect(tryMap(files[1], AREA)).toBe('EINVAL');
    expect(tryMap(files[0], AREA + AREA_SIZE)).toBe('EINVAL');
    const mapping = files[0].mmap(BAR0, AREA, PAGE_SIZE);
    mapping.bytes.fill(0xff);
    mapping.unmap();
    expect(two.fake.host.table?.bytes.every((byte) => byte === 0)).toBe(true);
  });

  test('is as large as the type has it', async () => {
    await using made = makeVgpu({ type: GVT_V5_4 });
    const { file } = made.open();
    expect(tryMap(file, AREA, MB)).toBe('ok');
    expect(tryMap(file, AREA + MB)).toBe('EINVAL');
  });

  test('is whole pages of entries, and nothing where there is none', async () => {
    const type = { ...GVT_V5_8, highGm: 3 * MB };
    await using made = makeVgpu({ type });
    const { file } = made.open();
    expect(tryMap(file, AREA)).toBe('ok');
    expect(tryMap(file, AREA + PAGE_SIZE)).toBe('EINVAL');
    await using small = makeVgpu({ type: { ...type, highGm: MB } });
    expect(small.open().file.getRegionInfo(BAR0)).toMatchObject({ flags: 3 });
  });

  test('is nothing where the table is trapped', async () => {
    await using made = makeVgpu({ gvt: { table: 'trapped' } });
    const { file } = made.open();
    expect(file.getRegionInfo(BAR0)).toMatchObject({ flags: 3, caps: new Uint8Array(0) });
    expect(tryMap(file, AREA)).toBe('EINVAL');
  });
});

describe('an entry', () => {
  test('that is stored through a mapping is read by message, and the other way round', async () => {
    await using guest = softGuest();
    const { file } = guest.opened;
    const mapping = file.mmap(BAR0, AREA, PAGE_SIZE);
    mapping.bytes.set(entry(RAM), 16);
    expect(read(file, BAR0, AREA + 16, 8)).toEqual(entry(RAM));
    file.write(BAR0, AREA + 24, entry(RAM + PAGE_SIZE));
    expect(mapping.bytes.slice(24, 32)).toEqual(entry(RAM + PAGE_SIZE));
    mapping.unmap();
  });

  test('is found by an access that begins where the table is trapped', async () => {
    await using guest = softGuest();
    const { file } = guest.opened;
    file.write(BAR0, AREA - 8, new Uint8Array([...entry(RAM), ...entry(RAM)]));
    expect(read(file, BAR0, AREA - 8, 16)).toEqual(
      new Uint8Array([...new Uint8Array(8), ...entry(RAM)]),
    );
    const mapping = file.mmap(BAR0, AREA, PAGE_SIZE);
    expect(mapping.bytes.slice(0, 8)).toEqual(entry(RAM));
    mapping.unmap();
  });

  test.each(['mapped', 'trapped'] as const satisfies readonly TablePolicy[])(
    'of a %s table is what the screen is read through',
    async (table) => {
      await using guest = softGuest(testCore(), new IntelGvt(new SoftGpu(), { table }));
      if (table === 'mapped') mapHigh(guest);
      else guest.opened.file.write(BAR0, AREA, entry(RAM));
      showHigh(guest);
      guest.ram.set([1, 2, 3, 0]);
      expect(pixel(guest)).toEqual([3, 2, 1, 255]);
    },
  );

  test('that is stored while it is in use counts from the next picture on', async () => {
    await using guest = softGuest();
    mapHigh(guest);
    showHigh(guest);
    guest.ram.set([1, 2, 3, 0]);
    guest.ram.set([4, 5, 6, 0], PAGE_SIZE);
    expect(pixel(guest)).toEqual([3, 2, 1, 255]);
    const mapping = guest.opened.file.mmap(BAR0, AREA, PAGE_SIZE);
    mapping.bytes.set(entry(RAM + PAGE_SIZE));
    expect(pixel(guest)).toEqual([6, 5, 4, 255]);
    mapping.bytes.set(entry(0x7f_ffff_f000));
    expect(pixel(guest)).toEqual([0, 0, 0, 255]);
    mapping.unmap();
  });
});

describe('a reset', () => {
  test('empties the table', async () => {
    await using guest = softGuest();
    const { file } = guest.opened;
    mapHigh(guest);
    void file.reset();
    const mapping = file.mmap(BAR0, AREA, AREA_SIZE);
    expect(mapping.bytes.every((byte) => byte === 0)).toBe(true);
    mapping.unmap();
  });

  test('of a guest that comes from D3 keeps it', async () => {
    await using guest = softGuest();
    const { file } = guest.opened;
    mapHigh(guest);
    write16(file, 7, PMCSR, D3);
    void file.reset();
    expect(read(file, BAR0, AREA, 8)).toEqual(entry(RAM));
  });
});

test('an access of registers comes to the GPU, though memory is behind the region', async () => {
  await using made = makeVgpu();
  const { file } = made.open();
  write32(file, BAR0, 0x2030, 7);
  expect(made.fake.accesses).toEqual([['writeRegister', 0x2030, 4]]);
});
