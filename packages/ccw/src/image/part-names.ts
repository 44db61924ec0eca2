// How Hercules names the files of a volume that is in several: the sequence number takes the place of the last
// character before the first dot of the file's name.

import { VfioError } from '@vfio-ts/core';

/** How many files a volume can have. */
export const MAX_PARTS = 27;

/** Where the name ends that the number belongs to: at the first dot behind the last slash. */
function endOfStem(path: string): number {
  const dot = path.indexOf('.', path.lastIndexOf('/') + 2);
  return dot < 0 ? path.length : dot;
}

function digit(sequence: number): string {
  return sequence <= 9 ? String(sequence) : String.fromCharCode('A'.charCodeAt(0) + sequence - 10);
}

/**
 * The name of one file of a volume, from that of any of them.
 *
 * @param sequence - from 1
 * @throws `EINVAL` a volume cannot have so many files
 */
export function partName(path: string, sequence: number): string {
  if (sequence > MAX_PARTS) {
    throw new VfioError('EINVAL', 'openImage', `${path}: more than ${MAX_PARTS} files`);
  }
  const end = endOfStem(path);
  return path.slice(0, end - 1) + digit(sequence) + path.slice(end);
}

/** The name of the first of several files for the name of a volume; itself where it is one. */
export function firstPartName(path: string): string {
  const end = endOfStem(path);
  if (path[end - 2] === '_') return partName(path, 1);
  return `${path.slice(0, end)}_1${path.slice(end)}`;
}
