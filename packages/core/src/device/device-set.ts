// Devices that share a reset. Counterpart of struct vfio_device_set: opens and closes of all members exclude each
// other.

import { VfioError } from '../errno.ts';

/** A device, as far as its set needs it. */
export interface DeviceSetMember {
  /** For messages. */
  readonly name: string;
  /** Opens of the device's files. */
  readonly openCount: number;
}

/** Devices that are reset together and opened one at a time. */
export class DeviceSet {
  /** What the driver called it; `undefined` for a set of one. */
  readonly id: unknown;
  readonly members: DeviceSetMember[] = [];
  #locked: DeviceSetMember | undefined;

  constructor(id?: unknown) {
    this.id = id;
  }

  /** @throws `EDEADLK` called from within an open or close of a member */
  checkFree(device: DeviceSetMember, op: string): void {
    if (this.#locked === undefined) return;
    const fact = `${this.#locked.name} of the same set is being opened or closed`;
    throw new VfioError('EDEADLK', op, `${device.name}: ${fact}`);
  }

  /**
   * Runs `action` while no other open or close of a member can.
   *
   * @throws `EDEADLK` as {@link DeviceSet.checkFree}
   */
  exclusively<R>(device: DeviceSetMember, op: string, action: () => R): R {
    this.checkFree(device, op);
    this.#locked = device;
    try {
      return action();
    } finally {
      this.#locked = undefined;
    }
  }
}
