// Executes a channel program against a control unit. Principles of Operation, chapter 15, "Execution of Channel
// Programs".
//
// A program may never end: a TIC that leads back is legal. So it is run in slices, others have their turn between
// them, and it looks between any two commands whether it is still wanted.

import { VfioError, type Clock, type Logger } from '@vfio-ts/core';
import {
  CCW_CMD_NOOP,
  CCW_CMD_TIC,
  CCW_FLAG_CC,
  CCW_FLAG_MIDA,
  CCW_FLAG_PCI,
  CCW_FLAG_SLI,
  CCW_FLAG_SUSPEND,
  commandClass,
  isInput,
} from '../architecture/ccw.ts';
import { DEVICE_STATUS, SUBCHANNEL_STATUS } from '../architecture/device-status.ts';
import type { ChannelCcw, ChannelProgram } from './channel-program.ts';
import type { CommandEnd, ControlUnit } from './control-unit.ts';
import {
  chainCount,
  dataChain,
  fetchData,
  outputEnd,
  storeData,
  type DataChain,
  type TransferEnd,
} from './data-transfer.ts';
import { wait, yieldTurn, type Step } from './steps.ts';

/** How a program ended. */
export interface ProgramEnd {
  /** Guest address of the last CCW. */
  readonly address: number;
  /** Bytes it had left. */
  readonly residual: number;
  readonly deviceStatus: number;
  readonly subchannelStatus: number;
  /** With unit check. */
  readonly sense?: Uint8Array | undefined;
}

/** What the channel is given. */
export interface ChannelHost {
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Whether a program is still wanted. */
export interface RunControl {
  readonly isAborted: boolean;
}

/** Milliseconds that a program may have to itself. */
const SLICE_MS = 2;
/** Commands between two looks at the clock. */
const LOOK_EVERY = 16;
/** Commands in one go, however quick they are. */
const SLICE_COMMANDS = 2048;
/** CCWs that chain data for one command; a program has no more segments of them. */
const MAX_DATA_CHAIN = 0x4000;

/** Sense data of 32 bytes, byte 0. */
const EQUIPMENT_CHECK = Uint8Array.of(0x10, ...new Uint8Array(31));
const NONE = new Uint8Array(0);
const NORMAL = DEVICE_STATUS.CHANNEL_END | DEVICE_STATUS.DEVICE_END;
/** With any of these no command follows. */
const ENDING =
  DEVICE_STATUS.ATTENTION |
  DEVICE_STATUS.BUSY |
  DEVICE_STATUS.UNIT_CHECK |
  DEVICE_STATUS.UNIT_EXCEPTION;
/** With these a command that has moved nothing was not executed. */
const REFUSAL = DEVICE_STATUS.BUSY | DEVICE_STATUS.UNIT_CHECK;

/** Runs a program; the end of the chain is told to the control unit in any case. */
export function* runProgram(
  program: ChannelProgram,
  unit: ControlUnit,
  control: RunControl,
  host: ChannelHost,
): Step<ProgramEnd> {
  unit.begin();
  const end = yield* runChain(program, unit, control, host);
  const late = yield* guarded(unit, host.logger, () => unit.end(control.isAborted));
  if (late === undefined || hasFailed(end)) return end;
  return { ...end, deviceStatus: end.deviceStatus | late.status, sense: late.sense };
}

function hasFailed({ deviceStatus, subchannelStatus }: ProgramEnd): boolean {
  const errors = subchannelStatus & ~SUBCHANNEL_STATUS.PROGRAM_CONTROLLED_INTERRUPTION;
  return (deviceStatus & DEVICE_STATUS.UNIT_CHECK) !== 0 || errors !== 0;
}

/** Whether a program has had its turn. */
function isSliceOver(commands: number, since: number, clock: Clock): boolean {
  if (commands >= SLICE_COMMANDS) return true;
  return commands % LOOK_EVERY === 0 && clock.now() - since >= SLICE_MS;
}

function* runChain(
  program: ChannelProgram,
  unit: ControlUnit,
  control: RunControl,
  { clock, logger: log }: ChannelHost,
): Step<ProgramEnd> {
  let current: ChannelCcw | undefined = program.first;
  let before = program.first;
  let previous: number | undefined;
  let pci = 0;
  let commands = 0;
  let since = clock.now();
  for (;;) {
    const ccw: ChannelCcw | undefined = resolveTic(current, previous, program.isFormat1);
    if (ccw === undefined || isInvalid(ccw, program.isFormat1)) {
      return check(ccw ?? current ?? before, SUBCHANNEL_STATUS.PROGRAM_CHECK, pci);
    }
    const chain = dataChain(ccw, MAX_DATA_CHAIN);
    if (chain === undefined) return check(ccw, SUBCHANNEL_STATUS.PROGRAM_CHECK, pci);
    for (const { flags } of chain) {
      if ((flags & CCW_FLAG_PCI) !== 0) pci = SUBCHANNEL_STATUS.PROGRAM_CONTROLLED_INTERRUPTION;
    }
    const done = yield* runCommand(chain, { previous, program, unit, control, log });
    if (done.next === undefined) {
      return { ...done.end, subchannelStatus: done.end.subchannelStatus | pci };
    }
    before = done.end.ccw;
    previous = ccw.command;
    current = done.next.ccw;
    if (isSliceOver(++commands, since, clock)) {
      yield* yieldTurn();
      commands = 0;
      since = clock.now();
      if (control.isAborted) return halted(before);
    }
  }
}

/** The command that a CCW stands for: itself, or what a TIC leads to. Not as the first, not one after the other. */
function resolveTic(
  ccw: ChannelCcw | undefined,
  previous: number | undefined,
  isFormat1: boolean,
): ChannelCcw | undefined {
  if (ccw?.command !== CCW_CMD_TIC) return ccw;
  const isWrong = isFormat1 && (ccw.flags !== 0 || ccw.count !== 0);
  if (previous === undefined || isWrong || ccw.target?.command === CCW_CMD_TIC) return undefined;
  return ccw.target;
}

function isInvalid({ command, flags, count }: ChannelCcw, isFormat1: boolean): boolean {
  const kind = commandClass(command);
  if (kind === 'invalid' || kind === 'tic') return true;
  if ((flags & (CCW_FLAG_SUSPEND | CCW_FLAG_MIDA)) !== 0) return true;
  return count === 0 && !isFormat1;
}

interface CommandDone {
  readonly end: ProgramEnd & { readonly ccw: ChannelCcw };
  /** The chain goes on, with this CCW or with none that was copied; absent where it is over. */
  readonly next?: { readonly ccw: ChannelCcw | undefined };
}

/** What a control unit does wrong is an equipment check to the guest. */
function* guarded<T>(
  { name }: ControlUnit,
  log: Logger,
  act: () => Promise<T> | T,
): Step<T | CommandEnd> {
  try {
    return yield* wait(act());
  } catch (error) {
    log.log('error', name, () => 'a command failed, the guest gets an equipment check', error);
    return { status: NORMAL | DEVICE_STATUS.UNIT_CHECK, sense: EQUIPMENT_CHECK };
  }
}

interface CommandContext {
  readonly previous: number | undefined;
  readonly program: ChannelProgram;
  readonly unit: ControlUnit;
  readonly control: RunControl;
  readonly log: Logger;
}

function* runCommand(
  chain: DataChain,
  { previous, program, unit, control, log }: CommandContext,
): Step<CommandDone> {
  const [first] = chain;
  const { memory } = program;
  try {
    const last = chain.at(-1) ?? first;
    const isRead = isInput(first.command);
    const noData = isRead || first.command === CCW_CMD_NOOP;
    const data = noData ? NONE : yield* fetchData(chain, memory);
    const count = chainCount(chain);
    const command = {
      code: first.command,
      count,
      data,
      previous,
      isChained: (last.flags & CCW_FLAG_CC) !== 0,
    };
    const ended = yield* guarded(unit, log, () => unit.execute(command));
    // Whoever has aborted the program may have given its memory to others.
    if (control.isAborted) return { end: { ...halted(first), ccw: first } };
    const transfer = isRead
      ? yield* storeData(chain, ended.data ?? NONE, memory)
      : outputEnd(chain, first.command === CCW_CMD_NOOP ? 0 : takenOf(ended, data));
    const isImmediate = transfer.residual === count;
    return chained(transfer, ended, isImmediate ? immediateIsWrong(transfer, program) : undefined);
  } catch (error) {
    if (!(error instanceof VfioError)) throw error;
    const end = check(first, statusOf(error), 0);
    return { end: { ...end, ccw: first } };
  }
}

/** Bytes of a write that the device took: all of them where it does not say, none where it is busy. */
function takenOf({ status, taken }: CommandEnd, data: Uint8Array): number {
  return taken ?? ((status & DEVICE_STATUS.BUSY) === 0 ? data.length : 0);
}

/** A command that moves no data reports its count only in format 1, and there not if the ORB says so. */
function immediateIsWrong(
  { ccw }: TransferEnd,
  { isFormat1, suppressesIncorrectLength }: ChannelProgram,
): boolean {
  const isExcused = (ccw.flags & CCW_FLAG_SLI) !== 0 || suppressesIncorrectLength;
  return isFormat1 && ccw.count !== 0 && !isExcused;
}

function chained(
  { ccw, residual, isIncorrect }: TransferEnd,
  { status, sense }: CommandEnd,
  immediate: boolean | undefined,
): CommandDone {
  // A command that was refused before data moved has no length to be wrong.
  const isRefused = (status & REFUSAL) !== 0 && immediate !== undefined;
  const isWrong = !isRefused && (immediate ?? isIncorrect);
  const end = {
    ccw,
    address: ccw.address,
    residual,
    deviceStatus: status,
    subchannelStatus: isWrong ? SUBCHANNEL_STATUS.INCORRECT_LENGTH : 0,
    sense,
  };
  const isOver = (status & ENDING) !== 0 || isWrong || (ccw.flags & CCW_FLAG_CC) === 0;
  if (isOver) return { end };
  const skips = (status & DEVICE_STATUS.STATUS_MODIFIER) !== 0;
  return { end, next: { ccw: skips ? ccw.next?.next : ccw.next } };
}

/** A CCW at which a program was halted. */
function halted({ address, count }: ChannelCcw): ProgramEnd {
  return { address, residual: count, deviceStatus: NORMAL, subchannelStatus: 0 };
}

/** A CCW at which the channel itself ended the program. */
function check({ address, count }: ChannelCcw, status: number, pci: number): ProgramEnd {
  return { address, residual: count, deviceStatus: 0, subchannelStatus: status | pci };
}

/** Storage that the channel cannot reach. */
function statusOf({ code }: VfioError): number {
  return code === 'EPERM' ? SUBCHANNEL_STATUS.PROTECTION_CHECK : SUBCHANNEL_STATUS.PROGRAM_CHECK;
}
