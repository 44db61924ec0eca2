// The sizes disks were sold in.

import { VfioError } from '@vfio-ts/core';

/** What a model is. */
export interface DiskModel {
  readonly deviceType: number;
  readonly cylinders: number;
}

const HEADS = 15;

/** Bytes of a track's slot: home address, R0, one record of the largest size, end mark, rounded up to 512. */
const TRACK_SIZES: ReadonlyMap<number, number> = new Map([
  [0x3390, 56832],
  [0x3380, 47616],
]);

/** By name. */
export const DISK_MODELS: ReadonlyMap<string, DiskModel> = new Map([
  ['3390-1', { deviceType: 0x3390, cylinders: 1113 }],
  ['3390-2', { deviceType: 0x3390, cylinders: 2226 }],
  ['3390-3', { deviceType: 0x3390, cylinders: 3339 }],
  ['3390-9', { deviceType: 0x3390, cylinders: 10017 }],
  ['3390-27', { deviceType: 0x3390, cylinders: 32760 }],
  ['3390-54', { deviceType: 0x3390, cylinders: 65520 }],
  ['3380-A', { deviceType: 0x3380, cylinders: 885 }],
  ['3380-E', { deviceType: 0x3380, cylinders: 1770 }],
  ['3380-K', { deviceType: 0x3380, cylinders: 2655 }],
]);

/** Cylinders of the largest volume that can be made: what Hercules' tools take. */
const MAX_CYLINDERS = 65520;

/** How the tracks of a new volume are. */
export interface NewGeometry extends DiskModel {
  readonly heads: number;
  readonly trackSize: number;
}

/**
 * The geometry of a model, or of a 3390 with so many cylinders.
 *
 * @throws `EINVAL` no such model, or no such number of cylinders
 */
export function geometryOf(model: string | number): NewGeometry {
  const disk =
    typeof model === 'number'
      ? { deviceType: 0x3390, cylinders: model }
      : DISK_MODELS.get(model.toUpperCase());
  if (disk === undefined) {
    const known = [...DISK_MODELS.keys()].join(', ');
    throw new VfioError('EINVAL', 'createVolume', `no model ${model}; there are ${known}`);
  }
  const { deviceType, cylinders } = disk;
  if (!Number.isSafeInteger(cylinders) || cylinders < 1 || cylinders > MAX_CYLINDERS) {
    const fact = `${cylinders} cylinders, not 1 to ${MAX_CYLINDERS}`;
    throw new VfioError('EINVAL', 'createVolume', fact);
  }
  return { deviceType, cylinders, heads: HEADS, trackSize: TRACK_SIZES.get(deviceType) ?? 0 };
}
