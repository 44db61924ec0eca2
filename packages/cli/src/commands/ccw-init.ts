// vfio-ts ccw init: an empty volume.

import { createVolume, type VolumeFormat } from '@vfio-ts/ccw';
import { isErrno } from '@vfio-ts/core';
import type { CommandHost } from '../host.ts';
import { EXIT } from '../usage.ts';

/** What `ccw init` is told. */
export interface CcwInitArguments {
  readonly file: string;
  readonly serial: string;
  /** A model's name, or how many cylinders. */
  readonly model: string | number;
  /** Cylinders that one file holds; all of them when left out. */
  readonly cylindersPerFile: number | undefined;
  readonly format: VolumeFormat;
}

/** Milliseconds that need no remark. */
const SHORT = 1000;

/** Makes the volume. @returns exit code; 1 when it could not be, and then nothing is left */
export async function ccwInit(
  { file, serial, model, cylindersPerFile, format }: CcwInitArguments,
  { output, untilStopped, progress }: CommandHost,
): Promise<number> {
  const stop = new AbortController();
  void untilStopped().then(() => stop.abort());
  const begin = performance.now();
  let tracks = 0;
  const onProgress = (done: number, all: number): void => {
    tracks = all;
    if (performance.now() - begin < SHORT) return;
    progress?.(`${Math.floor((100 * done) / all)} % of ${all} tracks`);
  };
  try {
    await createVolume(file, {
      serial,
      model,
      format,
      onProgress,
      signal: stop.signal,
      ...(cylindersPerFile !== undefined && { cylindersPerFile }),
    });
  } catch (error) {
    output.note(`vfio-ts: ${reason(file, error)}`);
    return EXIT.FAILED;
  } finally {
    progress?.('');
  }
  const what = typeof model === 'number' ? '3390' : model.toUpperCase();
  output.print(`${file}: ${what}, ${tracks} tracks, volume ${serial.toUpperCase()}`);
  return EXIT.OK;
}

function reason(file: string, error: unknown): string {
  if (isErrno(error, 'EEXIST')) {
    return `there is a ${file} or a part of it; it is not replaced: take another name, or remove it`;
  }
  if (isErrno(error, 'ECANCELED')) return `${file}: stopped, and nothing is left of it`;
  if (isErrno(error, 'ENOENT')) return `there is no folder for ${file}; make it first`;
  return error instanceof Error ? error.message : String(error);
}
