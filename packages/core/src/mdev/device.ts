// One mediated device as the bus sees it. Counterpart of drivers/vfio/mdev/mdev_core.c.
//
// Concepts: an mdev is on the bus from create to the end of remove, and alive until its last reference
// is gone, which may be later: the VFIO device made under it holds one. Its UUID and its instance of the
// parent's limit come back only then.

import type { VfioCore } from '../core.ts';
import type { VfioDevice } from '../device/device.ts';
import { isErrno, VfioError } from '../errno.ts';
import type { Ticket } from '../leaks.ts';
import { MdevBinding } from './binding.ts';
import type { MdevDriverInfo, MdevParentDevice, MdevTypeDefinition } from './definition.ts';
import {
  MdevDevice,
  type MdevAttributeGroup,
  type MdevParent,
  type MdevState,
  type MdevType,
} from './mdev.ts';
import type { MdevOnBus, ParentState } from './registry.ts';
import { parseUnsigned } from './unsigned.ts';

/** {@link MdevDevice} with what the bus does to it. @internal */
export class CoreMdevDevice<T extends MdevTypeDefinition, I, P extends MdevParentDevice>
  extends MdevDevice<T, I, P>
  implements MdevOnBus<T, I, P>
{
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

  /** Takes the UUID and an instance; the last reference gives them back. */
  constructor(shared: ParentState<T, I, P>, type: MdevType<T, I, P>, uuid: string) {
    super();
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

  get driver(): MdevDriverInfo | undefined {
    return this.#binding?.driver;
  }

  get vfioDevice(): VfioDevice | undefined {
    return this.#vfioDevice;
  }

  /** Called by the core. */
  deviceAdded(vdev: VfioDevice): void {
    this.#vfioDevice = vdev;
  }

  /** Called by the core. */
  deviceRemoved(vdev: VfioDevice): void {
    if (this.#vfioDevice === vdev) this.#vfioDevice = undefined;
  }

  get instance(): I {
    return this.#bound('instance').instance;
  }

  get attributes(): Readonly<Record<string, MdevAttributeGroup<T, I, P>>> {
    const binding = this.#binding;
    return binding?.hasAttributes === true ? (binding.driver.attributes ?? {}) : {};
  }

  get(): void {
    if (this.#state === 'released') {
      throw new VfioError('ENODEV', 'get', `${this.name}: the last reference is gone`);
    }
    this.#references++;
  }

  put(): void {
    if (this.#references === 0) {
      throw new VfioError('EINVAL', 'put', `${this.name}: no reference to put`);
    }
    this.#references--;
    this.#releaseIfLast();
  }

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

  async writeRemove(text: string): Promise<number> {
    if (parseRemove(text)) await this.remove();
    return text.length;
  }

  show(group: string, name: string): string {
    return this.#bound('show').show(group, name);
  }

  async store(group: string, name: string, value: string): Promise<void> {
    await this.#bound('store').store(group, name, value);
  }

  /** Probes the parent's driver. */
  bind(): void {
    const { registry, driver } = this.#shared;
    if (!registry.takes(driver)) {
      throw new VfioError('ENODEV', 'create', `driver ${driver.name} is not registered`);
    }
    this.#binding = new MdevBinding(driver, this);
  }

  /** Opposite of {@link CoreMdevDevice.bind}; does nothing where no driver is bound. */
  async unbind(): Promise<void> {
    await this.#binding?.unbind();
    this.#binding = undefined;
  }

  /** Lets remove in. */
  activate(): void {
    this.#state = 'active';
  }

  async removeCommon(): Promise<void> {
    // The files go first, so that nobody writes to a device whose driver is leaving.
    this.#state = 'removing';
    await this.unbind();
    this.#shared.children.delete(this);
    this.drop();
  }

  /** Puts the bus's own reference. */
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
