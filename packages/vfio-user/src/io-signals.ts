// Eventfds of one client by which it tells the device of writes. Each is made when it is first asked for and ends
// with the session: a client that is gone tells nothing any more.

import type { Logger } from '@vfio-ts/core';
import type { Fd } from './fd.ts';
import type { OpenDevice } from './served-device.ts';
import type { SessionHost, WatchedSignal } from './session-host.ts';

/** The eventfds of one session. */
export class IoSignals {
  readonly #device: OpenDevice;
  readonly #host: SessionHost;
  readonly #logger: Logger;
  readonly #signals = new Map<string, WatchedSignal>();

  constructor(device: OpenDevice, host: SessionHost, logger: Logger) {
    this.#device = device;
    this.#host = host;
    this.#logger = logger;
  }

  /** The descriptor of a signal, still owned by this. @throws what {@link SessionHost.watchedSignal} throws */
  fd(region: number, signal: number): Fd {
    const key = `${region}/${signal}`;
    return this.#signals.getOrInsertComputed(key, () =>
      this.#host.watchedSignal(() => this.#tell(region, signal)),
    ).fd;
  }

  /** Ends all of them. */
  close(): void {
    for (const signal of this.#signals.values()) signal.close();
    this.#signals.clear();
  }

  #tell(region: number, signal: number): void {
    try {
      this.#device.ioEvent?.(region, signal);
    } catch (error) {
      const what = (): string => `the device failed on signal ${signal} of region ${region}`;
      this.#logger.log('error', 'ioEvent', what, error);
    }
  }
}
