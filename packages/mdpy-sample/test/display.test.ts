import {
  devicePicture,
  VFIO_GFX_PLANE_TYPE_DMABUF as DMABUF,
  VFIO_GFX_PLANE_TYPE_PROBE as PROBE,
  VFIO_GFX_PLANE_TYPE_REGION as REGION,
} from '@vfio-ts/core';
import { expect, test } from 'vitest';
import { MDPY_TYPES } from '../src/index.ts';
import { config32, errno, openMdpy } from './support.ts';

test('planes in a region are there', async () => {
  await using mdpy = openMdpy();
  expect(mdpy.file.queryGfxPlane({ flags: PROBE | REGION })).toBeUndefined();
  expect(mdpy.file.queryGfxPlane({ flags: PROBE | REGION, argsz: 60 })).toBeUndefined();
});

test.each([
  ['a probe for DMABUF', { flags: PROBE | DMABUF }],
  ['a probe for both', { flags: PROBE | DMABUF | REGION }],
  ['a probe for nothing', { flags: PROBE }],
  ['a query with DMABUF', { flags: DMABUF }],
  ['a query with both', { flags: DMABUF | REGION }],
  ['a query for nothing', { flags: 0 }],
  ['a query with an unknown flag', { flags: REGION | 8 }],
  ['a query with argsz 59', { flags: REGION, argsz: 59 }],
  ['a probe with argsz 59', { flags: PROBE | REGION, argsz: 59 }],
])('%s is EINVAL', async (_, query) => {
  await using mdpy = openMdpy();
  expect(() => mdpy.file.queryGfxPlane(query)).toThrow(errno('EINVAL'));
});

for (const type of MDPY_TYPES) {
  const { sysfsName, width, height } = type;

  test(`${sysfsName}: the plane is what configuration space says, in a region of just that size`, async () => {
    await using mdpy = openMdpy(type);
    const region = mdpy.file.getRegionInfo(16);
    expect(mdpy.file.queryGfxPlane({ flags: REGION })).toEqual({
      drmFormat: config32(mdpy.file, 0x44),
      drmFormatMod: 0n,
      width: config32(mdpy.file, 0x48),
      height: config32(mdpy.file, 0x4c),
      stride: width * 4,
      size: region.size,
      xPos: 0,
      yPos: 0,
      xHot: 0,
      yHot: 0,
      regionIndex: region.index,
    });
    expect(region.size).toBeGreaterThanOrEqual(height * width * 4);
  });
}

test('what is drawn in BAR 0 is on the picture, blue in the lowest byte', async () => {
  await using mdpy = openMdpy();
  mdpy.file.write(0, 3 * 2560 + 5 * 4, Uint8Array.of(0x11, 0x22, 0x33, 0x44));
  const picture = devicePicture(mdpy.vdev);
  expect(picture).toMatchObject({ width: 640, height: 480 });
  const at = (3 * 640 + 5) * 4;
  expect(picture?.rgba.slice(at, at + 4)).toEqual(Uint8Array.of(0x33, 0x22, 0x11, 255));
});
