// References to a device. The last put releases it: set left, index freed, ops.release, memory gone.

import { joined, type Failure } from '../cleanup.ts';
import { VfioError } from '../errno.ts';
import { captureStack } from '../leaks.ts';
import { leaveDeviceSet } from './set-membership.ts';
import { RELEASED, RELEASING, type CoreDevice } from './device.ts';

/**
 * One counted reference to a driver's object, with an identity of its own. `[Symbol.dispose]` is `put`.
 */
export interface Ref<T> extends Disposable {
  /**
   * The driver's object.
   *
   * @throws `EINVAL` this reference has been put; `ENODEV` the device has been released
   */
  readonly device: T;
  /**
   * A further reference. Counterpart of `get_device()`.
   *
   * @throws `EINVAL` this reference has been put; `ENODEV` the device has been released
   */
  get(): Ref<T>;
  /**
   * Gives this reference back; the last one releases the device. Counterpart of `vfio_put_device()`.
   *
   * @throws `EINVAL` this reference has been put before; `EBUSY` it is the last one of a device that is
   * still registered (then nothing has changed); what `release` throws, after everything is done
   */
  put(): void;
}

/** The only implementation of {@link Ref}; made by the allocator. */
export class DeviceRef<T extends object> implements Ref<T> {
  readonly #device: CoreDevice;
  readonly #self: T;
  /** Where the put happened, or `true` when the core does not trace. */
  #put: string | true | undefined = undefined;

  constructor(device: CoreDevice, self: T) {
    this.#device = device;
    this.#self = self;
  }

  get device(): T {
    this.#check('device');
    return this.#self;
  }

  get(): Ref<T> {
    this.#check('get');
    this.#device.references++;
    return new DeviceRef(this.#device, this.#self);
  }

  put(): void {
    if (this.#put !== undefined) throw this.#secondPut();
    const device = this.#device;
    if (device.references === 1 && isRegistered(device)) {
      throw new VfioError(
        'EBUSY',
        'put',
        `${device.name} is ${device.state}: unregister before the last put`,
      );
    }
    this.#put = device.core.tracker.trace ? captureStack() : true;
    device.references--;
    if (device.references === 0) release(device);
  }

  [Symbol.dispose](): void {
    this.put();
  }

  #check(op: string): void {
    if (this.#put === undefined) return;
    const code = this.#device.life.tag === 'released' ? 'ENODEV' : 'EINVAL';
    throw new VfioError(code, op, `${this.#device.name}: this reference has been put`);
  }

  #secondPut(): VfioError {
    const where = typeof this.#put === 'string' ? `; the first put was at\n${this.#put}` : '';
    return new VfioError(
      'EINVAL',
      'put',
      `${this.#device.name}: second put of one reference${where}`,
    );
  }
}

function isRegistered(device: CoreDevice): boolean {
  return device.life.tag === 'registered' || device.life.tag === 'unregistering';
}

/** What the last put does, whatever `ops.release` does. */
function release(device: CoreDevice): void {
  device.life = RELEASING;
  leaveDeviceSet(device);
  device.core.indexes.free(device.index);
  let failure: Failure | undefined;
  try {
    device.ops.release?.(device.self);
  } catch (error) {
    failure = { error };
  }
  device.life = RELEASED;
  try {
    device.closeTables();
  } catch (error) {
    failure = joined(error, failure);
  }
  device.core.tracker.remove(device);
  device.parent.put?.();
  if (failure !== undefined) throw failure.error;
}
