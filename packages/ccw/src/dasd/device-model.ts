// What a DASD of a type is like. IBM 3390 Direct Access Storage Reference; IBM 3380 Direct Access Storage Reference.

import { VfioError } from '@vfio-ts/core';
import type { VolumeGeometry } from './track-store.ts';

/** The capacity of a track, as Read Device Characteristics tells it: the formula's number and its factors. */
type CapacityFormula = readonly [number, ...number[]];

/** The facts of a device type. */
export interface DeviceModel {
  /** 0x3390 or 0x3380. */
  readonly deviceType: number;
  readonly modelByte: number;
  /** For error records, and byte 11 of the device characteristics. */
  readonly typeCode: number;
  /** Sectors of a track. */
  readonly sectors: number;
  /** Bytes of the longest R0. */
  readonly longestR0: number;
  /** Track capacity in the units of the formula. */
  readonly capacity: number;
  /** What home address and R0 take of it. */
  readonly overhead: number;
  /** Bytes 22 to 27 of the device characteristics. */
  readonly formula: CapacityFormula;
  /** Bytes 49 and 50 of the device characteristics. */
  readonly sectorFactors: number;
}

interface Size {
  /** Cylinders of the largest volume of the model. */
  readonly cylinders: number;
  readonly modelByte: number;
  readonly typeCode: number;
}

interface TypeFacts extends Omit<DeviceModel, 'deviceType' | 'modelByte' | 'typeCode'> {
  readonly sizes: readonly [Size, ...Size[]];
}

const TYPES: ReadonlyMap<number, TypeFacts> = new Map([
  [
    0x3390,
    {
      sectors: 224,
      longestR0: 57_326,
      capacity: 58_786,
      overhead: 1428,
      formula: [2, 34, 19, 9, 6, 116],
      sectorFactors: 0x7708,
      sizes: [
        { cylinders: Infinity, modelByte: 0x0c, typeCode: 0x32 },
        { cylinders: 3339, modelByte: 0x0a, typeCode: 0x24 },
        { cylinders: 2226, modelByte: 0x06, typeCode: 0x27 },
        { cylinders: 1113, modelByte: 0x02, typeCode: 0x26 },
      ],
    },
  ],
  [
    0x3380,
    {
      sectors: 222,
      longestR0: 47_988,
      capacity: 47_968,
      overhead: 1088,
      formula: [1, 32, 492 >>> 8, 492 & 0xff, 236 >>> 8, 236 & 0xff],
      sectorFactors: 0x5007,
      sizes: [
        { cylinders: Infinity, modelByte: 0x1e, typeCode: 0x0e },
        { cylinders: 1770, modelByte: 0x0a, typeCode: 0x0e },
        { cylinders: 885, modelByte: 0x02, typeCode: 0x0e },
      ],
    },
  ],
]);

/**
 * The model a volume is of: the smallest that has as many cylinders.
 *
 * @throws `EINVAL` no such device type
 */
export function deviceModelOf({ deviceType, cylinders }: VolumeGeometry): DeviceModel {
  const facts = TYPES.get(deviceType);
  if (facts === undefined) {
    throw new VfioError('EINVAL', 'deviceModelOf', `device type 0x${deviceType.toString(16)}`);
  }
  const { sizes, ...rest } = facts;
  const { modelByte, typeCode } = sizes.findLast((size) => cylinders <= size.cylinders) ?? sizes[0];
  return { deviceType, modelByte, typeCode, ...rest };
}
