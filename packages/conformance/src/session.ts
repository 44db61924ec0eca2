// How the suite uses a device: through the kernel's path in this process, or over a socket. The suites see only
// what is here, so that each of their tests runs both ways.

import type {
  EventSignal,
  MemoryBackend,
  SharedMemory,
  VfioAccess,
  VfioDevice,
} from '@vfio-ts/core';

/** A signal whose count can be read. */
export interface TestSignal extends EventSignal {
  /** Signals since it was made; read it after {@link Session.settle}. */
  count(): number;
  /** Whether the device has given its end back; absent where the user cannot know. */
  isReleased?(): boolean;
}

/** One use of an open device. */
export interface Session {
  /** The device. Every answer is to be awaited. */
  readonly access: VfioAccess;
  /** A fresh signal; the session gives its own end back on close. */
  signal(): TestSignal;
  /** Guest memory, zeroed; the session gives it back on close. */
  memory(size: number): SharedMemory;
  /** Everything sent so far has taken effect, signals included. */
  settle(): Promise<void>;
  /** Ends the use; the device is closed when the promise resolves. A second call does nothing. */
  close(): Promise<void>;
  /** After close: what the device's side holds and should not, one line each. */
  leaks(): readonly string[];
}

/** A way to use a device. */
export interface Connector {
  /** For titles, for example `'over the wire'`. */
  readonly name: string;
  /** Uses the kernel's path, so that groups, character devices and life cycle can be tested with it. */
  readonly isInProcess: boolean;
  /** Where devices have to take memory from that is mapped this way; the heap when left out. */
  readonly deviceMemory?: MemoryBackend;
  /** Opens a registered device. One session of a device at a time. */
  connect(vdev: VfioDevice): Promise<Session>;
}
