import { describe, expect, test } from 'vitest';
import {
  decodePlane,
  devicePicture,
  devicePlane,
  setupRegion,
  VFIO_REGION_INFO_FLAG_READ,
  type GfxPlane,
  type Ref,
  type SharedMemory,
} from '../../src/index.ts';
import { device, memory, thrown, type Plain } from '../device/fixture.ts';
import { testCore } from '../support.ts';

/** Two pixels by two, four bytes of something else behind each row. */
const PLANE: GfxPlane = {
  drmFormat: 0x3432_5258,
  drmFormatMod: 0n,
  width: 2,
  height: 2,
  stride: 12,
  size: 24,
  xPos: 0,
  yPos: 0,
  xHot: 0,
  yHot: 0,
  regionIndex: 2,
};
const SIZE = 64;
const AT = 4096;

/** A device whose region 2 is a part of its memory, and that shows `plane`. */
function shown(plane: GfxPlane | undefined): { ref: Ref<Plain>; bytes: SharedMemory } {
  const bytes = memory(2 * AT);
  const ref = device(testCore().core, {
    init: ({ vdev }) => {
      const flags = VFIO_REGION_INFO_FLAG_READ;
      setupRegion(vdev, 2, { size: SIZE, flags, memory: bytes, memoryOffset: AT });
      setupRegion(vdev, 3, { size: SIZE, flags });
    },
    read: () => undefined,
    queryGfxPlane: () => plane,
  });
  return { ref, bytes };
}

describe('devicePlane', () => {
  test('is the plane with the memory of its region, live, though nobody has the device open', () => {
    const { ref, bytes } = shown(PLANE);
    const found = devicePlane(ref.device.vdev);
    bytes.bytes[AT] = 7;
    expect(found?.plane).toEqual(PLANE);
    expect(found?.pixels).toHaveLength(SIZE);
    expect(found?.pixels[0]).toBe(7);
    ref.put();
  });

  test('is nothing while the plane is off', () => {
    const { ref } = shown(undefined);
    expect(devicePlane(ref.device.vdev)).toBeUndefined();
    ref.put();
  });

  test('of a device that shows nothing is ENOTTY', () => {
    const ref = device(testCore().core);
    expect(thrown(() => devicePlane(ref.device.vdev))).toBe('ENOTTY');
    ref.put();
  });

  test.each([
    ['without memory', 3],
    ['that is not there', 4],
  ])('in a region %s is EIO', (_, regionIndex) => {
    const { ref } = shown({ ...PLANE, regionIndex });
    expect(thrown(() => devicePlane(ref.device.vdev))).toBe('EIO');
    ref.put();
  });

  test('of a released device is ENODEV, and what was given before has no bytes', () => {
    const { ref } = shown(PLANE);
    const { vdev } = ref.device;
    const before = devicePlane(vdev);
    ref.put();
    expect(thrown(() => devicePlane(vdev))).toBe('ENODEV');
    expect(before?.pixels).toHaveLength(0);
  });
});

describe('devicePicture', () => {
  test('has the pixels of the plane as red, green, blue and 255', () => {
    const { ref, bytes } = shown(PLANE);
    bytes.bytes.set([1, 2, 3, 0, 4, 5, 6, 0, 9, 9, 9, 9, 7, 8, 9, 0, 10, 11, 12, 0], AT);
    expect(devicePicture(ref.device.vdev)).toEqual({
      width: 2,
      height: 2,
      rgba: Uint8Array.of(3, 2, 1, 255, 6, 5, 4, 255, 9, 8, 7, 255, 12, 11, 10, 255),
    });
    ref.put();
  });

  test('is nothing while the plane is off', () => {
    const { ref } = shown(undefined);
    expect(devicePicture(ref.device.vdev)).toBeUndefined();
    ref.put();
  });
});

describe('decodePlane', () => {
  test('takes a plane whose last row ends with the pixels', () => {
    expect(decodePlane(PLANE, new Uint8Array(20)).rgba).toHaveLength(16);
  });

  test.each<readonly [string, Partial<GfxPlane>, number, string]>([
    ['another format', { drmFormat: 0x3631_4752 }, SIZE, 'EOPNOTSUPP'],
    ['tiles', { drmFormatMod: 1n }, SIZE, 'EOPNOTSUPP'],
    ['rows that overlap', { stride: 7 }, SIZE, 'EINVAL'],
    ['a last row that is cut', {}, 19, 'EINVAL'],
  ])('refuses %s', (_, changes, size, code) => {
    const plane = { ...PLANE, ...changes };
    expect(thrown(() => decodePlane(plane, new Uint8Array(size)))).toBe(code);
  });
});
