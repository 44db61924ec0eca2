import { describe, expect, test } from 'vitest';
import type { DeviceFile, GfxPlane, GfxPlaneQuery } from '../../src/index.ts';
import { opened, thrown } from '../device/fixture.ts';
import { testCore } from '../support.ts';

function shown(plane: GfxPlane | undefined): DeviceFile {
  return opened(testCore().core, { queryGfxPlane: () => plane }).file;
}

describe('queryGfxPlane', () => {
  const PLANE: GfxPlane = {
    drmFormat: 0x34325258,
    drmFormatMod: 0n,
    width: 2,
    height: 2,
    stride: 8,
    size: 16,
    xPos: 0,
    yPos: 0,
    xHot: 0,
    yHot: 0,
    regionIndex: 0,
  };

  test('of a device that shows nothing is ENOTTY', () => {
    expect(thrown(() => opened(testCore().core).file.queryGfxPlane({ flags: 4 }))).toBe('ENOTTY');
  });

  test.for<[string, GfxPlaneQuery]>([
    ['argsz 59', { argsz: 59, flags: 4 }],
    ['argsz NaN', { argsz: Number.NaN, flags: 4 }],
    ['no flags', { flags: 0 }],
    ['a probe of nothing', { flags: 1 }],
    ['a probe for DMABUF', { flags: 3 }],
    ['a probe for both', { flags: 7 }],
    ['DMABUF', { flags: 2 }],
    ['both', { flags: 6 }],
    ['an unknown flag', { flags: 12 }],
  ])('%s is EINVAL', ([, query]) => {
    expect(thrown(() => shown(PLANE).queryGfxPlane(query))).toBe('EINVAL');
  });

  test('a probe for REGION succeeds and asks nobody', () => {
    let asked = 0;
    const { file } = opened(testCore().core, { queryGfxPlane: () => void asked++ });
    expect(file.queryGfxPlane({ argsz: 60, flags: 5 })).toBeUndefined();
    expect(asked).toBe(0);
  });

  test('a query gives the plane, all zero while it is off', () => {
    expect(shown(PLANE).queryGfxPlane({ flags: 4 })).toEqual(PLANE);
    const off = shown(undefined).queryGfxPlane({ flags: 4 });
    expect(off).toMatchObject({ drmFormat: 0, width: 0, height: 0, size: 0 });
  });
});
