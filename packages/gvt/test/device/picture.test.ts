import { devicePicture, VFIO_GFX_PLANE_TYPE_REGION } from '@vfio-ts/core';
import { expect, test } from 'vitest';
import { GVT_PICTURE_REGION } from '../../src/index.ts';
import { makeVgpu, read } from './support.ts';

const QUERY = { flags: VFIO_GFX_PLANE_TYPE_REGION };

test('a query draws what is shown into the region of the picture', async () => {
  await using made = makeVgpu();
  const { file } = made.open();
  made.fake.shows = { width: 800, height: 600 };
  made.fake.colour = 0x5a;
  expect(file.queryGfxPlane(QUERY)).toEqual({
    drmFormat: 0x3432_5258,
    drmFormatMod: 0n,
    width: 800,
    height: 600,
    stride: 3200,
    size: 3200 * 600,
    xPos: 0,
    yPos: 0,
    xHot: 0,
    yHot: 0,
    regionIndex: GVT_PICTURE_REGION,
  });
  expect([...read(file, GVT_PICTURE_REGION, 3200 * 600 - 2, 4)]).toEqual([0x5a, 0x5a, 0, 0]);
  made.fake.colour = 0x33;
  file.queryGfxPlane(QUERY);
  expect([...read(file, GVT_PICTURE_REGION, 0, 2)]).toEqual([0x33, 0x33]);
});

test('while nothing is shown the plane is all zeros, and there is no picture', async () => {
  await using made = makeVgpu();
  const { file } = made.open();
  expect(file.queryGfxPlane(QUERY)).toMatchObject({ drmFormat: 0, width: 0, regionIndex: 0 });
  expect(devicePicture(made.vgpu.vdev)).toBe(undefined);
});

test('a picture is what is shown', async () => {
  await using made = makeVgpu();
  made.open();
  made.fake.shows = { width: 4, height: 2 };
  made.fake.colour = 0x11;
  const picture = devicePicture(made.vgpu.vdev);
  expect([picture?.width, picture?.height]).toEqual([4, 2]);
  expect([...(picture?.rgba.subarray(0, 4) ?? [])]).toEqual([0x11, 0x11, 0x11, 255]);
});

test('4096x2304 pixels fit, one row more does not', async () => {
  await using made = makeVgpu();
  const { file } = made.open();
  made.fake.shows = { width: 4096, height: 2304 };
  expect(file.queryGfxPlane(QUERY)).toMatchObject({ size: file.getRegionInfo(11).size });
  made.fake.shows = { width: 4096, height: 2305 };
  expect(file.queryGfxPlane(QUERY)).toMatchObject({ drmFormat: 0 });
});

test('one that nobody has open shows nothing, and the GPU is not asked', async () => {
  await using made = makeVgpu();
  made.fake.shows = { width: 4, height: 2 };
  expect(devicePicture(made.vgpu.vdev)).toBe(undefined);
  made.open().close();
  expect(devicePicture(made.vgpu.vdev)).toBe(undefined);
  expect(made.fake.calls).not.toContain('draw');
});

test('one that is at rest is woken', async () => {
  await using made = makeVgpu();
  const { file } = made.open();
  made.fake.shows = { width: 4, height: 2 };
  void file.quiesce();
  expect(file.queryGfxPlane(QUERY)).toMatchObject({ width: 4 });
  expect(made.fake.calls).toEqual(['start', 'stop', 'start', 'draw']);
});
