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
      sharing: { mappable: 'window', table: 'mapped' },
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
    const said = ['aperture=1024', 'pipes=0', 'mappable=full', 'table=trapped'];
    expect(read(...said, 'resolution=1280x720')).toEqual({
      gpu: { aperture: 1024 * MB, pipes: 0 },
      sharing: { mappable: 'full', table: 'trapped', resolution: { width: 1280, height: 720 } },
    });
  });

  test('has what one of several devices says, or all of them alike', () => {
    const [plain, tall] = [wish('i915-GVTg_V5_8'), wish('i915-GVTg_V5_8', 'resolution=1280x1024')];
    const { sharing } = readGvtSettings([plain, tall, plain, tall]);
    expect(sharing.resolution).toEqual({ width: 1280, height: 1024 });
  });

  test.each([
    ['resolution=1280x1024', 'resolution=1024x768'],
    ['pipes=0', 'pipes=1'],
    ['mappable=full', 'mappable=window'],
    ['table=mapped', 'table=trapped'],
    ['aperture=512', 'aperture=1024'],
  ])('is one, so that %s and %s are refused', (one, other) => {
    const wishes = [wish('i915-GVTg_V5_8', one), wish('i915-GVTg_V5_8', other)];
    expect(() => readGvtSettings(wishes)).toThrow(
      new UsageError(
        `${one} and ${other}: devices that are served together share it; serve them apart`,
      ),
    );
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
  'table=none',
  'resolution=1024',
  'resolution=1024x',
  'resolution=1024x768x60',
  'resolution=320x200',
  'resolution=3840x2160',
])('%s is a mistake on the command line', (setting) => {
  expect(() => read(setting)).toThrow(UsageError);
});

test('a resolution that no monitor has is said with the setting', () => {
  expect(() => read('resolution=9x9')).toThrow(
    new UsageError('resolution=9x9: 9x9 is no mode of a DVI monitor'),
  );
});

test('what is not the GPU’s is written to the device', () => {
  const settings = wish(undefined, 'pipes=1', 'some/file=2', 'mappable=full', 'table=trapped');
  expect(attributesOf(settings)).toEqual([{ name: 'some/file', value: '2' }]);
});
