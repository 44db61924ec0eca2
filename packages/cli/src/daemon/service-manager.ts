// What a service manager gives the daemon and is told by it: sd_listen_fds(3), sd_notify(3).

import type { Logger } from '@vfio-ts/core';
import { sendDatagram } from '@vfio-ts/vfio-user';

/** The first descriptor that is handed over. */
const LISTEN_FDS_START = 3;

type Env = Readonly<Record<string, string | undefined>>;

/** The socket that the service manager has opened for this process. @throws Error it has opened several */
export function handedSocket(env: Env, pid: number): { readonly fd: number } | undefined {
  if (env['LISTEN_PID'] !== String(pid)) return undefined;
  const count = Number(env['LISTEN_FDS']);
  if (count === 1) return { fd: LISTEN_FDS_START };
  throw new Error(`the service manager has opened ${count} sockets; the daemon takes one`);
}

/** Tells the service manager how the daemon is, where there is one. */
export class ServiceManager {
  readonly #socket: string | undefined;
  readonly #logger: Logger;

  constructor(env: Env, logger: Logger) {
    this.#socket = env['NOTIFY_SOCKET'];
    this.#logger = logger;
  }

  /** The daemon takes commands. @param status - how it is, for people */
  ready(status: string): void {
    this.#tell(`READY=1\nSTATUS=${status}`);
  }

  reloading(): void {
    // On the clock that systemd compares it with, which is that of Node's hrtime.
    const now = process.hrtime.bigint() / 1000n;
    this.#tell(`RELOADING=1\nMONOTONIC_USEC=${now}\nSTATUS=reads its definitions`);
  }

  stopping(): void {
    this.#tell('STOPPING=1\nSTATUS=stops its devices');
  }

  #tell(state: string): void {
    if (this.#socket === undefined || this.#socket === '') return;
    try {
      sendDatagram(this.#socket, state);
    } catch (error) {
      this.#logger.log('warn', 'daemon', () => 'the service manager cannot be told', error);
    }
  }
}
