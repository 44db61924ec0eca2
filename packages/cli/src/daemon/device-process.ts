// A device in a process of its own, as the daemon sees it.

import type { MdevDefinition } from '../mdev/definition.ts';

/** A device the daemon is to run. */
export interface DeviceOrder {
  /** Lower case. */
  readonly uuid: string;
  readonly parent: string;
  readonly definition: MdevDefinition;
  /** Whether the store had it when it was started. */
  readonly isDefined: boolean;
  /** Where it is served. */
  readonly socket: string;
}

/** What a device says of itself when it is served. */
export interface ReadyDevice {
  readonly driver: string;
  readonly type: string;
  /** What the driver says besides. */
  readonly [fact: string]: unknown;
}

/** How a process ended. */
export interface ProcessEnd {
  /** In words: what it said last, or the signal that killed it. */
  readonly reason: string;
  /** It will not do any better the next time: what is asked of it does not exist. */
  readonly isFinal: boolean;
}

/** A process that was started. */
export interface DeviceProcess {
  /** `undefined` where it could not be started at all. */
  readonly pid: number | undefined;
  /** Settles only when the device is served. */
  readonly ready: Promise<ReadyDevice>;
  /** Settles when the process is gone. */
  readonly ended: Promise<ProcessEnd>;
  /** Asks it to end. */
  stop(): void;
  /** Ends it. */
  kill(): void;
}

/** Starts a process. Never throws: a process that cannot be started has ended. */
export type StartProcess = (order: DeviceOrder) => DeviceProcess;
