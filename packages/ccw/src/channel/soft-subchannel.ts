// A subchannel in software, with a control unit behind it. Principles of Operation, chapters 14 and 16.

import type { Clock, Logger } from '@vfio-ts/core';
import { SUBCHANNEL_STATUS } from '../architecture/device-status.ts';
import {
  encodeSchib,
  PMCW_CONCURRENT_SENSE,
  PMCW_DEVICE_NUMBER_VALID,
  PMCW_ENABLED,
} from '../architecture/schib.ts';
import {
  decodeScsw,
  SCSW_CLEAR_PENDING,
  SCSW_DEVICE_ACTIVE,
  SCSW_HALT_PENDING,
  SCSW_START_FUNCTION,
  SCSW_START_PENDING,
  SCSW_SUBCHANNEL_ACTIVE,
  type Scsw,
} from '../architecture/scsw.ts';
import type { ChannelProgram } from './channel-program.ts';
import type { ControlUnit } from './control-unit.ts';
import type { ChannelPaths } from './paths.ts';
import { runProgram, type ProgramEnd, type RunControl } from './program-run.ts';
import { clearStatus, endStatus, haltStatus, startedFlags, unsolicitedStatus } from './status.ts';
import { runSteps } from './steps.ts';
import type { ConditionCode, PathEvent, Subchannel, SubchannelListener } from './subchannel.ts';

/** What a subchannel is made of. */
export interface SoftSubchannelOptions {
  /** `0.ssid.number`, for example `0.0.313f`. */
  readonly name: string;
  /** 0 to 0xffff. */
  readonly deviceNumber: number;
  readonly paths: ChannelPaths;
  readonly unit: ControlUnit;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A program from its start to its end. */
interface Run extends RunControl {
  readonly program: ChannelProgram;
  readonly path: number;
  isAborted: boolean;
  /** What has aborted it, as the status will say. */
  by: 'halt' | 'clear' | undefined;
}

/** A subchannel of the software channel subsystem. */
export class SoftSubchannel implements Subchannel {
  readonly name: string;
  readonly #options: SoftSubchannelOptions;
  #listener: SubchannelListener | undefined;
  #isEnabled = false;
  #isGone = false;
  #run: Run | undefined;
  /** Waits until the control unit has let go of a program that was aborted. */
  #waiting: Run | undefined;
  #pending: Uint8Array | undefined;
  /** Status bits that came while another status was pending. */
  #unsolicited = 0;

  constructor(options: SoftSubchannelOptions) {
    this.name = options.name;
    this.#options = options;
    options.unit.listen((status) => this.#attention(status));
  }

  start(program: ChannelProgram): ConditionCode {
    if (!this.#isOperational) return 3;
    if (this.#pending !== undefined) return 1;
    if (this.#waiting !== undefined || this.#run?.isAborted === false) return 2;
    if (this.#run?.by !== undefined) return 2;
    const path = this.#options.paths.choose(program.lpm);
    if (path === 0) return 3;
    const run: Run = { program, path, isAborted: false, by: undefined };
    if (this.#run === undefined) this.#begin(run);
    else this.#waiting = run;
    return 0;
  }

  halt(): ConditionCode {
    if (!this.#isOperational) return 3;
    if (this.#pending !== undefined) return 1;
    if (this.#run?.by !== undefined) return 2;
    this.#abort('halt');
    return 0;
  }

  clear(): ConditionCode {
    if (!this.#isOperational) return 3;
    this.#pending = undefined;
    this.#unsolicited = 0;
    this.#abort('clear');
    return 0;
  }

  cancel(): ConditionCode {
    if (!this.#isOperational) return 3;
    if (this.#pending !== undefined) return 1;
    if (this.#waiting === undefined) return 2;
    this.#waiting = undefined;
    return 0;
  }

  test(): Uint8Array | undefined {
    const irb = this.#pending;
    this.#pending = undefined;
    if (this.#unsolicited !== 0 && this.#run === undefined) {
      const status = this.#unsolicited;
      this.#unsolicited = 0;
      // The next one follows once this one has been dealt with.
      void Promise.resolve().then(() => this.#attention(status));
    }
    return irb;
  }

  store(): Uint8Array | undefined {
    if (this.#isGone) return undefined;
    const { paths, deviceNumber } = this.#options;
    return encodeSchib({
      pmcw: {
        interruptionParameter: 0,
        flags: PMCW_DEVICE_NUMBER_VALID | (this.#isEnabled ? PMCW_ENABLED : 0),
        deviceNumber,
        lpm: paths.usable,
        pnom: 0,
        lpum: paths.lastUsed,
        pim: paths.installed,
        measurementBlockIndex: 0,
        pom: paths.usable,
        pam: paths.available,
        chpids: paths.chpids,
        word6: PMCW_CONCURRENT_SENSE,
      },
      scsw: this.#scsw(),
    });
  }

  enable(isEnabled: boolean): ConditionCode {
    if (this.#isGone) return 3;
    if (!isEnabled && (this.#waiting !== undefined || this.#run?.isAborted === false)) return 2;
    if (!isEnabled && this.#run?.by !== undefined) return 2;
    this.#isEnabled = isEnabled;
    if (isEnabled) return 0;
    this.#pending = undefined;
    this.#unsolicited = 0;
    return 0;
  }

  listen(listener: SubchannelListener | undefined): void {
    this.#listener = listener;
  }

  /** The device goes, as if somebody pulled it out: nothing is operational from then on. */
  unplug(): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.#waiting = undefined;
    this.#pending = undefined;
    if (this.#run !== undefined) this.#abortRun(this.#run, undefined);
    this.#options.unit.listen(undefined);
    this.#listener?.changed();
  }

  /** A channel path has changed. */
  changePath(kind: PathEvent['kind'], chpid: number): void {
    const event = this.#options.paths.change(kind, chpid);
    if (event !== undefined && !this.#isGone) this.#listener?.path(event);
  }

  get #isOperational(): boolean {
    return this.#isEnabled && !this.#isGone;
  }

  #begin(run: Run): void {
    this.#run = run;
    const { unit, clock, logger } = this.#options;
    runSteps(runProgram(run.program, unit, run, { clock, logger }), {
      later: (go) => void clock.after(1, go),
      done: (end) => this.#ended(run, end),
      failed: (error) => {
        logger.log('error', this.name, () => 'the channel failed', error);
        const { address } = run.program.first;
        this.#ended(run, {
          address,
          residual: 0,
          deviceStatus: 0,
          subchannelStatus: SUBCHANNEL_STATUS.CHANNEL_CONTROL_CHECK,
        });
      },
    });
  }

  #ended(run: Run, end: ProgramEnd): void {
    this.#run = undefined;
    if (this.#isGone) return;
    if (run.by === 'clear') this.#present(clearStatus());
    else if (!run.isAborted || run.by === 'halt') {
      this.#present(endStatus(run.program, end, run.path, run.by === 'halt'));
    }
    const next = this.#waiting;
    this.#waiting = undefined;
    if (next !== undefined) this.#begin(next);
    else if (this.#unsolicited !== 0 && this.#pending === undefined) this.#attention(0);
  }

  /** Ends what is running; its status, or that of nothing, comes when the control unit has let go. */
  #abort(by: 'halt' | 'clear'): void {
    this.#waiting = undefined;
    if (this.#run !== undefined) this.#abortRun(this.#run, by);
    else this.#present(by === 'halt' ? haltStatus() : clearStatus());
  }

  #abortRun(run: Run, by: 'halt' | 'clear' | undefined): void {
    run.isAborted = true;
    run.by = by;
    this.#options.unit.abort?.();
  }

  #attention(status: number): void {
    if (this.#isGone || !this.#isEnabled) return;
    this.#unsolicited |= status;
    if (this.#pending !== undefined || this.#run !== undefined) return;
    const all = this.#unsolicited;
    this.#unsolicited = 0;
    if (all !== 0) this.#present(unsolicitedStatus(all));
  }

  #present(irb: Uint8Array): void {
    this.#pending = irb;
    this.#listener?.interrupt();
  }

  #scsw(): Scsw {
    if (this.#pending !== undefined) return decodeScsw(this.#pending);
    const run = this.#run;
    const nothing = { programAddress: 0, deviceStatus: 0, subchannelStatus: 0, count: 0 };
    if (run === undefined) return { flags: 0, control: 0, ...nothing };
    const activity = {
      halt: SCSW_HALT_PENDING,
      clear: SCSW_CLEAR_PENDING,
      start: SCSW_SUBCHANNEL_ACTIVE | SCSW_DEVICE_ACTIVE,
    }[run.by ?? 'start'];
    const start = this.#waiting === undefined ? 0 : SCSW_START_PENDING;
    const control = SCSW_START_FUNCTION | activity | start;
    return { flags: startedFlags(run.program), control, ...nothing };
  }
}
