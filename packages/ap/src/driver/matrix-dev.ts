// The matrix device: the parent of all mediated devices of one AP bus. Counterpart of struct ap_matrix_dev
// (drivers/s390/crypto/vfio_ap_private.h).

import { VfioError, type Clock, type KvmReference, type MdevParentDevice } from '@vfio-ts/core';
import type { ApBus } from '../bus/bus.ts';
import type { ApConfigInfo } from '../bus/config-info.ts';
import type { MatrixHost } from './matrix-host.ts';
import { hasQueue, hostMatrix, type ApMatrix } from './matrix.ts';
import type { ApMatrixMdev } from './mdev.ts';
import type { VfioApQueue } from './queue.ts';

/** Text of the matrix device's `features`: what tools may count on. */
export const VFIO_AP_FEATURES = 'guest_matrix hotplug ap_config\n';

/** How a matrix device is set up. */
export interface ApMatrixOptions {
  /** Only a virtual machine may open a device, as in Linux; a client of a socket is none. */
  readonly needsKvm?: boolean;
  /**
   * Devices get a region and an interrupt by which a guest issues AP instructions. The kernel's have none, and none is
   * the default.
   */
  readonly instructionPort?: boolean;
  /** Where waiting is done; the clock of the bus's core when left out. */
  readonly clock?: Clock;
}

/** The matrix device. */
export class ApMatrixDev implements MatrixHost, MdevParentDevice {
  readonly name = 'matrix';
  /** Text of its file `features`. */
  readonly features: string = VFIO_AP_FEATURES;
  readonly bus: ApBus;
  readonly clock: Clock;
  /** As the driver was last told. Counterpart of `matrix_dev->info`. */
  config: ApConfigInfo;
  /** The mediated devices, oldest first. */
  readonly mdevs: Set<ApMatrixMdev> = new Set();
  /** By APQN: the queues that are bound to the driver. */
  readonly queues: Map<number, VfioApQueue> = new Map();
  readonly hasInstructionPort: boolean;
  readonly #needsKvm: boolean;

  constructor(bus: ApBus, options: ApMatrixOptions = {}) {
    const { needsKvm = false, instructionPort = false, clock = bus.core.clock } = options;
    this.hasInstructionPort = instructionPort;
    this.bus = bus;
    this.clock = clock;
    this.config = bus.config;
    this.#needsKvm = needsKvm;
  }

  get matrix(): ApMatrix {
    return hostMatrix(this.config);
  }

  exclusive<R>(work: () => Promise<R> | R): Promise<R> {
    return this.bus.exclusive(work);
  }

  checkGuest(kvm: KvmReference | undefined): void {
    if (kvm === undefined) {
      if (!this.#needsKvm) return;
      throw new VfioError('EINVAL', 'openDevice', 'an ap device is for virtual machines');
    }
    for (const mdev of this.mdevs) {
      if (mdev.kvm !== kvm) continue;
      throw new VfioError('EPERM', 'openDevice', `the virtual machine has ${mdev.name} open`);
    }
  }

  /** The device whose matrix a queue is in. Counterpart of `vfio_ap_mdev_for_queue()`. */
  assignee(queue: { readonly adapter: number; readonly domain: number }): ApMatrixMdev | undefined {
    for (const mdev of this.mdevs) if (hasQueue(mdev.matrix, queue)) return mdev;
    return undefined;
  }

  log(level: 'info' | 'warn', message: () => string): void {
    this.bus.core.logger.log(level, 'vfio_ap', message);
  }
}
