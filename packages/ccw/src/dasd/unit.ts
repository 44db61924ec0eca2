// What a command has in its hands: the device, its chain, its arm.

import type { CommandEnd, DeviceCommand } from '../channel/control-unit.ts';
import { DEVICE_STATUS } from '../channel/control-unit.ts';
import { Chain } from './chain.ts';
import type { DeviceModel } from './device-model.ts';
import type { DeviceIdentity } from './identification.ts';
import { PathGroup } from '../channel/path-group.ts';
import { buildSense, UnitCheck } from './sense.ts';
import type { UnitCheckKind } from './sense.ts';
import type { Step } from '../channel/steps.ts';
import { TrackCursor } from './track-cursor.ts';
import type { TrackStore, VolumeGeometry } from './track-store.ts';

/** A device and what is known of it between two commands. */
export class Unit {
  readonly store: TrackStore;
  readonly model: DeviceModel;
  readonly identity: DeviceIdentity;
  readonly arm: TrackCursor;
  readonly paths: PathGroup = new PathGroup(true);
  chain: Chain;
  /** Of the last unit check, until a command takes it. */
  sense: Uint8Array | undefined = undefined;
  /** A guest has reserved the device. */
  isReserved = false;
  /** A Set Special Intercept is waiting for its command. */
  hasSpecialIntercept = false;
  /** Nobody waits for the command in progress any more. */
  isAborted = false;

  constructor(store: TrackStore, model: DeviceModel, identity: DeviceIdentity) {
    this.store = store;
    this.model = model;
    this.identity = identity;
    this.arm = new TrackCursor(store);
    this.chain = new Chain(this.lastTrack);
  }

  get geometry(): VolumeGeometry {
    return this.store.geometry;
  }

  /** The last track of the volume. */
  get lastTrack(): number {
    return this.geometry.cylinders * this.geometry.heads - 1;
  }

  /** Sense data as of now. */
  buildSense(kind?: UnitCheckKind): Uint8Array {
    return buildSense(kind, this.arm, this.geometry.cylinders);
  }

  /** The sense data of the last unit check, which is forgotten. */
  takeSense(): Uint8Array {
    const sense = this.sense ?? this.buildSense();
    this.sense = undefined;
    return sense;
  }
}

/** Executes one command. @throws UnitCheck */
export type CommandHandler = (unit: Unit, command: DeviceCommand) => CommandEnd | Step<CommandEnd>;

/** A family of commands, by command byte. */
export type CommandTable = Readonly<Record<number, CommandHandler>>;

/** Channel end and device end. */
export const NORMAL_END: number = DEVICE_STATUS.CHANNEL_END | DEVICE_STATUS.DEVICE_END;

/** The normal end of a write or control command. */
export function took(taken: number): CommandEnd {
  return { status: NORMAL_END, taken };
}

/** The normal end of a read or sense command. */
export function gave(data: Uint8Array): CommandEnd {
  return { status: NORMAL_END, data };
}

/** The end of a read, which is a unit exception at a record without data: the end of a file. */
export function gaveRecord(data: Uint8Array, dataLength: number): CommandEnd {
  if (dataLength > 0) return gave(data);
  return { status: NORMAL_END | DEVICE_STATUS.UNIT_EXCEPTION, data };
}

/** The bytes of a parameter list. @throws UnitCheck there are fewer than `size` */
export function parameters({ data }: DeviceCommand, size: number): Uint8Array {
  if (data.length < size) throw new UnitCheck('countTooSmall', data.length);
  return data.subarray(0, size);
}

/** @throws UnitCheck a Locate Record has announced other commands */
export function requireNoDomain({ chain }: Unit, taken = 0): void {
  if (chain.domain !== undefined) throw new UnitCheck('invalidSequence', taken);
}

/** The command that lets others be the first of a chain although it is itself. */
export const SUSPEND_MULTIPATH_RECONNECTION = 0x5b;

/** A command that may be chained from an order, and the one that it may be chained from. */
export const DEFINE_SUBSYSTEM_OPERATION = 0xf7;
export const READ_SUBSYSTEM_DATA = 0x3e;

/** @throws UnitCheck the command is neither the first of its chain, nor behind a first 5B */
export function requireFirst({ chain }: Unit, { previous }: DeviceCommand): void {
  if (chain.position === 0) return;
  if (chain.position === 1 && previous === SUSPEND_MULTIPATH_RECONNECTION) return;
  throw new UnitCheck('invalidSequence');
}
