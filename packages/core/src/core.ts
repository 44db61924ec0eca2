// One VFIO core: what all its devices share. Nothing of it is global, so a process can have several.

import { VfioError } from './errno.ts';
import type { Clock, CoreHost, Logger, MemoryBackend } from './host.ts';
import { IndexAllocator } from './index-allocator.ts';
import { LeakTracker, type Leak } from './leaks.ts';

/** Where a fault can be injected; see {@link CoreOptions.fault}. */
export type FaultPoint =
  | 'alloc'
  | 'index'
  | 'group'
  | 'device-add'
  | 'module-get'
  | 'device-file'
  | 'mdev-alloc'
  | 'mdev-add'
  | 'mdev-links';

/** How a core is set up. */
export interface CoreOptions {
  /** Records the stack of each allocation, open, mapping and pin for {@link VfioCore.leaks}. */
  readonly trace?: boolean;
  /** Devices that may be alive at once; 2^20 (`MINORMASK + 1`) when left out. */
  readonly maxDevices?: number;
  /** Offers character devices and iommufd: registration then needs the four iommufd callbacks. */
  readonly iommufd?: boolean;
  /** Lets a device without an IOMMU group register as physical. */
  readonly noIommu?: boolean;
  /** Called at each point where the kernel could run out of something; throw to make it fail. */
  readonly fault?: (point: FaultPoint) => void;
}

/** Something with a name in a core. */
export interface NamedParent {
  readonly name: string;
  readonly core: VfioCore;
}

/** `MINORMASK + 1`. */
const DEVICES_MAX = 2 ** 20;

/** The state all devices of one core share. */
export class VfioCore {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly memory: MemoryBackend;
  readonly options: CoreOptions;
  /** @internal */
  readonly indexes: IndexAllocator;
  /** @internal */
  readonly tracker: LeakTracker;

  /** @throws `EINVAL` `maxDevices` is not a natural number up to 2^20 */
  constructor(host: CoreHost, options: CoreOptions = {}) {
    const { maxDevices = DEVICES_MAX } = options;
    if (!(Number.isInteger(maxDevices) && maxDevices >= 0 && maxDevices <= DEVICES_MAX)) {
      throw new VfioError('EINVAL', 'VfioCore', `maxDevices ${maxDevices} is not up to 2^20`);
    }
    this.clock = host.clock;
    this.logger = host.logger;
    this.memory = host.memory;
    this.options = options;
    this.indexes = new IndexAllocator(maxDevices);
    this.tracker = new LeakTracker(options.trace === true);
  }

  /** A plain parent for devices that no bus makes. */
  parent(name: string): NamedParent {
    return { name, core: this };
  }

  /** Everything that is alive: devices, open files, mappings and pins, oldest first. */
  leaks(): readonly Leak[] {
    return this.tracker.list();
  }
}
