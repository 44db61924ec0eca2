// Character devices: how a user with an iommufd comes to a device file. Counterpart of drivers/vfio/device_cdev.c.

import { liveDevice, type CoreDevice, type VfioDevice } from '../device/device.ts';
import { VfioError } from '../errno.ts';
import { Iommufd } from './container.ts';
import { DeviceFile } from './device-file.ts';
import { deviceGroup, type VfioGroup } from './group.ts';
import { OpenedDevice } from './opened.ts';

/** Request of `VFIO_DEVICE_BIND_IOMMUFD`. */
export interface BindIommufdRequest {
  /** 16 when left out. */
  readonly argsz?: number;
  /** Must be 0. */
  readonly flags?: number;
  readonly iommufd: Iommufd;
}

/** Request of `VFIO_DEVICE_ATTACH_IOMMUFD_PT` and its opposite. */
export interface AttachRequest {
  readonly argsz?: number;
  /** Must be 0. */
  readonly flags?: number;
}

const BIND_SIZE = 16;
const ATTACH_SIZE = 12;
const DETACH_SIZE = 8;

/** A device file of a character device: every call but bind is `EINVAL` until it is bound. */
export class CdevFile extends DeviceFile {
  readonly #core: CoreDevice;
  readonly #group: VfioGroup;
  #iommufd: Iommufd | undefined = undefined;

  /** @internal Made by {@link openDeviceCdev}. */
  constructor(device: CoreDevice, group: VfioGroup) {
    super(device, undefined, { fileClosed: () => this.#unbound() });
    this.#core = device;
    this.#group = group;
  }

  /**
   * Opens the device through an iommufd. Counterpart of `VFIO_DEVICE_BIND_IOMMUFD`.
   *
   * @returns the device's id in the iommufd
   * @throws `EINVAL` argsz, flags, no open iommufd, bound already or open elsewhere; `EBUSY` open through its group;
   * `ENODEV` not registered any more; what `openDevice` gives
   */
  bindIommufd({ argsz = BIND_SIZE, flags = 0, iommufd }: BindIommufdRequest): number {
    this.check('bindIommufd');
    const device = this.#core;
    const refuse = (code: 'EINVAL' | 'EBUSY', fact: string): never => {
      throw new VfioError(code, 'bindIommufd', `${device.name}: ${fact}`);
    };
    checkRequest('bindIommufd', argsz, BIND_SIZE, flags);
    if (!(iommufd instanceof Iommufd) || !iommufd.isOpen) refuse('EINVAL', 'not an open iommufd');
    if (this.#iommufd !== undefined) refuse('EINVAL', 'bound already');
    if (this.#group.isOpen) refuse('EBUSY', 'open through its group');
    if (device.openCount > 0) refuse('EINVAL', 'open elsewhere');
    const opened = OpenedDevice.open(device, { ioas: undefined, kvm: undefined, iommufd });
    this.#iommufd = iommufd;
    this.#group.cdevOpens++;
    this.bound(opened);
    return device.index;
  }

  /**
   * Sends the device's DMA to the address space of the iommufd. Counterpart of `VFIO_DEVICE_ATTACH_IOMMUFD_PT`.
   *
   * @throws `EINVAL` argsz, flags, not bound
   */
  attach({ argsz = ATTACH_SIZE, flags = 0 }: AttachRequest = {}): void {
    const opened = this.#bound('attach');
    checkRequest('attach', argsz, ATTACH_SIZE, flags);
    if (this.#iommufd !== undefined) opened.attach(this.#iommufd.ioas);
  }

  /**
   * Opposite of {@link CdevFile.attach}. Counterpart of `VFIO_DEVICE_DETACH_IOMMUFD_PT`.
   *
   * @throws `EINVAL` argsz, flags, not bound
   */
  detach({ argsz = DETACH_SIZE, flags = 0 }: AttachRequest = {}): void {
    const opened = this.#bound('detach');
    checkRequest('detach', argsz, DETACH_SIZE, flags);
    opened.detach();
  }

  /** Balances the count of bindIommufd. */
  #unbound(): void {
    if (this.#iommufd !== undefined) this.#group.cdevOpens--;
  }

  #bound(op: string): OpenedDevice {
    this.check(op);
    const opened = this.openedDevice;
    if (opened === undefined) throw new VfioError('EINVAL', op, `${this.#core.name} is not bound`);
    return opened;
  }
}

function checkRequest(op: string, argsz: number, size: number, flags: number): void {
  if (!(argsz >= size)) throw new VfioError('EINVAL', op, `argsz ${argsz} is below ${size}`);
  if (flags !== 0) throw new VfioError('EINVAL', op, `unknown flags 0x${flags.toString(16)}`);
}

/**
 * Opens the character device of a registered device.
 *
 * @throws `ENODEV` not registered; `ENOTTY` the core has no iommufd
 */
export function openDeviceCdev(vdev: VfioDevice): CdevFile {
  const device = liveDevice(vdev, 'openDeviceCdev');
  if (device.options.iommufd !== true) {
    throw new VfioError('ENOTTY', 'openDeviceCdev', 'this core has no iommufd');
  }
  return new CdevFile(device, deviceGroup(vdev));
}
