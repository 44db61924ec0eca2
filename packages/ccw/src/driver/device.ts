// The vfio-ccw device: one subchannel, its state machine and what each action does. Counterpart of vfio_ccw_fsm.c and
// vfio_ccw_drv.c (drivers/s390/cio).

import {
  errnoCode,
  ERRNO,
  triggerIrq,
  VfioError,
  type ErrnoCode,
  type VfioDevice,
} from '@vfio-ts/core';
import {
  decodePmcw,
  decodeScsw,
  SCSW_ALERT_STATUS,
  SCSW_CLEAR_FUNCTION,
  SCSW_DEFERRED_CONDITION_CODE,
  SCSW_DEVICE_ACTIVE,
  SCSW_HALT_FUNCTION,
  SCSW_START_FUNCTION,
  SCSW_STATUS_CONTROL,
  SCSW_STATUS_PENDING,
  SCSW_SUBCHANNEL_ACTIVE,
  SUBCHANNEL_STATUS,
} from '../architecture/index.ts';
import type { PathEvent, Subchannel } from '../channel/subchannel.ts';
import { PathMasks } from './path-masks.ts';
import { ChannelReports } from './channel-reports.ts';
import { endedIrb } from './end-status.ts';
import { actionOf, type CcwEvent, type CcwState } from './fsm.ts';
import type { GuestPages } from './guest-pages.ts';
import { AsyncRegion, IoRegion } from './io-region.ts';
import {
  VFIO_CCW_ASYNC_CMD_CSCH,
  VFIO_CCW_ASYNC_CMD_HSCH,
  VFIO_CCW_CRW_IRQ_INDEX,
  VFIO_CCW_IO_IRQ_INDEX,
} from './layout.ts';
import { ProgramStart } from './program-start.ts';
import { cancelHaltClear } from './quiesce.ts';
import { StatusDelivery, type ProgramStatus } from './status-delivery.ts';
import { SubchannelUse, type WhyLost } from './subchannel-use.ts';

const UNSOLICITED = SCSW_ALERT_STATUS | SCSW_STATUS_PENDING;

/** What the owner of a device wants to hear. */
export interface CcwDeviceOptions {
  /** The subchannel cannot be used any more, ever: the device is to be unregistered. Called once. */
  readonly gone?: () => void;
}

/** One mediated subchannel. */
export class CcwDevice {
  readonly vdev: VfioDevice;
  readonly subchannel: Subchannel;
  readonly io: IoRegion = new IoRegion();
  readonly async: AsyncRegion = new AsyncRegion();
  readonly reports: ChannelReports = new ChannelReports();
  readonly #options: CcwDeviceOptions;
  readonly #paths: PathMasks;
  readonly #statuses: StatusDelivery;
  readonly #program: ProgramStart;
  readonly #use: SubchannelUse;
  #state: CcwState = 'STANDBY';
  #isInRequest = false;
  #hasInterrupt = false;

  constructor(vdev: VfioDevice, subchannel: Subchannel, options: CcwDeviceOptions = {}) {
    const { clock } = vdev.core;
    this.vdev = vdev;
    this.subchannel = subchannel;
    this.#options = options;
    this.#paths = new PathMasks(subchannel.store());
    this.#statuses = new StatusDelivery({
      clock,
      take: () => this.#take(),
      deliver: (status) => this.#deliver(status),
    });
    const { statuses, paths } = { statuses: this.#statuses, paths: this.#paths };
    this.#program = new ProgramStart({ vdev, subchannel, paths, statuses });
    this.#use = new SubchannelUse(subchannel, clock, (why) => this.#lost(why));
  }

  get state(): CcwState {
    return this.#state;
  }

  /** What the program under way has pinned. */
  get pages(): GuestPages {
    return this.#program.pages;
  }

  /** Begins to listen to the subchannel. */
  init(): void {
    this.subchannel.listen({
      interrupt: () => this.#interrupted(),
      changed: () => this.#changed(),
      path: (event) => this.#pathEvent(event),
    });
  }

  /** Opposite of {@link CcwDevice.init}. */
  release(): void {
    this.#use.stop();
    this.subchannel.listen(undefined);
    this.reports.clear();
  }

  /** @throws `EINVAL` the subchannel is gone, or cannot be enabled: then it is gone from now on */
  open(): void {
    this.#checkOperational('openDevice');
    this.#forgetRegions();
    this.#event('OPEN');
    this.#checkOperational('openDevice');
  }

  /** Ends what runs. When this returns no guest memory is touched and nothing is signalled any more. */
  close(): void {
    this.#event('CLOSE');
  }

  /**
   * Ends what runs, and begins anew. Counterpart of `vfio_ccw_mdev_reset()`.
   *
   * @returns a promise where the subchannel takes time to come to rest
   * @throws `EINVAL` the subchannel is gone
   */
  reset(): Promise<void> | void {
    this.#event('CLOSE');
    this.#event('OPEN');
    this.#checkOperational('reset');
    this.#forgetRegions();
    return this.#use.whenAtRest()?.then(() => this.#checkOperational('reset'));
  }

  /** Guest memory goes away: a program that stands on it is ended. Counterpart of `vfio_ccw_dma_unmap()`. */
  dmaUnmap(iova: number, length: number): void {
    if (!this.pages.touches(iova, length)) return;
    const { orb } = this.#program;
    this.#event('CLOSE');
    this.#event('OPEN');
    if (orb === undefined || this.#state !== 'IDLE') return;
    // The kernel leaves the guest to its own timeout.
    const irb = endedIrb(orb, { subchannelStatus: SUBCHANNEL_STATUS.CHANNEL_DATA_CHECK });
    this.#statuses.offer({ irb, endsProgram: false });
  }

  /** The user has read a part of the I/O region. */
  hasRead(offset: number, length: number): void {
    if (this.io.endsStatus(offset, length)) this.#statuses.consumed();
  }

  /**
   * The user has written the I/O region: what its SCSW asks for is done.
   *
   * @returns the error of the write
   */
  requestIo(): ErrnoCode | undefined {
    // A user that starts the next program is done with the last one.
    if ((this.io.control & SCSW_START_FUNCTION) !== 0) this.#statuses.consumed();
    return this.#request('IO_REQ');
  }

  /**
   * The user has written the async region: halt or clear.
   *
   * @returns the error of the write
   */
  requestAsync(): ErrnoCode | undefined {
    const code = this.#request('ASYNC_REQ');
    this.async.returnCode = code === undefined ? 0 : -ERRNO[code];
    return code;
  }

  /** An interrupt in the middle of a request waits for its end, as the kernel's does for the subchannel's lock. */
  #request(event: 'IO_REQ' | 'ASYNC_REQ'): ErrnoCode | undefined {
    this.#isInRequest = true;
    try {
      return this.#event(event);
    } finally {
      this.#isInRequest = false;
      if (this.#hasInterrupt) {
        this.#hasInterrupt = false;
        this.#interrupted();
      }
    }
  }

  /** Looks the action up and does it; the result is that of a request. */
  #event(event: CcwEvent): ErrnoCode | undefined {
    const action = actionOf(this.#state, event);
    switch (action) {
      case 'nop':
        return undefined;
      case 'notoper':
        this.#notOper();
        return undefined;
      case 'open':
        // Must precede the use: it can be lost at once.
        this.#state = 'IDLE';
        this.#use.open();
        return undefined;
      case 'close':
        this.#close();
        return undefined;
      case 'request':
        return this.#ioRequest();
      case 'async':
        return this.#asyncRequest();
      case 'irq':
        this.#statuses.arrived();
        return undefined;
      case 'disable':
        this.subchannel.test();
        this.subchannel.enable(false);
        return undefined;
      case 'EIO':
      case 'EAGAIN':
      case 'EBUSY':
        if (event === 'IO_REQ') this.io.returnCode = -ERRNO[action];
        return action;
    }
  }

  #ioRequest(): ErrnoCode | undefined {
    const { control, returnCode } = this.io;
    if ((control & SCSW_START_FUNCTION) !== 0) {
      const code = this.#start();
      this.io.returnCode = code === undefined ? 0 : -ERRNO[code];
      return code;
    }
    if ((control & (SCSW_HALT_FUNCTION | SCSW_CLEAR_FUNCTION)) !== 0) {
      // The async region is there for these.
      this.io.returnCode = -ERRNO.EOPNOTSUPP;
      return 'EOPNOTSUPP';
    }
    // Nothing is asked for: the answer is what the user has written itself, as in Linux.
    if (returnCode === 0) return undefined;
    return (returnCode < 0 ? errnoCode(returnCode) : undefined) ?? 'EINVAL';
  }

  #start(): ErrnoCode | undefined {
    if (this.#use.isEnding) return 'EBUSY';
    this.#state = 'CP_PROCESSING';
    let code: ErrnoCode | undefined = 'EIO';
    try {
      code = this.#program.start(this.io.orb);
    } finally {
      if (code !== undefined) this.#program.end();
      // The subchannel can have gone meanwhile.
      if (this.state === 'CP_PROCESSING') this.#state = code === undefined ? 'CP_PENDING' : 'IDLE';
    }
    return code;
  }

  #asyncRequest(): ErrnoCode | undefined {
    switch (this.async.command) {
      case VFIO_CCW_ASYNC_CMD_HSCH:
        return this.#halt();
      case VFIO_CCW_ASYNC_CMD_CSCH:
        return this.#clear();
      default:
        return 'EINVAL';
    }
  }

  #halt(): ErrnoCode | undefined {
    if (this.#use.isEnding) return 'EBUSY';
    switch (this.subchannel.halt()) {
      case 0:
        this.#program.endCopy();
        return undefined;
      case 1:
      case 2:
        return 'EBUSY';
      case 3:
        return 'ENODEV';
    }
  }

  #clear(): ErrnoCode | undefined {
    if (this.#use.isEnding) {
      this.#use.clearLater();
      return undefined;
    }
    if (this.subchannel.clear() === 3) return 'ENODEV';
    this.#program.endCopy();
    this.#statuses.forget();
    return undefined;
  }

  #interrupted(): void {
    if (this.#use.isEnding) this.#use.interrupt();
    else if (this.#isInRequest) this.#hasInterrupt = true;
    else this.#event('INTERRUPT');
  }

  #take(): ProgramStatus | undefined {
    const irb = this.subchannel.test();
    if (irb === undefined) return undefined;
    const { flags, control } = decodeScsw(irb);
    const isSolicited =
      (flags & SCSW_DEFERRED_CONDITION_CODE) !== 0 ||
      (control & SCSW_STATUS_CONTROL) !== UNSOLICITED;
    const isFinal = (control & (SCSW_SUBCHANNEL_ACTIVE | SCSW_DEVICE_ACTIVE)) === 0;
    const endsProgram = isSolicited && isFinal && this.#state === 'CP_PENDING';
    if (endsProgram) this.#program.end();
    return { irb, endsProgram };
  }

  #deliver({ irb, endsProgram }: ProgramStatus): void {
    this.io.setIrb(irb);
    // Must precede the signal: the user may start the next program at once.
    if (endsProgram && this.#state === 'CP_PENDING') this.#state = 'IDLE';
    triggerIrq(this.vdev, VFIO_CCW_IO_IRQ_INDEX, 0);
  }

  #close(): void {
    this.#program.end();
    this.#statuses.clear();
    this.#hasInterrupt = false;
    // Must precede the use: it can be lost at once.
    this.#state = 'STANDBY';
    this.#use.close();
  }

  #lost(why: WhyLost): void {
    const { vdev, subchannel } = this;
    if (why === 'failed') {
      const fact = `vfio_ccw: could not quiesce subchannel ${subchannel.name}!`;
      vdev.core.logger.log('error', vdev.name, () => fact);
    }
    this.#event('NOT_OPER');
  }

  #notOper(): void {
    this.#state = 'NOT_OPER';
    this.#program.end();
    this.#statuses.clear();
    this.#use.stop();
    this.#options.gone?.();
  }

  /** Counterpart of `vfio_ccw_sch_event()`. */
  #changed(): void {
    if (this.subchannel.store() === undefined) this.#event('NOT_OPER');
  }

  /** Counterpart of `vfio_ccw_chp_event()`. */
  #pathEvent(event: PathEvent): void {
    const schib = this.subchannel.store();
    if (event.mask === 0 || schib === undefined) return;
    const report = this.#paths.follow(event);
    const isLost = event.kind === 'vary off' || event.kind === 'offline';
    if (isLost && (decodePmcw(schib).lpum & event.mask) !== 0) this.#losePath();
    if (report === undefined) return;
    this.reports.add(report);
    triggerIrq(this.vdev, VFIO_CCW_CRW_IRQ_INDEX, 0);
  }

  /** The path that was used last is lost. The kernel leaves the guest without an answer when it cancels. */
  #losePath(): void {
    if (this.#use.isEnding || this.#state !== 'CP_PENDING') return;
    if (cancelHaltClear(this.subchannel)) this.#program.endWith({ deferred: 3 });
  }

  #forgetRegions(): void {
    this.io.bytes.fill(0);
    this.async.bytes.fill(0);
  }

  #checkOperational(op: string): void {
    if (this.#state !== 'NOT_OPER') return;
    throw new VfioError('EINVAL', op, `${this.subchannel.name} is not operational`);
  }
}
