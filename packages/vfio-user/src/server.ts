// A device on a socket: clients attach one after the other.

import { VfioError, type Clock, type LogLevel, type Logger, type Timer } from '@vfio-ts/core';
import type { PeerProfile } from './peer.ts';
import { DEFAULT_LIMITS, type Limits } from './protocol.ts';
import type { OpenDevice, ServedDevice } from './served-device.ts';
import { Session } from './session.ts';
import type { SessionHost } from './session-host.ts';
import { Counters, type StatsClock } from './stats/counters.ts';
import type { ServerStats } from './stats/stats.ts';
import type { Transport } from './transport.ts';
import type { TwinSocket } from './twin.ts';

/** Where connections come from. */
export interface ConnectionSource {
  /** Begins to accept. Called once. */
  start(accept: (transport: Transport) => void): void;
  /** Stops to accept and removes the socket. A second call does nothing. */
  close(): void;
}

/** What a server is made of. */
export interface ServerOptions {
  readonly device: ServedDevice;
  readonly source: ConnectionSource;
  readonly host: SessionHost;
  readonly logger: Logger;
  /** What latencies and the time to negotiate are measured with; `performance` and no limit without it. */
  readonly clock?: Clock;
  readonly limits?: Partial<Limits>;
  /** Takes every client for one of this kind, whatever it says. */
  readonly profile?: PeerProfile;
  /** From which level on lines of its sessions reach `logger`; `'debug'`, all of them, when left out. */
  readonly logLevel?: LogLevel;
  /** Makes a second connection for a client that asks for `twin_socket`; none is offered when left out. */
  readonly twin?: () => TwinSocket;
}

/**
 * Serves one device. One client has it at a time; another one is told `EBUSY` and does not disturb the first.
 * A client that goes leaves the device as it is for the next.
 */
export class VfioUserServer implements Disposable {
  readonly #options: ServerOptions;
  readonly #limits: Limits;
  /** With what ends those that do not negotiate. */
  readonly #sessions = new Map<Session, Timer | undefined>();
  readonly #clock: StatsClock;
  /** Of the sessions that are over. */
  readonly #past: Counters;
  readonly #since: number;
  #logLevel: LogLevel;
  #holder: Session | undefined;
  #connections = 0;
  #turnedAway = 0;
  #state: 'new' | 'listening' | 'closed' = 'new';

  constructor(options: ServerOptions) {
    this.#options = options;
    this.#limits = { ...DEFAULT_LIMITS, ...options.limits };
    this.#clock = options.clock ?? performance;
    this.#past = new Counters(this.#clock);
    this.#since = this.#clock.now();
    this.#logLevel = options.logLevel ?? 'debug';
  }

  /** The session that has the device; `undefined` while it is free. */
  get attached(): Session | undefined {
    return this.#holder;
  }

  /** How many connections there are, the one that has the device included. */
  get connections(): number {
    return this.#sessions.size;
  }

  /** From which level on lines of its sessions are logged; each session's can be set in its `log` too. */
  get logLevel(): LogLevel {
    return this.#logLevel;
  }

  set logLevel(level: LogLevel) {
    this.#logLevel = level;
    for (const { log } of this.#sessions.keys()) log.level = level;
  }

  /** What has passed through since the server was made, and how things are now: plain data. */
  stats(): ServerStats {
    const total = new Counters(this.#clock);
    total.add(this.#past);
    for (const { counters } of this.#sessions.keys()) total.add(counters);
    return {
      device: this.#options.device.name,
      uptime: this.#clock.now() - this.#since,
      connections: this.#connections,
      turnedAway: this.#turnedAway,
      total: total.snapshot(),
      sessions: Array.from(this.#sessions.keys(), (session) => session.stats()),
    };
  }

  /** Begins to accept. @throws `EINVAL` called before, or closed */
  listen(): void {
    if (this.#state !== 'new') {
      throw new VfioError('EINVAL', 'listen', `server of ${this.#options.device.name} is in use`);
    }
    this.#state = 'listening';
    this.#options.source.start((transport) => this.#accept(transport));
  }

  /** Ends all sessions and the listening. A second call does nothing. */
  close(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    try {
      this.#options.source.close();
    } finally {
      for (const session of this.#sessions.keys()) session.close();
    }
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #accept(transport: Transport): void {
    const { device, host, logger, profile, twin } = this.#options;
    if (this.#state === 'closed' || this.#sessions.size >= this.#limits.maxConnections) {
      this.#turnedAway++;
      transport.close();
      return;
    }
    const session = new Session(transport, {
      name: `${device.name}#${this.#connections++}`,
      host,
      logger,
      logLevel: this.#logLevel,
      clock: this.#clock,
      limits: this.#limits,
      ...(profile && { profile }),
      ...(this.#options.clock && { timers: this.#options.clock }),
      ...(twin && { twin }),
      open: (opener) => this.#open(opener),
      closed: (over) => this.#closed(over),
    });
    this.#sessions.set(session, this.#endIfSilent(session));
    try {
      session.start();
    } catch (error) {
      // The transport has not heard of the session, and cannot tell it.
      session.closed(new VfioError('ENOTCONN', 'accept', 'cannot receive', { cause: error }));
      throw error;
    }
  }

  #endIfSilent(session: Session): Timer | undefined {
    const ms = this.#limits.negotiationTimeout;
    return this.#options.clock?.after(ms, () => {
      if (session.state !== 'negotiating') return;
      session.close(new VfioError('ETIMEDOUT', 'negotiate', `nothing was negotiated in ${ms} ms`));
    });
  }

  #open(session: Session): OpenDevice {
    if (this.#holder !== undefined) {
      throw new VfioError('EBUSY', 'attach', `${this.#options.device.name} has a client`);
    }
    const device = this.#options.device.open();
    this.#holder = session;
    this.#sessions.get(session)?.cancel();
    return device;
  }

  #closed(session: Session): void {
    this.#past.add(session.counters);
    this.#sessions.get(session)?.cancel();
    this.#sessions.delete(session);
    if (this.#holder === session) this.#holder = undefined;
  }
}
