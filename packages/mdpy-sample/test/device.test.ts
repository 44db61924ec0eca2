import {
  VFIO_DEVICE_FLAGS_PCI,
  VFIO_DEVICE_FLAGS_RESET,
  VFIO_IRQ_SET_ACTION_TRIGGER,
  VFIO_IRQ_SET_ACTION_UNMASK,
  VFIO_IRQ_SET_DATA_BOOL,
  VFIO_IRQ_SET_DATA_NONE,
  VFIO_REGION_INFO_FLAG_MMAP,
  VFIO_REGION_INFO_FLAG_READ,
  VFIO_REGION_INFO_FLAG_WRITE,
  allocDevice,
} from '@vfio-ts/core';
import { describe, expect, test } from 'vitest';
import { MDPY_TYPES, MDPY_VGA, MdpyDevice, mdpyMemorySize, mdpyOps } from '../src/index.ts';
import { errno, expectNothingLeft, openMdpy, read, testCore } from './support.ts';

const BAR0 = 0;
const DISPLAY = 16;
const READ_WRITE = VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE;

/** The rows of a screen as bytes, each of one value. */
function rows(framebuffer: Uint8Array, height: number, stride: number): (number | undefined)[] {
  return Array.from({ length: height }, (_, row) => {
    const [first, ...rest] = new Set(framebuffer.subarray(row * stride, (row + 1) * stride));
    return rest.length === 0 ? first : undefined;
  });
}

function gradient(height: number): number[] {
  return Array.from({ length: height }, (_, row) => Math.floor((row * 255) / height));
}

describe('the picture', () => {
  for (const type of MDPY_TYPES) {
    const { sysfsName, width, height } = type;

    test(`${sysfsName}: at first row i has the value i * 255 / height`, async () => {
      await using mdpy = openMdpy(type);
      expect(rows(mdpy.device.framebuffer, height, width * 4)).toEqual(gradient(height));
    });

    test(`${sysfsName}: the memory behind the picture is 0`, async () => {
      await using mdpy = openMdpy(type);
      const { framebuffer } = mdpy.device;
      expect(framebuffer.length).toBe(mdpyMemorySize(type));
      expect(new Set(framebuffer.subarray(width * height * 4))).toEqual(new Set([0]));
    });
  }

  test('a reset paints it again and leaves the memory behind it', async () => {
    await using mdpy = openMdpy();
    mdpy.device.framebuffer.fill(0x5a);
    expect(mdpy.file.reset()).toBeUndefined();
    const { framebuffer } = mdpy.device;
    expect(rows(framebuffer, 480, 2560)).toEqual(gradient(480));
    expect(new Set(framebuffer.subarray(640 * 480 * 4))).toEqual(new Set([0x5a]));
  });
});

describe('the frame buffer', () => {
  test('a read at offset k gives byte k', async () => {
    await using mdpy = openMdpy();
    const { framebuffer } = mdpy.device;
    for (let k = 0; k < framebuffer.length; k++) framebuffer[k] = (k * 7 + (k >> 8)) & 0xff;
    for (const k of [0, 1, 0xffe, 0x1000, 0x1001, 0x12_c000, 0x1f_fffc]) {
      for (const region of [BAR0, DISPLAY]) {
        expect(read(mdpy.file, region, k, 4)).toEqual(framebuffer.slice(k, k + 4));
      }
    }
  });

  test('a write at offset k changes byte k and no other', async () => {
    await using mdpy = openMdpy();
    const { framebuffer } = mdpy.device;
    const expected = framebuffer.slice();
    expected.set([1, 2, 3], 0x1_2345);
    mdpy.file.write(BAR0, 0x1_2345, Uint8Array.of(1, 2, 3));
    expect(Buffer.compare(framebuffer, expected)).toBe(0);
  });

  test('it is mapped whole, and shares its bytes with reads and the display region', async () => {
    await using mdpy = openMdpy();
    const { file } = mdpy;
    const mapping = file.mmap(BAR0, 0, 0x20_0000);
    mapping.bytes.set([9, 8, 7], 0x1f_fffd);
    expect(read(file, BAR0, 0x1f_fffd, 3)).toEqual(Uint8Array.of(9, 8, 7));
    expect(read(file, DISPLAY, 0x1f_fffd, 3)).toEqual(Uint8Array.of(9, 8, 7));
    mapping.unmap();
    expect(mapping.bytes.length).toBe(0);
  });

  test.each([
    ['longer than it is', 0, 0x20_1000],
    ['from past its end', 0x20_0000, 0x1000],
    ['from within a page', 0x800, 0x1000],
  ])('it is not mapped %s', async (_, offset, length) => {
    await using mdpy = openMdpy();
    expect(() => mdpy.file.mmap(BAR0, offset, length)).toThrow(errno('EINVAL'));
  });

  test('it is empty once the device has been released', async () => {
    const mdpy = openMdpy();
    const view = mdpy.device.framebuffer;
    await mdpy[Symbol.asyncDispose]();
    expect([view.length, mdpy.device.framebuffer.length]).toEqual([0, 0]);
  });
});

describe('what the device says of itself', () => {
  test('a PCI device with reset, 9 regions and 5 interrupt indexes', async () => {
    await using mdpy = openMdpy();
    const flags = VFIO_DEVICE_FLAGS_PCI | VFIO_DEVICE_FLAGS_RESET;
    expect(mdpy.file.getInfo()).toEqual({ argsz: 16, flags, numRegions: 9, numIrqs: 5 });
  });

  test.each([
    [7, 256, 0, READ_WRITE],
    [BAR0, 0x20_0000, 0x1000, READ_WRITE | VFIO_REGION_INFO_FLAG_MMAP],
    [DISPLAY, 0x20_0000, 0x1000, READ_WRITE | VFIO_REGION_INFO_FLAG_MMAP],
  ] as const)('region %d: size %d, offset %d, flags %d', async (index, size, offset, flags) => {
    await using mdpy = openMdpy();
    const info = mdpy.file.getRegionInfo(index);
    expect(info).toMatchObject({ index, size, offset, flags, capOffset: 0 });
  });

  test.each([1, 2, 3, 4, 5, 6, 8])('region %d is not implemented', async (index) => {
    await using mdpy = openMdpy();
    const info = mdpy.file.getRegionInfo(index);
    expect(info).toMatchObject({ index, size: 0, offset: 0, flags: 0, capOffset: 0 });
  });

  test.each([9, 10, 11, 12, 13, 14, 15, 17, 100, 2 ** 32 - 1])(
    'there is no region %d',
    async (index) => {
      await using mdpy = openMdpy();
      expect(() => mdpy.file.getRegionInfo(index)).toThrow(errno('EINVAL'));
      expect(() => mdpy.file.read(index, 0, new Uint8Array(1))).toThrow(errno('EINVAL'));
    },
  );

  test.each([0, 1, 2, 3, 4])(
    'interrupt index %d has no interrupts, before GET_INFO too',
    async (index) => {
      await using mdpy = openMdpy();
      expect(mdpy.file.getIrqInfo(index)).toEqual({ argsz: 16, index, count: 0, flags: 0 });
    },
  );

  test('there is no interrupt index 5', async () => {
    await using mdpy = openMdpy();
    expect(() => mdpy.file.getIrqInfo(5)).toThrow(errno('EINVAL'));
  });

  test.each([
    ['disable', VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER, 0],
    ['trigger', VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER, 1],
    ['trigger by bool', VFIO_IRQ_SET_DATA_BOOL | VFIO_IRQ_SET_ACTION_TRIGGER, 1],
    ['unmask', VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_UNMASK, 1],
  ])('SET_IRQS to %s is refused for every index', async (_, flags, count) => {
    await using mdpy = openMdpy();
    for (let index = 0; index < 5; index++) {
      const request = { index, flags, start: 0, count, bools: new Uint8Array(count) };
      expect(() => mdpy.file.setIrqs(request)).toThrow(errno('EINVAL'));
    }
  });
});

test('memory that cannot be had is ENOMEM, and nothing is left', () => {
  const { core, memory } = testCore();
  memory.failIn(0);
  const alloc = () => allocDevice(MdpyDevice, 'vdev', core.parent('mdpy'), mdpyOps, MDPY_VGA);
  expect(alloc).toThrow(errno('ENOMEM'));
  expectNothingLeft({ core, memory });
});
