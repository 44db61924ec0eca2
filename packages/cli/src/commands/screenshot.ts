// vfio-ts screenshot: what a device that some other process serves shows now, as a PNG.

import type { Picture } from '@vfio-ts/core';
import { LinuxClock } from '@vfio-ts/vfio-user';
import { connectTo, picturePath, readPicture } from '@vfio-ts/viewer';
import { writeError } from '../errors.ts';
import type { Output } from '../output.ts';
import { writePng } from '../picture-file.ts';
import { untold } from '../reach.ts';
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

/** Asks once and writes. @returns exit code @throws Error there is no picture */
export async function screenshot(
  { named, socket, file, timeout }: ScreenshotArguments,
  output: Output,
): Promise<number> {
  const picture = await pictureOf({ named, socket, timeout });
  try {
    writePng(file, picture);
  } catch (error) {
    throw writeError(error, file);
  }
  output.print(`${picture.width}x${picture.height} in ${file}`);
  return EXIT.OK;
}

async function pictureOf({
  named,
  socket,
  timeout,
}: Omit<ScreenshotArguments, 'file'>): Promise<Picture> {
  try {
    const stream = await connectTo(picturePath(socket));
    return await readPicture(stream, { clock: new LinuxClock(), timeout });
  } catch (error) {
    throw untold(error, { named, socket }, 'picture');
  }
}
