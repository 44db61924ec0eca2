// What a server needs of the device behind it. It knows neither groups nor device files: who serves a device
// of core gives these few things.

import type { IoAddressSpace, IoEvent, SharedMemory, VfioAccess } from '@vfio-ts/core';

/** The operations of a device that messages turn into and that are over when they return. */
export type ServedOperation =
  | 'getInfo'
  | 'getRegionInfo'
  | 'getIrqInfo'
  | 'setIrqs'
  | 'read'
  | 'write'
  | 'feature'
  | 'readMigrationData'
  | 'writeMigrationData';

/** A device in this process: `VfioAccess` whose answers are there at once, but for a reset that takes time. */
export type ServedAccess = {
  readonly [Op in ServedOperation]: (
    ...args: Parameters<VfioAccess[Op]>
  ) => Awaited<ReturnType<VfioAccess[Op]>>;
} & { readonly reset: () => Promise<void> | undefined };

/** The address space that the device's DMA goes through: the part of core's that a server uses. */
export type ServedIoas = Pick<IoAddressSpace, 'checkMap' | 'map' | 'unmap' | 'clear'>;

/** The memory behind a region that can be mapped. */
export interface RegionMemory {
  readonly memory: SharedMemory;
  /** Where in `memory` the region starts, bytes. */
  readonly offset: number;
}

/** A device while one client has it. */
export interface OpenDevice {
  readonly access: ServedAccess;
  readonly ioas: ServedIoas;
  /** The memory behind a region, `undefined` where every access is a message. */
  regionMemory(index: number): RegionMemory | undefined;
  /** Places of a region whose writes become signals; none when left out. @throws `EINVAL` no such region */
  ioEvents?(region: number): readonly IoEvent[];
  /** A client has signalled. */
  ioEvent?(region: number, signal: number): void;
  /**
   * Brings the device to rest before its memory or its state changes; `undefined` when it is at rest at once.
   * Whatever it throws or rejects with becomes the error of the command that needs it.
   */
  quiesce?(): Promise<void> | undefined;
  /** Opposite of {@link ServedDevice.open}: signals are closed, the device keeps its state. Called once. */
  close(): void;
}

/** A device that clients can attach to, one after the other. */
export interface ServedDevice {
  /** For log lines. */
  readonly name: string;
  /** Called when a client has negotiated. Whatever it throws becomes the client's error. */
  open(): OpenDevice;
}
