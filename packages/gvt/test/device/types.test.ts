import { expect, test } from 'vitest';
import { describeGvtType, GVT_TYPES, gvtTypesOf } from '../../src/index.ts';
import { MB } from './support.ts';

test.each([
  [128, []],
  [191, []],
  [192, ['GVTg_V5_8']],
  [256, ['GVTg_V5_8', 'GVTg_V5_4']],
  [512, ['GVTg_V5_8', 'GVTg_V5_4', 'GVTg_V5_2']],
  [1024, ['GVTg_V5_8', 'GVTg_V5_4', 'GVTg_V5_2', 'GVTg_V5_1']],
] as const)('an aperture of %d MB has the types that it has room for', (aperture, names) => {
  const types = gvtTypesOf({ aperture: aperture * MB, total: 4096 * MB, fences: 32 });
  expect(types.map(({ sysfsName }) => sysfsName)).toEqual(names);
});

test.each([
  [0, '64MB', '384MB', '1024x768', 2],
  [1, '128MB', '512MB', '1920x1200', 4],
  [2, '256MB', '1024MB', '1920x1200', 8],
  [3, '512MB', '2048MB', '1920x1200', 16],
] as const)('type %d says what it has', (index, low, high, resolution, weight) => {
  const type = GVT_TYPES[index];
  expect(type && describeGvtType(type)).toBe(
    `low_gm_size: ${low}\nhigh_gm_size: ${high}\nfence: 4\nresolution: ${resolution}\nweight: ${weight}\n`,
  );
});
