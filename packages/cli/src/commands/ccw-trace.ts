// vfio-ts ccw trace: channel programs of a device that some other process serves.

import { formatChain } from '@vfio-ts/ccw/client';
import { readJsonFeed } from '@vfio-ts/vfio-user';
import { parseTold, tracePath, type Told } from '../drivers/ccw/trace-line.ts';
import type { CommandHost } from '../host.ts';
import { socketOf } from '../places.ts';
import { untold } from '../reach.ts';
import { EXIT } from '../usage.ts';

/** What `ccw trace` is told. */
export interface CcwTraceArguments {
  /** UUID or socket of the device. */
  readonly named: string;
  /** As it is told, in place of text. */
  readonly json: boolean;
}

/** Prints until somebody stops it or the server ends. @returns exit code; 1 when nobody serves there */
export async function ccwTrace(
  { named, json }: CcwTraceArguments,
  { output, untilStopped }: CommandHost,
): Promise<number> {
  const socket = socketOf(named);
  const stop = new AbortController();
  void untilStopped().then(() => stop.abort());
  try {
    for await (const line of readJsonFeed(tracePath(socket), stop.signal)) {
      if (json) output.print(line);
      else for (const text of describe(parseTold(line))) output.print(text);
    }
    return EXIT.OK;
  } catch (error) {
    throw untold(error, { named, socket }, 'channel programs');
  }
}

/** A chain in lines: when and where, its commands, and a blank one. */
function describe(told: Told): string[] {
  if ('lost' in told) return [`${told.lost} chains were too many to be shown`, ''];
  const { time, chain, kind } = told;
  return [`${time.slice(11, 23)} ${chain.unit}`, ...formatChain(chain, kind), ''];
}
