// Character devices: how a user with an iommufd comes to a device file. Counterpart of drivers/vfio/device_cdev.c.

import { checkObject, hex } from '../arguments.ts';
import { liveDevice, type CoreDevice, type VfioDevice } from '../device/device.ts';
import type { Registration } from '../device/registration.ts';
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

  /** @internal Made by {@link openDeviceCdev}; puts `registration` when closed. */
  constructor(device: CoreDevice, group: VfioGroup, registration: Registration) {
    super(device, undefined, {
      fileClosed: () => {
        if (this.#iommufd !== undefined) group.cdevOpens--;
        registration.put();
      },
    });
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
  bindIommufd(request: BindIommufdRequest): number {
    const op = 'bindIommufd';
    this.check(op);
    checkObject(op, 'request', request);
    const { argsz = BIND_SIZE, flags = 0, iommufd } = request;
    const device = this.#core;
    const refuse = (code: 'EINVAL' | 'EBUSY', fact: string): never => {
      throw new VfioError(code, op, `${device.name}: ${fact}`);
    };
    checkRequest(op, argsz, BIND_SIZE, flags);
    if (!(iommufd instanceof Iommufd) || !iommufd.isOpen) refuse('EINVAL', 'not an open iommufd');
    if (this.#iommufd !== undefined) refuse('EINVAL', 'bound already');
    if (this.#group.isOpen) refuse('EBUSY', 'open through its group');
    if (device.openCount > 0) refuse('EINVAL', 'open elsewhere');
    // Precedes the callbacks: one of them may try the group.
    this.#group.cdevOpens++;
    try {
      this.bound(OpenedDevice.open(device, { ioas: undefined, kvm: undefined, iommufd }));
    } catch (error) {
      this.#group.cdevOpens--;
      throw error;
    }
    this.#iommufd = iommufd;
    return device.index;
  }

  /**
   * Sends the device's DMA to the address space of the iommufd. Counterpart of `VFIO_DEVICE_ATTACH_IOMMUFD_PT`.
   *
   * @throws `EINVAL` argsz, flags, not bound, the iommufd is closed; what `attachIoas` gives
   */
  attach({ argsz = ATTACH_SIZE, flags = 0 }: AttachRequest = {}): void {
    const opened = this.#bound('attach');
    checkRequest('attach', argsz, ATTACH_SIZE, flags);
    const iommufd = this.#iommufd;
    if (iommufd?.isOpen !== true) throw new VfioError('EINVAL', 'attach', 'the iommufd is closed');
    this.#exclusively('attach', () => opened.attach(iommufd.ioas));
  }

  /**
   * Opposite of {@link CdevFile.attach}: the driver is told by `dmaUnmap` to unpin everything. Counterpart of
   * `VFIO_DEVICE_DETACH_IOMMUFD_PT`.
   *
   * @throws `EINVAL` argsz, flags, not bound
   */
  detach({ argsz = DETACH_SIZE, flags = 0 }: AttachRequest = {}): void {
    const opened = this.#bound('detach');
    checkRequest('detach', argsz, DETACH_SIZE, flags);
    this.#exclusively('detach', () => opened.detach());
  }

  #exclusively(op: string, action: () => void): void {
    const device = this.#core;
    device.deviceSet?.exclusively(device, op, action);
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
  if (flags !== 0) throw new VfioError('EINVAL', op, `unknown flags ${hex(flags)}`);
}

/**
 * Opens the character device of a registered device. The file holds the registration until it is closed.
 *
 * @throws `ENODEV` not registered, or without an IOMMU, which has no character device; `ENOTTY` the core has no
 * iommufd
 */
export function openDeviceCdev(vdev: VfioDevice): CdevFile {
  const op = 'openDeviceCdev';
  const device = liveDevice(vdev, op);
  if (device.options.iommufd !== true)
    throw new VfioError('ENOTTY', op, 'this core has no iommufd');
  const group = deviceGroup(vdev);
  if (group.isNoIommu) {
    throw new VfioError('ENODEV', op, `${device.name} has no IOMMU and so no character device`);
  }
  const { life } = device;
  if (life.tag !== 'registered' || !life.registration.tryGet()) {
    throw new VfioError('ENODEV', op, `${device.name} is ${life.tag}`);
  }
  return new CdevFile(device, group, life.registration);
}
