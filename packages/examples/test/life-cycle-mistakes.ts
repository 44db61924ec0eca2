// What the guide to the life cycle says does not compile. `tsc -b` sees that each is an error, and a test that the
// compiler says what stands here.

import {
  allocDevice,
  type ParentDevice,
  type Ref,
  type VfioDevice,
  type VfioDeviceOps,
  type VfioMigrationOps,
} from '@vfio-ts/core';
import { CrcDevice, crcOps } from '../src/crc-device.ts';

declare const parent: ParentDevice;
declare const crc: Ref<CrcDevice>;
declare const motorOps: VfioDeviceOps<Motor>;

// #region mistakes
class Motor {
  vdev: VfioDevice | undefined; // perhaps a device, perhaps none
  speed: number = 0;
}

// @ts-expect-error TS2739: Type '{ index: number; name: string; }' is missing the following properties
export const byHand = new CrcDevice({ index: 0, name: 'vfio0' });

// @ts-expect-error TS2345: Argument of type '"device"' is not assignable to parameter of type '"vdev"'.
export const noSuchField = allocDevice(CrcDevice, 'device', parent, crcOps);

// @ts-expect-error TS2345: Argument of type '"config"' is not assignable to parameter of type 'never'.
export const noDeviceInIt = allocDevice(CrcDevice, 'config', parent, crcOps);

// @ts-expect-error TS2345: Argument of type '"vdev"' is not assignable to parameter of type 'never'.
export const onlyPerhaps = allocDevice(Motor, 'vdev', parent, motorOps);

// @ts-expect-error TS2345: Argument of type '[number]' is not assignable to parameter of type '[]'.
export const tooMuch = allocDevice(CrcDevice, 'vdev', parent, crcOps, 4096);

// @ts-expect-error Property 'speed' is missing in type 'CrcDevice' but required in type 'Motor'.
export const ofAnother = allocDevice(CrcDevice, 'vdev', parent, motorOps);

// @ts-expect-error Property 'closeDevice' is missing in type '{ name: string; openDevice(): void; }'
export const half: VfioDeviceOps<CrcDevice> = { name: 'crc', openDevice() {} };

// @ts-expect-error TS2739: Type '{ flags: number; }' is missing the following properties
export const stateless: VfioMigrationOps<CrcDevice> = { flags: 1 };

// @ts-expect-error TS2339: Property 'free' does not exist on type 'Ref<CrcDevice>'.
crc.free();
// #endregion
