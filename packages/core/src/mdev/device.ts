// One mediated device. Counterpart of struct mdev_device (drivers/vfio/mdev/mdev_core.c).
//
// Concepts: an mdev is on the bus from create to the end of remove, and alive until its last reference
// is gone, which may be later: the VFIO device made under it holds one. Its UUID and its instance of the
// parent's limit come back only then.

import type { VfioCore } from '../core.ts';
import type { ParentDevice, VfioDevice } from '../device/device.ts';
import { isErrno, VfioError } from '../errno.ts';
import type { Ticket } from '../leaks.ts';
import { MdevBinding } from './binding.ts';
import type {
  MdevAttributeGroup,
  MdevDriverInfo,
  MdevParentDevice,
  MdevTypeDefinition,
} from './driver.ts';
import type { MdevParent } from './parent.ts';
import type { ParentState } from './registry.ts';
import type { MdevType } from './type.ts';
import { parseUnsigned } from './unsigned.ts';

/**
 * Where an mdev stands: `creating` (its probe runs), `active`, `removing` (its driver's remove runs),
 * `removed` (off the bus, somebody holds a reference), `released`.
 */
export type MdevState = 'creating' | 'active' | 'removing' | 'removed' | 'released';

/** A mediated device, the parent of the VFIO device its driver makes. */
export class MdevDevice<
  T extends MdevTypeDefinition = MdevTypeDefinition,
  I = unknown,
  P extends MdevParentDevice = MdevParentDevice,
> implements ParentDevice {
  /** The UUID, 36 characters, lower case. */
  readonly name: string;
  readonly core: VfioCore;
  readonly type: MdevType<T, I, P>;
  readonly #shared: ParentState<T, I, P>;
  readonly #ticket: Ticket;
  /** References of others; the bus has one more until the mdev is `removed`. */
  #references = 0;
  #state: MdevState = 'creating';
  #binding: MdevBinding<T, I, P> | undefined;
  #vfioDevice: VfioDevice | undefined;

  /** Takes the UUID and an instance; {@link MdevDevice.release} gives them back. @internal */
  constructor(shared: ParentState<T, I, P>, type: MdevType<T, I, P>, uuid: string) {
    this.name = uuid;
    this.core = shared.registry.core;
    this.type = type;
    this.#shared = shared;
    this.#ticket = {
      kind: 'mdev',
      describe: () => `${uuid} (${type.directory}, ${this.#state}, ${this.#references} references)`,
    };
    if (shared.driver.getAvailable === undefined) shared.available--;
    shared.registry.devices.set(uuid, this);
    this.core.tracker.add(this.#ticket);
  }

  get parent(): MdevParent<T, I, P> {
    return this.#shared.parent;
  }

  get state(): MdevState {
    return this.#state;
  }

  /** The bound driver; `undefined` before probe has returned and once remove is over. */
  get driver(): MdevDriverInfo | undefined {
    return this.#binding?.driver;
  }

  /** The VFIO device registered under this mdev, what sysfs shows in `vfio-dev/`. */
  get vfioDevice(): VfioDevice | undefined {
    return this.#vfioDevice;
  }

  /** Called by the core. @internal */
  deviceAdded(vdev: VfioDevice): void {
    this.#vfioDevice = vdev;
  }

  /** Called by the core. @internal */
  deviceRemoved(vdev: VfioDevice): void {
    if (this.#vfioDevice === vdev) this.#vfioDevice = undefined;
  }

  /**
   * What the driver's probe returned.
   *
   * @throws `ENODEV` no driver is bound
   */
  get instance(): I {
    return this.#bound('instance').instance;
  }

  /** The attribute groups that can be read and written now. */
  get attributes(): Readonly<Record<string, MdevAttributeGroup<T, I, P>>> {
    const binding = this.#binding;
    return binding?.hasAttributes === true ? (binding.driver.attributes ?? {}) : {};
  }

  /**
   * Takes a reference. Counterpart of `get_device()`.
   *
   * @throws `ENODEV` the last reference is gone
   */
  get(): void {
    if (this.#state === 'released') {
      throw new VfioError('ENODEV', 'get', `${this.name}: the last reference is gone`);
    }
    this.#references++;
  }

  /**
   * Opposite of {@link MdevDevice.get}. Counterpart of `put_device()`.
   *
   * @throws `EINVAL` more puts than gets
   */
  put(): void {
    if (this.#references === 0) {
      throw new VfioError('EINVAL', 'put', `${this.name}: no reference to put`);
    }
    this.#references--;
    this.#releaseIfLast();
  }

  /**
   * Takes the mdev off the bus: its files go, then the driver removes it, which waits for its users.
   * Counterpart of `mdev_device_remove()`.
   *
   * @throws `ENODEV` released already, or the parent is unregistering
   * @throws `EAGAIN` not yet created, or another remove has started
   */
  async remove(): Promise<void> {
    const { registry, gate } = this.#shared;
    if (registry.devices.get(this.name) !== this) {
      throw new VfioError('ENODEV', 'remove', `${this.name}: not on the bus`);
    }
    if (this.#state !== 'active') {
      throw new VfioError('EAGAIN', 'remove', `${this.name}: is ${this.#state}`);
    }
    if (!gate.tryEnter()) {
      throw new VfioError('ENODEV', 'remove', `${this.parent.name}: unregistering`);
    }
    try {
      await this.removeCommon();
    } finally {
      gate.leave();
    }
  }

  /**
   * What a write to the `remove` file does: any number but 0 removes. Counterpart of `remove_store()`.
   *
   * @returns characters consumed, all of them
   * @throws `EINVAL` not a number, and what {@link MdevDevice.remove} throws
   */
  async writeRemove(text: string): Promise<number> {
    if (parseRemove(text)) await this.remove();
    return text.length;
  }

  /**
   * Reads an attribute of the driver.
   *
   * @param group - `''` for the mdev's own directory
   * @throws `ENODEV` no driver; `ENOENT` no such attribute; `EACCES` it cannot be read
   */
  show(group: string, name: string): string {
    return this.#bound('show').show(group, name);
  }

  /**
   * Writes an attribute of the driver.
   *
   * @throws `ENODEV` no driver; `ENOENT` no such attribute; `EACCES` it cannot be written
   */
  async store(group: string, name: string, value: string): Promise<void> {
    await this.#bound('store').store(group, name, value);
  }

  /** Probes the parent's driver. @internal */
  bind(): void {
    const { registry, driver } = this.#shared;
    if (!registry.takes(driver)) {
      throw new VfioError('ENODEV', 'create', `driver ${driver.name} is not registered`);
    }
    this.#binding = new MdevBinding(driver, this);
  }

  /** Opposite of {@link MdevDevice.bind}; does nothing where no driver is bound. @internal */
  async unbind(): Promise<void> {
    await this.#binding?.unbind();
    this.#binding = undefined;
  }

  /** Lets remove in. @internal */
  activate(): void {
    this.#state = 'active';
  }

  /** Removes, whoever asked and whatever the gate says. @internal */
  async removeCommon(): Promise<void> {
    // The files go first, so that nobody writes to a device whose driver is leaving.
    this.#state = 'removing';
    await this.unbind();
    this.#shared.children.delete(this);
    this.drop();
  }

  /** Puts the bus's own reference. @internal */
  drop(): void {
    this.#state = 'removed';
    this.#releaseIfLast();
  }

  #releaseIfLast(): void {
    if (this.#state !== 'removed' || this.#references > 0) return;
    this.#state = 'released';
    this.#shared.registry.devices.delete(this.name);
    if (this.#shared.driver.getAvailable === undefined) this.#shared.available++;
    this.core.tracker.remove(this.#ticket);
  }

  #bound(op: string): MdevBinding<T, I, P> {
    if (this.#binding === undefined) {
      throw new VfioError('ENODEV', op, `${this.name}: no driver is bound`);
    }
    return this.#binding;
  }
}

/** Whether the text asks for a removal; all that is wrong with it is `EINVAL`, also what is too large. */
function parseRemove(text: string): boolean {
  try {
    return parseUnsigned(text) !== 0n;
  } catch (cause) {
    if (!isErrno(cause, 'ERANGE')) throw cause;
    throw new VfioError('EINVAL', 'writeRemove', 'the number is too large', { cause });
  }
}
