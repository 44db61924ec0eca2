// The files of a driver, told by the process that serves its devices.

import type { Logger } from '@vfio-ts/core';
import { JsonSocket, readJsonSocket } from '@vfio-ts/vfio-user';
import { socketOf } from '../places.ts';
import { untold } from '../reach.ts';
import { parseDump, type SysfsDump } from './dump.ts';

/** Where the files are told, of the device on a socket. */
export function sysfsPath(socket: string): string {
  return `${socket}.sysfs`;
}

/** Tells them until it is closed. @throws as `JsonSocket` */
export function tellSysfs(socket: string, sysfs: () => SysfsDump, logger: Logger): JsonSocket {
  return new JsonSocket(sysfsPath(socket), sysfs, logger);
}

/**
 * Asks for them.
 *
 * @param named - UUID or socket of the device
 * @throws Error nobody serves there; what `readJsonSocket` throws; `EPROTO` something else answers
 */
export async function readSysfs(named: string): Promise<SysfsDump> {
  const socket = socketOf(named);
  try {
    return parseDump(await readJsonSocket(sysfsPath(socket)));
  } catch (error) {
    throw untold(error, { named, socket }, 'files');
  }
}
