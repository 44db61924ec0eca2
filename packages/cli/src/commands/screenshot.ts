// vfio-ts screenshot: what a device that some other process serves shows now, as a PNG.

import { existsSync } from 'node:fs';
import { isErrno } from '@vfio-ts/core';
import { LinuxClock } from '@vfio-ts/vfio-user';
import { connectTo, picturePath, readPicture } from '@vfio-ts/viewer';
import type { Output } from '../output.ts';
import { writePng } from '../picture-file.ts';
import { EXIT } from '../usage.ts';

/** What `screenshot` is told. */
export interface ScreenshotArguments {
  /** As the user has it. */
  readonly named: string;
  readonly socket: string;
  /** Where the PNG goes. */
  readonly file: string;
  /** Milliseconds. */
  readonly timeout: number;
}

/** Asks once and writes. @returns exit code; 1 when there is no picture */
export async function screenshot(
  { named, socket, file, timeout }: ScreenshotArguments,
  output: Output,
): Promise<number> {
  try {
    const stream = await connectTo(picturePath(socket));
    const picture = await readPicture(stream, { clock: new LinuxClock(), timeout });
    writePng(file, picture);
    output.print(`${picture.width}x${picture.height} in ${file}`);
    return EXIT.OK;
  } catch (error) {
    if (!isNobody(error)) throw error;
    const cause = existsSync(socket)
      ? `${named} shows no picture, or is served by another program`
      : `nobody serves a device on ${socket}`;
    output.note(`vfio-ts: ${cause}`);
    return EXIT.FAILED;
  }
}

function isNobody(error: unknown): boolean {
  return isErrno(error, 'ENOENT') || isErrno(error, 'ECONNREFUSED');
}
