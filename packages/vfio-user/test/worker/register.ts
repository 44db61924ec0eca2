// A device for a thread of its own: register 0 keeps what is written, other registers make the thread misbehave.

import {
  allocDevice,
  registerEmulatedIommuDev,
  setupIrq,
  setupRegion,
  triggerIrq,
  unregisterGroupDev,
  type VfioCore,
  type VfioDevice,
  type VfioDeviceOps,
} from '@vfio-ts/core';
import type { WorkerDevice } from '../../src/worker/device.ts';

/** What a write to a register does. */
export const REGISTER = { VALUE: 0, CRASH: 4, EXIT: 8, HANG: 12, IRQ: 16, THROW: 20 } as const;

class Register {
  readonly vdev: VfioDevice;
  value = 0;
  constructor(vdev: VfioDevice) {
    this.vdev = vdev;
  }
}

const never = new Int32Array(new SharedArrayBuffer(4));

const ops: VfioDeviceOps<Register> = {
  name: 'register',
  init({ vdev }) {
    setupRegion(vdev, 0, { size: 0x1000, flags: 3 });
    setupIrq(vdev, 2, { count: 1 });
  },
  read({ value }, _region, _offset, into) {
    into[0] = value;
  },
  write(device, _region, offset, from) {
    switch (offset) {
      case REGISTER.CRASH:
        setImmediate(() => {
          throw new TypeError('a bug of the device');
        });
        break;
      case REGISTER.EXIT:
        process.exit(7);
        break;
      case REGISTER.HANG:
        Atomics.wait(never, 0, 0);
        break;
      case REGISTER.IRQ:
        triggerIrq(device.vdev, 2, 0);
        break;
      case REGISTER.THROW:
        throw new TypeError('a bug of a callback');
      default:
        device.value = from[0] ?? 0;
    }
  },
};

export function createDevice(core: VfioCore, data: unknown): WorkerDevice {
  if (data === 'fail') throw new TypeError('no such device');
  // A timer of the device's own must not keep a closed thread.
  setInterval(() => undefined, 1e6);
  core.memory.alloc('kept', 0x1000);
  const ref = allocDevice(Register, 'vdev', core.parent('register'), ops);
  const { vdev } = ref.device;
  ref.device.value = typeof data === 'number' ? data : 0;
  registerEmulatedIommuDev(vdev);
  return {
    vdev,
    async close() {
      await unregisterGroupDev(vdev);
      if (data !== 'leak') ref.put();
    },
  };
}
