// The devices of the daemon.

import { VfioError } from '@vfio-ts/core';
import { factOf } from '../errors.ts';
import type { DeviceOrder, ReadyDevice } from './device-process.ts';
import { ManagedDevice, type DeviceHost } from './managed-device.ts';

/** How a supervisor is set up. */
export interface SupervisorOptions extends DeviceHost {
  /** Devices that start at once when several are to; each is a process that keeps a processor busy meanwhile. */
  readonly parallel: number;
}

/** The devices, each once. */
export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #devices = new Map<string, ManagedDevice>();
  #isClosed = false;

  constructor(options: SupervisorOptions) {
    this.#options = options;
  }

  /** Those that are started, waiting or failed, in the order of their first start. */
  get devices(): readonly ManagedDevice[] {
    return [...this.#devices.values()];
  }

  device(uuid: string): ManagedDevice | undefined {
    return this.#devices.get(uuid.toLowerCase());
  }

  /**
   * Starts a device; one that waits to start again or has failed is replaced. It is forgotten when it does not run.
   *
   * @throws `EEXIST` it runs; `EBUSY` it is stopping; `ECANCELED` closed; Error it ended before it was ready
   */
  async start(order: DeviceOrder): Promise<ReadyDevice> {
    const device = this.#replace(order, false);
    try {
      return await device.first;
    } catch (error) {
      // Must precede that: somebody may have stopped it, and its process is not gone yet.
      await device.stop();
      if (this.device(order.uuid) === device) this.#devices.delete(order.uuid);
      const reason = error instanceof Error ? error.message : String(error);
      throw new Error(`${order.uuid} did not start: ${reason}`, { cause: error });
    }
  }

  /** Starts devices that are to run from now on, also where that does not go well at first. Resolves when all have tried. */
  async keep(orders: readonly DeviceOrder[]): Promise<void> {
    const rest = [...orders];
    const startSome = async (): Promise<void> => {
      for (let next = rest.shift(); next !== undefined; next = rest.shift()) {
        // As many at once as there are loops like this one.
        // oxlint-disable-next-line no-await-in-loop
        await this.#tryFirst(next);
      }
    };
    await Promise.all(Array.from({ length: this.#options.parallel }, startSome));
  }

  /** Stops a device and forgets it. @throws `ENOENT` there is none */
  async stop(uuid: string): Promise<void> {
    const device = this.device(uuid);
    if (device === undefined) {
      const next = 'vfio-ts list shows those that are';
      throw new VfioError('ENOENT', 'stop', `device ${uuid} is not active; ${next}`);
    }
    await device.stop();
    if (this.device(uuid) === device) this.#devices.delete(device.order.uuid);
  }

  /** Forgets a device that has failed; any other stays. */
  forget(uuid: string): void {
    const device = this.device(uuid);
    if (device?.state === 'failed') this.#devices.delete(device.order.uuid);
  }

  /** Stops all devices; none can be started after that. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all(this.devices.map((device) => device.stop()));
    this.#devices.clear();
  }

  async #tryFirst(order: DeviceOrder): Promise<void> {
    try {
      const device = this.#replace(order, true);
      await device.first;
    } catch (error) {
      // What a device says of its end is in the log already.
      if (!(error instanceof VfioError)) return;
      this.#options.logger.log('warn', order.uuid, () => factOf(error));
    }
  }

  #replace(order: DeviceOrder, keepTrying: boolean): ManagedDevice {
    const before = this.device(order.uuid);
    switch (before?.state) {
      case undefined:
        break;
      case 'starting':
      case 'running':
        throw new VfioError('EEXIST', 'start', `device ${order.uuid} is active already`);
      case 'stopping':
        throw new VfioError('EBUSY', 'start', `device ${order.uuid} is stopping; try again`);
      case 'waiting':
      case 'failed':
      case 'stopped':
        // Has no process, so that it has stopped when this returns.
        void before.stop();
    }
    if (this.#isClosed) throw new VfioError('ECANCELED', 'start', 'the daemon is ending');
    const device = new ManagedDevice(order, keepTrying, this.#options);
    this.#devices.set(order.uuid, device);
    return device;
  }
}
