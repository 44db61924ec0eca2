// A device under which mdevs can be made. Counterpart of struct mdev_parent (include/linux/mdev.h).

import { VfioError } from '../errno.ts';
import type { MdevDevice } from './device.ts';
import type {
  MdevDriverInfo,
  MdevDriverOps,
  MdevParentDevice,
  MdevTypeDefinition,
} from './driver.ts';
import { UnregisterGate } from './gate.ts';
import type { MdevRegistry, ParentState } from './registry.ts';
import { MdevType } from './type.ts';

/** A registered parent. */
export class MdevParent<
  T extends MdevTypeDefinition = MdevTypeDefinition,
  I = unknown,
  P extends MdevParentDevice = MdevParentDevice,
> {
  /** Its directory. */
  readonly name: string;
  /** The driver's own object for it. */
  readonly device: P;
  /** What can be created, in the order the driver gave. */
  readonly types: readonly MdevType<T, I, P>[];
  readonly #shared: ParentState<T, I, P>;

  /** Made by the bus. @internal */
  constructor(
    registry: MdevRegistry,
    device: P,
    driver: MdevDriverOps<T, I, P>,
    definitions: readonly T[],
  ) {
    this.name = device.name;
    this.device = device;
    this.#shared = {
      registry,
      parent: this,
      driver,
      gate: new UnregisterGate(),
      children: new Set(),
      available: driver.maxInstances ?? 0,
    };
    this.types = definitions.map((definition) => new MdevType(this.#shared, definition));
  }

  /** The driver that every mdev of this parent is bound to. */
  get driver(): MdevDriverInfo {
    return this.#shared.driver;
  }

  /** Its mdevs that are on the bus, oldest first. */
  get devices(): readonly MdevDevice<T, I, P>[] {
    return [...this.#shared.children];
  }

  /** Whether an unregister has started; creates and removes are then refused. */
  get isUnregistering(): boolean {
    return this.#shared.gate.isClosed;
  }

  /** The type with that directory name, for example `mdpy-vga`. */
  type(directory: string): MdevType<T, I, P> | undefined {
    return this.types.find((type) => type.directory === directory);
  }

  /**
   * Creates an mdev of the type with that directory name; see {@link MdevType.create}.
   *
   * @throws `ENOENT` no such type, and what `MdevType.create` throws
   */
  async create(directory: string, uuid: string): Promise<MdevDevice<T, I, P>> {
    const type = this.type(directory);
    if (type === undefined) {
      throw new VfioError('ENOENT', 'create', `${this.name}: no type ${directory}`);
    }
    return await type.create(uuid);
  }

  /**
   * Removes every mdev, oldest first, each as its own remove would, then the parent with its types. Waits
   * for their users, and for creates and removes that are under way. Counterpart of
   * `mdev_unregister_parent()`.
   *
   * @throws `ENODEV` unregistered already, or another unregister has started
   */
  async unregister(): Promise<void> {
    const { registry, gate, children } = this.#shared;
    if (gate.isClosed) {
      throw new VfioError('ENODEV', 'unregisterParent', `${this.name}: unregistering already`);
    }
    await gate.close();
    for (const mdev of children) {
      // One after the other: the next child is not asked while the one before it is in use.
      // oxlint-disable-next-line no-await-in-loop
      await mdev.removeCommon();
    }
    registry.parents.delete(this.name);
    registry.core.logger.log('info', this.name, () => 'mdev parent unregistered');
    registry.uevent(this.name, 'unregistered');
  }
}
