// Statistics for whoever asks, on a socket beside the device's.

import { VfioError } from '@vfio-ts/core';
import { JsonSocket, readJsonSocket } from '../json-socket.ts';
import type { ServerStats } from './stats.ts';

/** Where the statistics of the device on a socket are. */
export function statsPath(socket: string): string {
  return `${socket}.stats`;
}

/** A socket that tells statistics; its file can be opened by its owner alone, and is removed by `close`. */
export class StatsSocket extends JsonSocket<ServerStats> {}

/**
 * The statistics of a device somebody serves.
 *
 * @param path - of the statistics, see {@link statsPath}
 * @throws as {@link readJsonSocket}; `EPROTO` no statistics
 */
export async function readStats(path: string): Promise<ServerStats> {
  const stats = await readJsonSocket(path);
  if (isServerStats(stats)) return stats;
  throw new VfioError('EPROTO', 'readStats', 'no statistics of a server');
}

/** The outline is enough: who answers on a private socket is one of ours or something else altogether. */
function isServerStats(value: unknown): value is ServerStats {
  return (
    typeof value === 'object' &&
    value !== null &&
    'device' in value &&
    typeof value.device === 'string' &&
    'total' in value &&
    typeof value.total === 'object' &&
    'sessions' in value &&
    Array.isArray(value.sessions)
  );
}
