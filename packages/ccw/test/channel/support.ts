// A subchannel with a control unit that does what a test says, and programs in the memory of a test.

import { ManualClock, RecordingLogger } from '@vfio-ts/conformance/fakes';
import { VfioError } from '@vfio-ts/core';
import { DEVICE_STATUS } from '../../src/architecture/device-status.ts';
import { decodeIrb, type Irb } from '../../src/architecture/irb.ts';
import type {
  ChannelCcw,
  ChannelMemory,
  ChannelProgram,
} from '../../src/channel/channel-program.ts';
import type { CommandEnd, ControlUnit, DeviceCommand } from '../../src/channel/control-unit.ts';
import { ChannelPaths } from '../../src/channel/paths.ts';
import { SoftSubchannel } from '../../src/channel/soft-subchannel.ts';

export const NORMAL: number = DEVICE_STATUS.CHANNEL_END | DEVICE_STATUS.DEVICE_END;

/** A control unit that a test scripts. */
export class ScriptedUnit implements ControlUnit {
  readonly name = 'scripted';
  readonly commands: DeviceCommand[] = [];
  /** What was called, in order. */
  readonly calls: string[] = [];
  /** How a command ends; normally when left out. */
  readonly ends = new Map<number, (command: DeviceCommand) => CommandEnd | Promise<CommandEnd>>();
  lateEnd: CommandEnd | undefined;
  listener: ((status: number) => void) | undefined;

  begin(): void {
    this.calls.push('begin');
  }

  execute(command: DeviceCommand): CommandEnd | Promise<CommandEnd> {
    this.commands.push({ ...command, data: command.data.slice() });
    this.calls.push(command.code.toString(16));
    return this.ends.get(command.code)?.(command) ?? { status: NORMAL };
  }

  abort(): void {
    this.calls.push('abort');
  }

  end(isAborted: boolean): CommandEnd | undefined {
    this.calls.push(isAborted ? 'end aborted' : 'end');
    return this.lateEnd;
  }

  listen(listener: ((status: number) => void) | undefined): void {
    this.listener = listener;
  }

  reset(): void {
    this.calls.push('reset');
  }

  close(): Promise<void> {
    this.calls.push('close');
    return Promise.resolve();
  }
}

/** Memory of 64 KiB at 0. */
export class TestMemory implements ChannelMemory {
  readonly bytes: Uint8Array = new Uint8Array(0x1_0000);
  /** Writes below this are refused. */
  protectedBelow = 0;
  readonly writes: (readonly [iova: number, length: number])[] = [];

  read(iova: number, into: Uint8Array): void {
    this.#check(iova, into.length);
    into.set(this.bytes.subarray(iova, iova + into.length));
  }

  write(iova: number, from: Uint8Array): void {
    this.#check(iova, from.length);
    if (iova < this.protectedBelow) throw new VfioError('EPERM', 'write', 'protected');
    this.writes.push([iova, from.length]);
    this.bytes.set(from, iova);
  }

  #check(iova: number, length: number): void {
    if (iova + length > this.bytes.length) throw new VfioError('EFAULT', 'memory', 'no memory');
  }
}

/** A CCW as a test writes it: command, count, flags, data address, and the index a TIC goes to. */
export interface TestCcw {
  readonly command: number;
  readonly count?: number;
  readonly flags?: number;
  readonly address?: number;
  readonly target?: number;
}

/** Where the first CCW of {@link program} is. */
export const FIRST = 0x1000;

/** A program of CCWs one behind the other. */
export function program(
  ccws: readonly TestCcw[],
  memory: ChannelMemory,
  options: Partial<ChannelProgram> = {},
): ChannelProgram {
  const made: (ChannelCcw & { next?: ChannelCcw; target?: ChannelCcw })[] = ccws.map(
    ({ command, count = 0, flags = 0, address = 0x100 }, i) => ({
      address: FIRST + 8 * i,
      command,
      count,
      flags,
      data: count === 0 ? [] : [{ iova: address, length: count }],
    }),
  );
  for (const [i, { target }] of ccws.entries()) {
    const ccw = made[i];
    const [next, to] = [made[i + 1], target === undefined ? undefined : made[target]];
    if (ccw !== undefined && next !== undefined) ccw.next = next;
    if (ccw !== undefined && to !== undefined) ccw.target = to;
  }
  const [first] = made;
  if (first === undefined) throw new Error('no CCW');
  return {
    first,
    isFormat1: true,
    lpm: 0xff,
    suppressesIncorrectLength: false,
    memory,
    ...options,
  };
}

/** A subchannel that is enabled, and what a test needs of it. */
export class Stand {
  readonly unit = new ScriptedUnit();
  readonly memory = new TestMemory();
  readonly clock = new ManualClock();
  readonly logger = new RecordingLogger();
  readonly subchannel: SoftSubchannel;
  /** What the driver has heard. */
  readonly heard: string[] = [];

  constructor(chpids: readonly number[] = [0x44]) {
    const { unit, clock, logger } = this;
    this.subchannel = new SoftSubchannel({
      name: '0.0.0000',
      deviceNumber: 0x1234,
      paths: new ChannelPaths(chpids),
      unit,
      clock,
      logger,
    });
    this.subchannel.enable(true);
    this.subchannel.listen({
      interrupt: () => this.heard.push('interrupt'),
      changed: () => this.heard.push('changed'),
      path: ({ kind, mask }) => this.heard.push(`${kind} ${mask.toString(16)}`),
    });
  }

  start(ccws: readonly TestCcw[], options: Partial<ChannelProgram> = {}): number {
    return this.subchannel.start(program(ccws, this.memory, options));
  }

  /** Takes the status. */
  status(): Irb {
    const irb = this.subchannel.test();
    if (irb === undefined) throw new Error('no status');
    return decodeIrb(irb);
  }

  /** Starts a program that ends at once, and takes its status. */
  run(ccws: readonly TestCcw[], options: Partial<ChannelProgram> = {}): Irb {
    const cc = this.start(ccws, options);
    if (cc !== 0) throw new Error(`condition code ${cc}`);
    return this.status();
  }
}
