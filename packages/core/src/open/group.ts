// Groups: how a virtual machine monitor comes to a device file. Counterpart of drivers/vfio/group.c.

import { runAll } from '../cleanup.ts';
import { liveDevice, type CoreDevice, type VfioDevice } from '../device/device.ts';
import type { KvmReference } from '../device/user.ts';
import { errnoCode, VfioError } from '../errno.ts';
import type { LeakTracker, Ticket } from '../leaks.ts';
import { Container, Iommufd } from './container.ts';
import { DeviceFile, type FileOwner } from './device-file.ts';
import { OpenedDevice } from './opened.ts';

function refuse(
  code: 'EBADF' | 'EBADFD' | 'EBUSY' | 'EINVAL' | 'ENODEV' | 'EPERM',
  op: string,
  fact: string,
): never {
  throw new VfioError(code, op, fact);
}

/** What the opener of a group is allowed to do. */
export interface GroupOpenOptions {
  /** `CAP_SYS_RAWIO`, without which a no-IOMMU group stays shut. */
  readonly rawIo?: boolean;
}

/** Devices that are handed out together. Counterpart of `struct vfio_group`. */
export class VfioGroup {
  readonly name: string;
  /** Its devices have no IOMMU at all: only the privileged may use it. */
  readonly isNoIommu: boolean;
  /** Those registered now. @internal */
  readonly devices: CoreDevice[] = [];
  /** Devices of the group open through their character device. */
  cdevOpens = 0;
  #file: GroupFile | undefined = undefined;

  constructor(name: string, isNoIommu: boolean) {
    this.name = name;
    this.isNoIommu = isNoIommu;
  }

  /** Whether a group file is open. */
  get isOpen(): boolean {
    return this.#file !== undefined;
  }

  /**
   * Opens the group, once at a time. Counterpart of opening `/dev/vfio/N`.
   *
   * @throws `ENODEV` no device is registered; `EPERM` no-IOMMU without `rawIo`; `EBUSY` open already, or a member is
   * in use through its character device
   */
  open({ rawIo = false }: GroupOpenOptions = {}): GroupFile {
    const [first] = this.devices;
    if (first === undefined) refuse('ENODEV', 'openGroup', `${this.name} has no device`);
    if (this.isNoIommu && !rawIo) refuse('EPERM', 'openGroup', `${this.name} has no IOMMU`);
    if (this.#file !== undefined) refuse('EBUSY', 'openGroup', `${this.name} is open already`);
    if (this.cdevOpens > 0) refuse('EBUSY', 'openGroup', `${this.name} is in use by cdev`);
    this.#file = new GroupFile(this, first.core.tracker);
    return this.#file;
  }

  /** @internal The open file and the last of its device files are closed. */
  fileClosed(): void {
    this.#file = undefined;
  }
}

/** An open group. */
export class GroupFile implements FileOwner, Ticket {
  readonly kind = 'group-file' as const;
  readonly group: VfioGroup;
  readonly #tracker: LeakTracker;
  stack?: string;
  newer?: Ticket | undefined;
  older?: Ticket | undefined;
  #closed = false;
  #container: Container | undefined = undefined;
  #kvm: KvmReference | undefined = undefined;
  #files = 0;

  /** @internal Made by {@link VfioGroup.open}. */
  constructor(group: VfioGroup, tracker: LeakTracker) {
    this.group = group;
    this.#tracker = tracker;
    tracker.add(this);
  }

  /**
   * Attaches an address space. Counterpart of `VFIO_GROUP_SET_CONTAINER`.
   *
   * @throws `EINVAL` has one already; `EBADF` closed; `EBADFD` no container at all; `ENODEV` the group is dead
   */
  setContainer(container: Container): void {
    this.#check('setContainer');
    if (this.#container !== undefined) {
      refuse('EINVAL', 'setContainer', `${this.group.name} has a container`);
    }
    if (!(container instanceof Container)) refuse('EBADFD', 'setContainer', 'not a container');
    if (!container.isOpen) refuse('EBADF', 'setContainer', 'the container is closed');
    if (this.group.devices.length === 0) {
      refuse('ENODEV', 'setContainer', `${this.group.name} has no device`);
    }
    this.#container = container;
  }

  /**
   * Opposite of {@link GroupFile.setContainer}.
   *
   * @throws `EINVAL` none is set; `EBUSY` a device is open
   */
  unsetContainer(): void {
    this.#check('unsetContainer');
    if (this.#container === undefined) refuse('EINVAL', 'unsetContainer', 'no container is set');
    if (this.#files > 0) refuse('EBUSY', 'unsetContainer', `${this.#files} device files are open`);
    this.#container = undefined;
  }

  /** Gives the virtual machine whose reference each first open takes; `undefined` takes it away. */
  setKvm(kvm: KvmReference | undefined): void {
    this.#check('setKvm');
    this.#kvm = kvm;
  }

  /**
   * Opens a device of the group; several files of one device share its open. Counterpart of
   * `VFIO_GROUP_GET_DEVICE_FD`.
   *
   * @param which - the device itself, or a name: asked of `ops.match`, or compared with the device's name
   * @throws `EINVAL` no open container; `ENODEV` no such device; `EPERM` no IOMMU; what `match` or `openDevice` give
   */
  openDevice(which: string | VfioDevice): DeviceFile {
    this.#check('openDevice');
    if (this.#container === undefined) refuse('EINVAL', 'openDevice', 'no container is set');
    const container = this.#container;
    if (!container.isOpen) refuse('EINVAL', 'openDevice', 'the container is closed');
    let opened: OpenedDevice | undefined;
    // Precedes the callbacks: one of them may close this file, which then lasts as long as the device's.
    this.#files++;
    try {
      const device = typeof which === 'string' ? this.#find(which) : this.#member(which);
      opened = OpenedDevice.open(device, {
        ioas: container.ioas,
        kvm: this.#kvm,
        iommufd: container instanceof Iommufd ? container : undefined,
      });
      device.options.fault?.('device-file');
      return new DeviceFile(device, opened, this);
    } catch (error) {
      throw runAll([() => opened?.close(), () => this.fileClosed()], this, { error })?.error;
    }
  }

  /** Closes the file; the group is free again when its last device file is closed too. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#files === 0) this.#finish();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** @internal Balances the count of openDevice. */
  fileClosed(): void {
    this.#files--;
    if (this.#closed && this.#files === 0) this.#finish();
  }

  describe(): string {
    const devices = `${this.#files} open device files`;
    return `file of group ${this.group.name}${this.#closed ? ', closed' : ''}, ${devices}`;
  }

  #finish(): void {
    this.#container = undefined;
    this.#tracker.remove(this);
    this.group.fileClosed();
  }

  #check(op: string): void {
    if (this.#closed) refuse('EBADF', op, `${this.group.name} is closed`);
  }

  #member(vdev: VfioDevice): CoreDevice {
    const device = liveDevice(vdev, 'openDevice');
    if (device.group === this.group) return device;
    return refuse('ENODEV', 'openDevice', `${this.group.name} has no device ${device.name}`);
  }

  #find(name: string): CoreDevice {
    for (const device of this.group.devices) {
      const verdict = device.ops.match?.(device.self, name) ?? (device.name === name ? 1 : 0);
      if (verdict < 0) {
        const fact = `${device.name} refuses the name ${name}`;
        throw new VfioError(errnoCode(verdict) ?? 'EINVAL', 'openDevice', fact);
      }
      if (verdict > 0) return device;
    }
    return refuse('ENODEV', 'openDevice', `${this.group.name} has no device ${name}`);
  }
}

/**
 * The group of a registered device.
 *
 * @throws `ENODEV` not registered
 */
export function deviceGroup(vdev: VfioDevice): VfioGroup {
  const { group, name } = liveDevice(vdev, 'deviceGroup');
  if (group instanceof VfioGroup) return group;
  return refuse('ENODEV', 'deviceGroup', `${name} is not registered`);
}
