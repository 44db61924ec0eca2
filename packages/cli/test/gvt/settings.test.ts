import { describe, expect, test } from 'vitest';
import { attributesOf, readGvtSettings, type GvtSettings } from '../../src/drivers/gvt/settings.ts';
import type { DeviceWish } from '../../src/drivers/driver.ts';
import { parseSetting } from '../../src/mdev/definition.ts';
import { UsageError } from '../../src/usage.ts';

const MB = 2 ** 20;

function wish(type: string | undefined, ...settings: readonly string[]): DeviceWish {
  return { type, uuid: '', settings: settings.flatMap((text) => parseSetting(text) ?? []) };
}

function read(...settings: readonly string[]): GvtSettings {
  return readGvtSettings([wish('i915-GVTg_V5_8', ...settings)]);
}

describe('the GPU', () => {
  test('has one pipe, and guests have a window, when nothing is said', () => {
    expect(read()).toEqual({
      gpu: { aperture: 256 * MB, pipes: 1 },
      sharing: { mappable: 'window' },
    });
  });

  test.each([
    [256, ['8']],
    [256, ['4']],
    [256, ['8', '8']],
    [512, ['8', '8', '8']],
    [512, ['2']],
    [512, ['4', '2']],
    [1024, ['1']],
    [1024, ['4', '4', '4', '4']],
    [1024, ['1', '1']],
    [256, ['unknown']],
    [1024, []],
  ])('has an aperture of %d MB for %j', (aperture, types) => {
    const wishes = types.map((type) => wish(`i915-GVTg_V5_${type}`));
    expect(readGvtSettings(wishes).gpu.aperture).toBe(aperture * MB);
  });

  test('has what is said', () => {
    expect(read('aperture=1024', 'pipes=0', 'mappable=full', 'resolution=1280x720')).toEqual({
      gpu: { aperture: 1024 * MB, pipes: 0 },
      sharing: { mappable: 'full', resolution: { width: 1280, height: 720 } },
    });
  });

  test('has the last of what is said twice', () => {
    expect(read('aperture=1024', 'aperture=512').gpu.aperture).toBe(512 * MB);
  });
});

test.each([
  'aperture=128',
  'aperture=256M',
  'aperture=',
  'pipes=4',
  'pipes=-1',
  'pipes=one',
  'mappable=none',
  'resolution=1024',
  'resolution=1024x',
  'resolution=1024x768x60',
  'resolution=320x200',
  'resolution=3840x2160',
])('%s is a mistake on the command line', (setting) => {
  expect(() => read(setting)).toThrow(UsageError);
});

test('what is not the GPU’s is written to the device', () => {
  const settings = wish(undefined, 'pipes=1', 'some/file=2', 'mappable=full');
  expect(attributesOf(settings)).toEqual([{ name: 'some/file', value: '2' }]);
});
