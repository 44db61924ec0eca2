// The open state of a device, shared by all its open files: made by the first open, undone by the last close, in the
// order of vfio_device_first_open() and vfio_device_last_close().

import { IOVA_LIMIT } from '../access.ts';
import { joined, type Failure } from '../cleanup.ts';
import type { CoreDevice } from '../device/device.ts';
import type { Offers } from '../device/registration.ts';
import type { DeviceUser, KvmReference } from '../device/user.ts';
import type { IoAddressSpace } from '../dma/address-space.ts';
import type { DmaUser } from '../dma/dma-user.ts';
import { VfioError } from '../errno.ts';
import { endLogging } from '../feature/logging.ts';
import { LoggingState, type FeatureTarget } from '../feature/target.ts';
import { MigrationSession } from '../migration/session.ts';
import type { VfioDeviceOps } from '../ops.ts';

/** How a device is opened. */
export interface OpenWith {
  readonly ioas: IoAddressSpace | undefined;
  readonly kvm: KvmReference | undefined;
  /** The iommufd it is opened through: the driver's four callbacks are called. */
  readonly iommufd: object | undefined;
}

/** An open device. */
export class OpenedDevice implements DeviceUser, DmaUser, FeatureTarget {
  readonly device: CoreDevice;
  readonly kvm: KvmReference | undefined;
  readonly iommufd: object | undefined;
  /** What the first open attaches. */
  readonly firstIoas: IoAddressSpace | undefined;
  readonly migration: MigrationSession | undefined;
  readonly logs: boolean;
  readonly logging: LoggingState = new LoggingState();
  #ioas: IoAddressSpace | undefined = undefined;

  private constructor(device: CoreDevice, { ioas, kvm, iommufd }: OpenWith, offers: Offers) {
    this.device = device;
    this.logs = offers.log;
    this.kvm = kvm;
    this.iommufd = iommufd;
    this.firstIoas = ioas;
    this.migration = offers.migration ? newSession(device) : undefined;
  }

  get ops(): VfioDeviceOps<object> {
    return this.device.ops;
  }

  get self(): object {
    return this.device.self;
  }

  /** For log lines of the address space. */
  get name(): string {
    return `${this.device.name} (${this.ops.name})`;
  }

  get dmaUser(): DmaUser {
    return this;
  }

  /** The address space says that a mapping with pins goes away. */
  dmaUnmap(iova: number, length: number): void {
    this.ops.dmaUnmap?.(this.self, iova, length);
  }

  /** The address space says what this device wrote. */
  onWrite(iova: number, length: number): void {
    this.device.dmaLog?.onWrite(iova, length);
  }

  log(message: () => string, error?: unknown): void {
    logOf(this.device)(message, error);
  }

  /** Stops dirty tracking that the user left on. */
  endLogging(): void {
    endLogging(this);
    this.device.dmaLog?.clear();
  }

  /**
   * Opens the device, or joins those who have it open; balanced by {@link OpenedDevice.close}.
   *
   * @throws `ENODEV` not registered, or its driver is going away; what `openDevice` gives
   */
  static open(device: CoreDevice, how: OpenWith): OpenedDevice {
    const { life, deviceSet } = device;
    if (life.tag !== 'registered' || deviceSet === undefined || !life.registration.tryGet()) {
      throw new VfioError('ENODEV', 'openDevice', `${device.name} is ${life.tag}`);
    }
    try {
      const { offers } = life.registration;
      return deviceSet.exclusively(device, 'openDevice', () => {
        const { user } = device;
        if (!(user instanceof OpenedDevice)) return OpenedDevice.#first(device, how, offers);
        device.openCount++;
        return user;
      });
    } catch (error) {
      // Balances the tryGet above.
      life.registration.put();
      throw error;
    }
  }

  static #first(device: CoreDevice, how: OpenWith, offers: Offers): OpenedDevice {
    const opened = new OpenedDevice(device, how, offers);
    let entered = 0;
    // Precedes the callbacks: deviceSetOpenCount in them counts this open.
    device.openCount++;
    try {
      for (const step of STEPS) {
        step.enter?.(opened);
        entered++;
      }
      return opened;
    } catch (error) {
      const failure = leave(opened, entered, { error });
      device.openCount--;
      throw failure?.error;
    }
  }

  get ioas(): IoAddressSpace | undefined {
    return this.#ioas;
  }

  /** Sends the device's DMA to `ioas`, in place of any other. */
  attach(ioas: IoAddressSpace): void {
    if (this.#ioas === ioas) return;
    this.detach();
    const { ops, self } = this.device;
    if (this.iommufd !== undefined) ops.attachIoas?.(self, ioas);
    ioas.attachUser(this);
    this.#ioas = ioas;
  }

  /** Opposite of {@link OpenedDevice.attach}. A device that stays open is told to unpin everything first. */
  detach(): void {
    const ioas = this.#ioas;
    if (ioas === undefined) return;
    const { ops, self, user } = this.device;
    if (user === this && ioas.pinnedPages(this) > 0) this.#unpinAll();
    this.#ioas = undefined;
    ioas.detachUser(this);
    if (this.iommufd !== undefined) ops.detachIoas?.(self);
  }

  #unpinAll(): void {
    try {
      this.dmaUnmap(0, IOVA_LIMIT);
    } catch (error) {
      this.log(() => 'dmaUnmap failed', error);
    }
  }

  /**
   * Opposite of {@link OpenedDevice.open}; the last one closes the device.
   *
   * @throws `EDEADLK` from within an open or close of the same set; what the callbacks throw, after everything is done
   */
  close(): void {
    const { device } = this;
    const { life, deviceSet } = device;
    deviceSet?.exclusively(device, 'closeDevice', () => {
      try {
        const failure = device.openCount === 1 ? leave(this, STEPS.length) : undefined;
        if (failure !== undefined) throw failure.error;
      } finally {
        device.openCount--;
        // Balances the tryGet of the open; unregister may be waiting for it.
        if (life.tag === 'registered' || life.tag === 'unregistering') life.registration.put();
      }
    });
  }
}

/** A step of the first open and its counterpart at the last close. */
interface Step {
  readonly enter?: (opened: OpenedDevice) => void;
  readonly leave?: (opened: OpenedDevice) => void;
}

const STEPS: readonly Step[] = [
  { enter: ({ kvm }) => kvm?.get(), leave: ({ kvm }) => kvm?.put() },
  { enter: ({ device }) => getModule(device) },
  {
    enter: ({ device, iommufd }) => {
      if (iommufd !== undefined) device.ops.bindIommufd?.(device.self, iommufd);
    },
    leave: ({ device, iommufd }) => {
      if (iommufd !== undefined) device.ops.unbindIommufd?.(device.self);
    },
  },
  {
    enter: (opened) => {
      if (opened.firstIoas !== undefined) opened.attach(opened.firstIoas);
    },
    leave: (opened) => opened.detach(),
  },
  {
    enter: (opened) => (opened.device.user = opened),
    leave: ({ device }) => (device.user = undefined),
  },
  { leave: ({ device }) => device.clearIrqs() },
  {
    enter: ({ device }) => device.ops.openDevice?.(device.self),
    leave: ({ device }) => device.ops.closeDevice?.(device.self),
  },
  { leave: ({ migration }) => migration?.end() },
  { leave: (opened) => opened.endLogging() },
];

/** Undoes the first `entered` steps in reverse, all of them, whatever a callback throws. */
function leave(opened: OpenedDevice, entered: number, earlier?: Failure): Failure | undefined {
  let failure = earlier;
  for (let i = entered - 1; i >= 0; i--) {
    try {
      STEPS[i]?.leave?.(opened);
    } catch (error) {
      failure = joined(error, failure);
    }
  }
  return failure;
}

function newSession(device: CoreDevice): MigrationSession {
  const { self, core } = device;
  return new MigrationSession({
    // The table can be replaced, but registration has fixed that there is one.
    ops: () => device.ops,
    self,
    log: logOf(device),
    tracker: core.tracker,
  });
}

function logOf(device: CoreDevice): (message: () => string, error?: unknown) => void {
  return (message, error) => device.core.logger.log('error', device.name, message, error);
}

function getModule(device: CoreDevice): void {
  const { fault } = device.options;
  if (fault === undefined) return;
  try {
    fault('module-get');
  } catch (cause) {
    throw new VfioError('ENODEV', 'openDevice', `${device.ops.name} is going away`, { cause });
  }
}
