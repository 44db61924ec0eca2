// Makes an empty volume. It gets its name when it is complete: nobody ever sees half of one.

import { access, link, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { isErrno, VfioError } from '@vfio-ts/core';
import type { VolumeGeometry } from '../dasd/track-store.ts';
import { allSettled, nodeFiles } from './file.ts';
import type { ImageFile } from './file.ts';
import { fileError } from './file-error.ts';
import { encodeHeader, HEADER_SIZE } from './header.ts';
import { journalName } from './journal.ts';
import { geometryOf } from './models.ts';
import { firstPartName, MAX_PARTS, partName } from './part-names.ts';
import { formattedTrack } from './volume-format.ts';
import type { VolumeFormat } from './volume-format.ts';

/** What {@link createVolume} makes. */
export interface CreateVolumeOptions {
  /** A model, `'3390-3'` for example, or how many cylinders a 3390 is to have. */
  readonly model: string | number;
  /** Serial number of the volume: 1 to 6 letters, digits, `@`, `#` or `$`. */
  readonly serial: string;
  /** How its tracks are formatted; default `'empty'`. */
  readonly format?: VolumeFormat;
  /**
   * Cylinders per file; the files are then named as Hercules does, with `_1`, `_2` and so on, at most 27. Default one
   * file, whatever its size. Hercules' own tools begin a new one before 2 GiB: 2519 cylinders of a 3390.
   */
  readonly cylindersPerFile?: number;
  /** Hears how many tracks are done, now and then and at the end. */
  readonly onProgress?: (done: number, tracks: number) => void;
  /** Ends it early: nothing is left behind. */
  readonly signal?: AbortSignal;
}

/** How many tracks are written at one time. */
const AT_A_TIME = 64;

/** One file that is being made. */
interface NewFile {
  readonly temporary: string;
  readonly path: string;
  readonly firstTrack: number;
  readonly tracks: number;
  readonly header: Uint8Array;
}

function planFiles(path: string, geometry: VolumeGeometry, cylindersPerFile: number): NewFile[] {
  const { cylinders, heads } = geometry;
  const count = Math.ceil(cylinders / cylindersPerFile);
  if (count > MAX_PARTS) {
    const fact = `${count} files of ${cylindersPerFile} cylinders, at most ${MAX_PARTS} can be`;
    throw new VfioError('EINVAL', 'createVolume', fact);
  }
  return Array.from({ length: count }, (_, at) => {
    const end = Math.min((at + 1) * cylindersPerFile, cylinders);
    const name = count === 1 ? path : partName(firstPartName(path), at + 1);
    return {
      temporary: join(dirname(name), `.${basename(name)}.${process.pid}.new`),
      path: name,
      firstTrack: at * cylindersPerFile * heads,
      tracks: (end - at * cylindersPerFile) * heads,
      header: encodeHeader({
        ...geometry,
        sequence: count === 1 ? 0 : at + 1,
        highestCylinder: end === cylinders ? 0 : end - 1,
      }),
    };
  });
}

/** Removes zeros at the end, which a hole has as well. */
function withoutZeros(image: Uint8Array): Uint8Array {
  return image.subarray(0, image.findLastIndex((byte) => byte !== 0) + 1);
}

/** Fills one file; `track` makes the image of a track by its number on the volume. */
async function fillFile(
  into: ImageFile,
  file: NewFile,
  trackSize: number,
  track: (number: number) => Uint8Array,
  afterRun: (tracks: number) => void,
): Promise<void> {
  await into.write([file.header], 0);
  await into.write([new Uint8Array(1)], HEADER_SIZE + file.tracks * trackSize - 1);
  for (let first = 0; first < file.tracks; first += AT_A_TIME) {
    const end = Math.min(first + AT_A_TIME, file.tracks);
    const run = Array.from({ length: end - first }, (_, at) => {
      const number = first + at;
      const image = withoutZeros(track(file.firstTrack + number));
      return into.write([image], HEADER_SIZE + number * trackSize);
    });
    await allSettled(run);
    afterRun(run.length);
  }
  await into.sync();
}

/** @throws `EEXIST` */
async function checkAbsent(path: string): Promise<void> {
  try {
    await access(path);
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return;
    throw fileError(error, 'createVolume', path);
  }
  throw new VfioError('EEXIST', 'createVolume', path);
}

function checkSerial(serial: string): string {
  const upper = serial.toUpperCase();
  if (/^[0-9A-Z@#$]{1,6}$/v.test(upper)) return upper;
  const fact = `serial number ${JSON.stringify(serial)}: not 1 to 6 letters, digits, @, # or $`;
  throw new VfioError('EINVAL', 'createVolume', fact);
}

/**
 * Makes an empty volume: label, VTOC, and all tracks formatted. The files are sparse where nothing but zeros is.
 *
 * @param path - of the file, or what the names of several are made of
 * @throws `EINVAL` no such model, serial number or number of files; `EEXIST` there is such a file; `ECANCELED` by
 *   the signal; `ENOSPC`, `EACCES`, `ENOENT`, `EIO`
 */
export async function createVolume(path: string, options: CreateVolumeOptions): Promise<void> {
  const { model, format = 'empty', onProgress, signal } = options;
  const geometry = { ...geometryOf(model), serial: '' };
  const { cylinders, heads, trackSize } = geometry;
  const serial = checkSerial(options.serial);
  const { cylindersPerFile = cylinders } = options;
  if (!Number.isSafeInteger(cylindersPerFile) || cylindersPerFile < 1) {
    throw new VfioError('EINVAL', 'createVolume', `${cylindersPerFile} cylinders per file`);
  }
  const files = planFiles(path, geometry, cylindersPerFile);
  await checkAbsent(journalName(files[0]?.path ?? path));
  for (const file of files) await checkAbsent(file.path);
  const total = cylinders * heads;
  let done = 0;
  const afterRun = (tracks: number): void => {
    if (signal?.aborted === true) throw new VfioError('ECANCELED', 'createVolume', path);
    done += tracks;
    onProgress?.(done, total);
  };
  const image = (track: number): Uint8Array => formattedTrack(geometry, format, serial, track);

  await using undo = new AsyncDisposableStack();
  await using temporaries = new AsyncDisposableStack();
  for (const file of files) {
    const into = await nodeFiles.open(file.temporary, 'create');
    temporaries.defer(() => unlink(file.temporary));
    try {
      await fillFile(into, file, trackSize, image, afterRun);
    } finally {
      await into.close();
    }
  }
  for (const file of files) {
    try {
      // A rename would replace a file that has come meanwhile; a link is refused.
      await link(file.temporary, file.path);
    } catch (error) {
      throw fileError(error, 'createVolume', file.path);
    }
    undo.defer(() => unlink(file.path));
  }
  await nodeFiles.syncFolder(path);
  undo.move();
}
