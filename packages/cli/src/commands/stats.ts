// vfio-ts stats: what has passed through a device that some other process serves.

import { isErrno } from '@vfio-ts/core';
import { readStats, statsPath } from '@vfio-ts/vfio-user';
import type { Output } from '../output.ts';
import { statsTable } from '../stats-table.ts';
import { EXIT } from '../usage.ts';

/** What `stats` is told. */
export interface StatsArguments {
  /** The device's socket. */
  readonly socket: string;
  /** JSON in place of a table. */
  readonly json: boolean;
}

/** Asks once and prints. @returns exit code; 1 when nobody serves there */
export async function stats({ socket, json }: StatsArguments, output: Output): Promise<number> {
  try {
    const told = await readStats(statsPath(socket));
    if (json) output.print(JSON.stringify(told));
    else for (const line of statsTable(told)) output.print(line);
    return EXIT.OK;
  } catch (error) {
    if (!isErrno(error, 'ENOENT') && !isErrno(error, 'ECONNREFUSED')) throw error;
    output.note(`vfio-ts: nobody serves a device on ${socket}`);
    return EXIT.FAILED;
  }
}
