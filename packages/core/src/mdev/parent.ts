// A device under which mdevs can be made, as the bus keeps it. Counterpart of mdev_register_parent() and its
// opposite (drivers/vfio/mdev/mdev_core.c).

import { VfioError } from '../errno.ts';
import type { MdevDriverInfo, MdevParentDevice, MdevTypeDefinition } from './definition.ts';
import type { MdevDriverOps } from './driver.ts';
import { UnregisterGate } from './gate.ts';
import { MdevParent, type MdevDevice, type MdevType } from './mdev.ts';
import type { MdevRegistry, ParentState } from './registry.ts';
import { CoreMdevType } from './type.ts';

/** {@link MdevParent} with what it shares with its types and mdevs. @internal */
export class CoreMdevParent<
  T extends MdevTypeDefinition,
  I,
  P extends MdevParentDevice,
> extends MdevParent<T, I, P> {
  readonly name: string;
  readonly device: P;
  readonly types: readonly MdevType<T, I, P>[];
  readonly #shared: ParentState<T, I, P>;

  constructor(
    registry: MdevRegistry,
    device: P,
    driver: MdevDriverOps<T, I, P>,
    definitions: readonly T[],
  ) {
    super();
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
    this.types = definitions.map((definition) => new CoreMdevType(this.#shared, definition));
  }

  get driver(): MdevDriverInfo {
    return this.#shared.driver;
  }

  get devices(): readonly MdevDevice<T, I, P>[] {
    return [...this.#shared.children];
  }

  get isUnregistering(): boolean {
    return this.#shared.gate.isClosed;
  }

  type(directory: string): MdevType<T, I, P> | undefined {
    return this.types.find((type) => type.directory === directory);
  }

  async create(directory: string, uuid: string): Promise<MdevDevice<T, I, P>> {
    const type = this.type(directory);
    if (type === undefined) {
      throw new VfioError('ENOENT', 'create', `${this.name}: no type ${directory}`);
    }
    return await type.create(uuid);
  }

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
