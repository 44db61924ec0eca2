// A mediated device of crypto queues, and what its user does with it. Counterpart of struct ap_matrix_mdev and of its
// vfio_device_ops (drivers/s390/crypto/vfio_ap_ops.c).
//
// Concepts: `matrix` is what the administrator assigned, `shadow` what of it a guest can get. While the device is
// open, and nobody asked for it back, the shadow is installed: these are the `guestMasks` that decide which queues the
// guest's instructions reach. Everything about queues is work of the AP bus, one thing at a time, the wait for resets
// included; open and close cannot wait, so what they leave to do is put behind the work there is.

import {
  triggerIrq,
  VfioError,
  isIrqEnabled,
  type KvmReference,
  type LogLevel,
  type VfioDevice,
} from '@vfio-ts/core';
import { adapterOf, domainOf } from '../bus/names.ts';
import type { ApPort } from '../port/port.ts';
import { disableInterrupt, dropInterrupt } from './interrupt.ts';
import { VFIO_AP_CFG_CHG_IRQ_INDEX, VFIO_AP_REQ_IRQ_INDEX } from './irqs.ts';
import {
  EMPTY_MATRIX,
  hasQueue,
  matrixLimits,
  type ApMatrix,
  type MatrixLimits,
} from './matrix.ts';
import type { MatrixHost } from './matrix-host.ts';
import type { VfioApQueue } from './queue.ts';
import { resetQueues } from './reset.ts';

/** One mediated device. */
export class ApMatrixMdev {
  readonly vdev: VfioDevice;
  readonly host: MatrixHost;
  /** Highest numbers that can be assigned. */
  readonly limits: MatrixLimits;
  /** What is assigned. */
  matrix: ApMatrix = EMPTY_MATRIX;
  /** What a guest gets; readable at any time. */
  shadow: ApMatrix = EMPTY_MATRIX;
  /** What the machine has got since, of what is assigned, and is not looked at before its scan has ended. */
  added: ApMatrix = EMPTY_MATRIX;
  /** By APQN: the queues of the matrix that are bound to the driver. */
  readonly queues: Map<number, VfioApQueue> = new Map();
  /** By which the guest issues AP instructions, where it is to be that way. */
  port: ApPort | undefined = undefined;
  #isOpen = false;
  #opens = 0;
  #kvm: KvmReference | undefined = undefined;
  #guestMasks: ApMatrix | undefined = undefined;
  /** Closes whose queues are not zeroised yet. */
  #closing = 0;

  constructor(vdev: VfioDevice, host: MatrixHost) {
    this.vdev = vdev;
    this.host = host;
    this.limits = matrixLimits(host.config);
  }

  /** The UUID. */
  get name(): string {
    return this.vdev.parent.name;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Changes with each open: work that has waited knows by it whose it is. */
  get session(): number {
    return this.#opens;
  }

  /** The virtual machine that has it open, where that is known. */
  get kvm(): KvmReference | undefined {
    return this.#kvm;
  }

  /** What the guest's instructions reach: nothing while there is no guest. Counterpart of the guest's APCB. */
  get guestMasks(): ApMatrix {
    return this.#guestMasks ?? EMPTY_MATRIX;
  }

  /** A queue that the guest's instructions reach. */
  reachableQueue(apqn: number): VfioApQueue | undefined {
    const number = { adapter: adapterOf(apqn), domain: domainOf(apqn) };
    return hasQueue(this.guestMasks, number) ? this.queues.get(apqn) : undefined;
  }

  /**
   * Gives the shadow to the guest, and tells it; does nothing without one. Counterpart of
   * `vfio_ap_mdev_update_guest_apcb()`.
   */
  updateGuest(): void {
    if (!this.#isOpen || this.#closing > 0) return;
    this.#guestMasks = this.shadow;
    triggerIrq(this.vdev, VFIO_AP_CFG_CHG_IRQ_INDEX, 0);
  }

  /**
   * First open. The queues of a user who has just closed come when they are zeroised.
   *
   * @throws `EPERM` the virtual machine has another ap device open; `EINVAL` there has to be a virtual machine
   */
  open(kvm: KvmReference | undefined): void {
    // Linux has taken over the guest's AQIC by then, and leaves it with the device that is refused.
    this.host.checkGuest(kvm);
    this.#kvm = kvm;
    this.#isOpen = true;
    this.#opens++;
    this.port?.open();
    this.updateGuest();
  }

  /** Last close: the guest reaches nothing from now on, and nobody gets its queues before they are zeroised. */
  close(): void {
    this.#isOpen = false;
    this.#kvm = undefined;
    this.#guestMasks = undefined;
    this.port?.close();
    for (const queue of this.queues.values()) dropInterrupt(queue);
    this.#closing++;
    this.#later(async () => {
      await this.resetAll();
      this.#closing--;
      this.updateGuest();
    });
  }

  /** `VFIO_DEVICE_RESET`. @throws `EIO` a queue could not be reset, or its card is gone */
  async reset(): Promise<void> {
    this.port?.reset();
    const { session } = this;
    // The close of a user who did not wait has reset everything.
    const isReset = await this.host.exclusive(() => this.session !== session || this.resetAll());
    if (!isReset) throw new VfioError('EIO', 'reset', `${this.name}: a queue was not reset`);
  }

  /** Resets every queue; see {@link ApMatrixMdev.resetQueues}. */
  resetAll(): Promise<boolean> {
    return this.resetQueues([...this.queues.values()]);
  }

  /** Resets queues of this device; part of the work of the bus. Returns whether every ZAPQ was answered with 0. */
  resetQueues(queues: readonly VfioApQueue[]): Promise<boolean> {
    for (const { device } of queues) this.port?.forget(device.apqn);
    return resetQueues(this.host, queues);
  }

  /** The administrator wants the device: the guest loses its queues, but not what is assigned. */
  request(count: number): void {
    if (this.#isOpen) {
      this.#guestMasks = undefined;
      triggerIrq(this.vdev, VFIO_AP_CFG_CHG_IRQ_INDEX, 0);
    }
    if (isIrqEnabled(this.vdev, VFIO_AP_REQ_IRQ_INDEX, 0)) {
      if (count % 10 === 0) this.log('info', () => `Relaying device request to user (#${count})`);
      triggerIrq(this.vdev, VFIO_AP_REQ_IRQ_INDEX, 0);
    } else if (count === 0) {
      this.log('info', () => 'No device request registered, blocked until released by user');
    }
  }

  /** Guest memory goes: interrupts whose byte is in it are disabled. */
  dmaUnmap(iova: number, length: number): void {
    for (const queue of this.queues.values()) {
      const { interrupt } = queue;
      if (interrupt === undefined) continue;
      if (interrupt.iova < iova || interrupt.iova >= iova + length) continue;
      if (dropInterrupt(queue)) continue;
      this.#later(async () => {
        if (queue.interrupt === undefined) await disableInterrupt(this.host, queue);
      });
    }
  }

  /** Puts work behind the work there is; nobody waits for it. */
  #later(work: () => Promise<void>): void {
    this.host.exclusive(work).catch((error: unknown) => {
      this.log('error', () => 'work on the queues failed', error);
    });
  }

  log(level: LogLevel, message: () => string, error?: unknown): void {
    this.vdev.core.logger.log(level, this.name, message, error);
  }
}
