// What the module of a device exports so that it can be served in a thread of its own.

import type { VfioCore, VfioDevice } from '@vfio-ts/core';

/** A registered device, made for one thread. */
export interface WorkerDevice {
  readonly vdev: VfioDevice;
  /** Unregisters it and puts it; the server has been closed before. */
  close(): void | Promise<void>;
}

/**
 * The export `createDevice` of a module that {@link serveInWorker} loads: makes and registers the device.
 *
 * @param core - of the thread
 * @param data - what {@link serveInWorker} was given, a copy
 */
export type CreateDevice = (core: VfioCore, data: unknown) => WorkerDevice | Promise<WorkerDevice>;
