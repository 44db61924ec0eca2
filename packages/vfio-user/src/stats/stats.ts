// What a server tells about itself: plain data that JSON can hold.

import type { TrafficStats } from './counters.ts';

/** Where a session is in its life; it never goes back. */
export type SessionState = 'negotiating' | 'running' | 'closed';

/** One connection of a server. */
export interface SessionStats {
  /** As in log lines, for example `vfio0#3`. */
  readonly name: string;
  readonly state: SessionState;
  /** Which kind of client it is; `null` before it has negotiated. */
  readonly peer: string | null;
  /** Bytes of replies the client has not read yet. */
  readonly queuedBytes: number;
  /** DMA ranges the client has mapped, and the bytes of all of them. */
  readonly mappings: number;
  readonly mappedBytes: number;
  readonly traffic: TrafficStats;
}

/** A server and all that went through it, a copy that does not change any more. */
export interface ServerStats {
  readonly device: string;
  /** Milliseconds since the server was made. */
  readonly uptime: number;
  /** Connections that were accepted so far. */
  readonly connections: number;
  /** Connections that were closed at once, because there were too many. */
  readonly turnedAway: number;
  /** Sessions that are over included. */
  readonly total: TrafficStats;
  /** Those there are now, oldest first. */
  readonly sessions: readonly SessionStats[];
}
