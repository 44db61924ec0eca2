// What a command has in its hands: the drive, its chain, its tape.

import { DEVICE_STATUS } from '../channel/control-unit.ts';
import type { CommandEnd, DeviceCommand } from '../channel/control-unit.ts';
import type { TapeIdentity } from './identification.ts';
import { buildTapeSense, TapeCheck } from './sense.ts';
import type { TapeCheckKind } from './sense.ts';
import { TapePaths } from './tape-paths.ts';
import type { TapeVolume } from './tape-volume.ts';

/** What one command sets up for others of its chain. */
export class TapeChain {
  /** Each block is on the tape before its command ends. */
  writesImmediately = false;
  /** A Mode Set has forbidden commands of the supervisor. */
  inhibitsSupervisor = false;
  /** What a Perform Subsystem Function has prepared for the next command. */
  prepared: Uint8Array | undefined = undefined;
  /** A tape mark was written: all is durable before the chain ends. */
  wantsSync = false;
}

/** A drive and what is known of it between two commands. */
export class Drive {
  readonly identity: TapeIdentity;
  readonly paths: TapePaths = new TapePaths();
  volume: TapeVolume | undefined = undefined;
  chain: TapeChain = new TapeChain();
  /** Of the last unit check, until a command takes it. */
  sense: Uint8Array | undefined = undefined;
  /** What Load Display has brought, two messages of 8 characters. */
  display = '';
  /** The command in progress is not wanted any more. */
  isAborted = false;

  constructor(identity: TapeIdentity) {
    this.identity = identity;
  }

  /** The tape. @throws TapeCheck none is mounted */
  get mounted(): TapeVolume {
    if (this.volume === undefined) throw new TapeCheck('notReady');
    return this.volume;
  }

  /** The tape, of which nothing is lost. @throws TapeCheck */
  get usable(): TapeVolume {
    const volume = this.mounted;
    if (volume.isFenced) throw new TapeCheck('fenced');
    return volume;
  }

  /** The tape for a command that writes. @throws TapeCheck */
  get writable(): TapeVolume {
    const volume = this.usable;
    if (volume.isReadOnly) throw new TapeCheck('writeProtected');
    return volume;
  }

  /** Sense data as of now. */
  buildSense(kind?: TapeCheckKind): Uint8Array {
    const { volume } = this;
    return buildTapeSense(kind, {
      isLoaded: volume !== undefined,
      isAtStart: volume?.isAtStart ?? false,
      isReadOnly: volume?.isReadOnly ?? false,
    });
  }

  /** The sense data of the last unit check, which is forgotten. */
  takeSense(): Uint8Array {
    const sense = this.sense ?? this.buildSense();
    this.sense = undefined;
    return sense;
  }
}

/** Executes one command. @throws TapeCheck; `EIO` the file cannot be read */
export type TapeHandler = (
  drive: Drive,
  command: DeviceCommand,
) => Promise<CommandEnd> | CommandEnd;

/** A family of commands, by command byte. */
export type TapeCommandTable = Readonly<Record<number, TapeHandler>>;

/** Channel end and device end. */
export const TAPE_NORMAL: number = DEVICE_STATUS.CHANNEL_END | DEVICE_STATUS.DEVICE_END;

/** The normal end of a write or control command. */
export function took(taken: number): CommandEnd {
  return { status: TAPE_NORMAL, taken };
}

/** The normal end of a read or sense command. */
export function gave(data: Uint8Array): CommandEnd {
  return { status: TAPE_NORMAL, data };
}

/** The end of a command with a unit exception: a tape mark, or an end of the tape that is near. */
export function excepted(taken = 0): CommandEnd {
  return { status: TAPE_NORMAL | DEVICE_STATUS.UNIT_EXCEPTION, taken, data: new Uint8Array(0) };
}

/** The bytes of a parameter list. @throws TapeCheck there are fewer than `size` */
export function parameters({ data }: DeviceCommand, size: number): Uint8Array {
  if (data.length < size) throw new TapeCheck('commandReject');
  return data.subarray(0, size);
}
