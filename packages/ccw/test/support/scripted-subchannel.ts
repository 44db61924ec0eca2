// A subchannel that does what a test tells it: every instruction gives the next condition code of a script, or what
// fits the state.

import {
  encodeSchib,
  PMCW_DEVICE_NUMBER_VALID,
  PMCW_ENABLED,
  type ChannelProgram,
  type ConditionCode,
  type PathEvent,
  type Pmcw,
  type Subchannel,
  type SubchannelListener,
} from '../../src/index.ts';
import { noStatus } from './status.ts';

export type Instruction = 'start' | 'halt' | 'clear' | 'cancel' | 'enable' | 'disable';

const PMCW: Pmcw = {
  interruptionParameter: 0,
  flags: PMCW_DEVICE_NUMBER_VALID,
  deviceNumber: 0x1234,
  lpm: 0xc0,
  pnom: 0,
  lpum: 0x80,
  pim: 0xc0,
  measurementBlockIndex: 0,
  pom: 0xff,
  pam: 0xc0,
  chpids: [0x44, 0x45, 0, 0, 0, 0, 0, 0],
  word6: 0,
};

export class ScriptedSubchannel implements Subchannel {
  readonly name: string;
  /** Instructions executed, in order. */
  readonly calls: Instruction[] = [];
  /** Condition codes to come; without one an instruction is done, unless {@link isRunning} forbids it. */
  readonly script: Partial<Record<Instruction, ConditionCode[]>> = {};
  /** Called while the instruction is executed. */
  during: Partial<Record<Instruction, () => void>> = {};
  pmcw: Pmcw = PMCW;
  /** SCSW control bits that STSCH shows. */
  control = 0;
  isEnabled = false;
  isGone = false;
  /** A program was started and has not ended: it can be neither cancelled nor disabled. */
  isRunning = false;
  /** What was started last. */
  program: ChannelProgram | undefined = undefined;
  readonly statuses: Uint8Array[] = [];
  listener: SubchannelListener | undefined = undefined;

  constructor(name = '0.0.313f') {
    this.name = name;
  }

  start(program: ChannelProgram): ConditionCode {
    const cc = this.#execute('start', this.isRunning ? 2 : 0);
    if (cc === 0) {
      this.program = program;
      this.isRunning = true;
    }
    return cc;
  }

  halt(): ConditionCode {
    return this.#execute('halt', 0);
  }

  clear(): ConditionCode {
    return this.#execute('clear', 0);
  }

  cancel(): ConditionCode {
    return this.#execute('cancel', 2);
  }

  test(): Uint8Array | undefined {
    return this.statuses.shift();
  }

  store(): Uint8Array | undefined {
    if (this.isGone) return undefined;
    const flags = this.pmcw.flags | (this.isEnabled ? PMCW_ENABLED : 0);
    return encodeSchib({
      pmcw: { ...this.pmcw, flags },
      scsw: { ...noStatus, control: this.control },
    });
  }

  enable(isEnabled: boolean): ConditionCode {
    const cc = isEnabled
      ? this.#execute('enable', 0)
      : this.#execute('disable', this.isRunning ? 2 : 0);
    if (cc === 0) this.isEnabled = isEnabled;
    return cc;
  }

  listen(listener: SubchannelListener | undefined): void {
    this.listener = listener;
  }

  /** A status comes; the program is over unless told otherwise. */
  interrupt(irb: Uint8Array, { isFinal = true }: { readonly isFinal?: boolean } = {}): void {
    if (isFinal) this.isRunning = false;
    this.statuses.push(irb);
    this.listener?.interrupt();
  }

  /** The subchannel is gone. */
  unplug(): void {
    this.isGone = true;
    this.listener?.changed();
  }

  path(event: PathEvent): void {
    this.listener?.path(event);
  }

  #execute(instruction: Instruction, usual: ConditionCode): ConditionCode {
    this.calls.push(instruction);
    this.during[instruction]?.();
    if (this.isGone) return 3;
    return this.script[instruction]?.shift() ?? usual;
  }
}
