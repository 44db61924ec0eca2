// Starts channel programs: one is under way at a time. Counterpart of fsm_io_helper() (drivers/s390/cio).

import { VfioError, type ErrnoCode, type VfioDevice } from '@vfio-ts/core';
import {
  ORB_CHANNEL_PROGRAM_TYPE_CONTROL,
  ORB_PREFETCH_CONTROL,
  type Orb,
} from '../architecture/index.ts';
import type { ChannelProgram } from '../channel/channel-program.ts';
import type { Subchannel } from '../channel/subchannel.ts';
import type { PathMasks } from './path-masks.ts';
import { endedIrb, statusOfError, type WhyEnded } from './end-status.ts';
import { GuestPages } from './guest-pages.ts';
import { ProgramRun } from './program-run.ts';
import type { StatusDelivery } from './status-delivery.ts';

/** Between two warnings about prefetch, ms. */
const PREFETCH_WARNING_MS = 5000;

/** What programs are started on. */
export interface StartOn {
  readonly vdev: VfioDevice;
  readonly subchannel: Subchannel;
  readonly paths: PathMasks;
  readonly statuses: StatusDelivery;
}

/** The program under way, if there is one. */
export class ProgramStart {
  /** What it has pinned. */
  readonly pages: GuestPages;
  readonly #on: StartOn;
  #run: ProgramRun | undefined = undefined;
  #nextWarning = -Infinity;

  constructor(on: StartOn) {
    this.#on = on;
    this.pages = new GuestPages(on.vdev);
  }

  /** The ORB of the program under way. */
  get orb(): Orb | undefined {
    return this.#run?.orb;
  }

  /**
   * Copies a program and starts it. Where guest memory has to be asked for the start comes later, and what goes
   * wrong then is a status.
   *
   * @returns the error of the start; the caller ends what is left of the program
   */
  start(orb: Orb): ErrnoCode | undefined {
    if ((orb.control & ORB_CHANNEL_PROGRAM_TYPE_CONTROL) !== 0) return 'EOPNOTSUPP';
    if ((orb.control & ORB_PREFETCH_CONTROL) === 0) this.#warnOfPrefetch();
    const { vdev, paths } = this.#on;
    const run = new ProgramRun(orb, { vdev, pages: this.pages, lpm: paths.lpm });
    this.#run = run;
    try {
      const program = run.copy();
      if (program !== undefined) return this.#startNow(program);
    } catch (error) {
      if (!(error instanceof VfioError)) throw error;
      vdev.core.logger.log('debug', vdev.name, () => 'a program is refused', error);
      return error.code;
    }
    void this.#startLater(run);
    return undefined;
  }

  /** The program is over: its memory is not touched any more. Counterpart of `cp_free()`. */
  end(): void {
    this.#run?.end();
    this.#run = undefined;
    this.pages.clear();
  }

  /** The subchannel has been halted or cleared: a program it does not have yet is over. */
  endCopy(): void {
    if (this.#run?.isCopying === true) this.end();
  }

  /** Ends the program under way with a status that the subchannel does not give. */
  endWith(why: WhyEnded): void {
    const { orb } = this;
    if (orb === undefined) return;
    this.end();
    this.#on.statuses.offer({ irb: endedIrb(orb, why), endsProgram: true });
  }

  #startNow(program: ChannelProgram): ErrnoCode | undefined {
    const { subchannel, paths } = this.#on;
    switch (subchannel.start(program)) {
      case 0:
        return undefined;
      case 1:
      case 2:
        return 'EBUSY';
      case 3:
        paths.lose(program.lpm);
        if (subchannel.store() === undefined) return 'ENODEV';
        return paths.lpm === 0 ? 'ENODEV' : 'EACCES';
    }
  }

  async #startLater(run: ProgramRun): Promise<void> {
    const { subchannel, paths, statuses } = this.#on;
    try {
      const program = await run.copyRest();
      if (program === undefined || run.isOver) return;
      let cc = subchannel.start(program);
      if (cc === 1) {
        statuses.arrived();
        cc = subchannel.start(program);
      }
      if (cc === 3) paths.lose(program.lpm);
      // To a guest, "busy" and "status pending" are the same by then: start it again.
      if (cc !== 0) this.endWith({ deferred: cc === 3 ? 3 : 1 });
    } catch (error) {
      if (!run.isOver) this.endWith(statusOfError(error));
    }
  }

  #warnOfPrefetch(): void {
    const { core, name } = this.#on.vdev;
    const now = core.clock.now();
    if (now < this.#nextWarning) return;
    this.#nextWarning = now + PREFETCH_WARNING_MS;
    const fact = 'Prefetching channel program even though prefetch not specified in ORB';
    core.logger.log('warn', name, () => fact);
  }
}
