// The files of an uncompressed volume: one, or several that each hold a run of cylinders.

import { VfioError } from '@vfio-ts/core';
import type { VolumeGeometry } from '../dasd/track-store.ts';
import { allSettled } from './file.ts';
import type { FileMode, ImageFile, ImageFiles } from './file.ts';
import { decodeHeader, HEADER_SIZE } from './header.ts';
import type { ImageHeader } from './header.ts';
import { partName } from './part-names.ts';

/** One file of a volume. */
interface Part {
  readonly file: ImageFile;
  readonly firstTrack: number;
  /** The track behind its last. */
  readonly endTrack: number;
}

/** Reads the header of a file. @throws `EINVAL` it is none, `EIO` */
export async function readHeader(file: ImageFile): Promise<ImageHeader> {
  const bytes = new Uint8Array(HEADER_SIZE);
  const count = await file.read(bytes, 0);
  return decodeHeader(bytes.subarray(0, count), file.path);
}

function refuse(file: ImageFile, fact: string): VfioError {
  return new VfioError('EINVAL', 'openImage', `${file.path}: ${fact}`);
}

/** How many cylinders a file has by its size. @throws `EINVAL` no whole number */
function countCylinders(file: ImageFile, header: ImageHeader, size: number): number {
  const cylinderSize = header.heads * header.trackSize;
  const cylinders = (size - HEADER_SIZE) / cylinderSize;
  if (Number.isInteger(cylinders) && cylinders > 0) return cylinders;
  const shape = `${header.heads} tracks of ${header.trackSize} bytes`;
  throw refuse(file, `${size} bytes are not a header and whole cylinders of ${shape}`);
}

function checkAlike(file: ImageFile, first: ImageHeader, header: ImageHeader): void {
  for (const field of ['kind', 'heads', 'trackSize', 'deviceType'] as const) {
    if (header[field] === first[field]) continue;
    throw refuse(file, `${field} is ${header[field]}, that of the first file is ${first[field]}`);
  }
}

/** The open files of an uncompressed volume, as one row of tracks. */
export class ImageParts {
  readonly geometry: VolumeGeometry;
  /** Names the volume for as long as its files are the same, also after a reboot. */
  readonly identity: string;
  readonly #parts: readonly Part[];

  private constructor(geometry: VolumeGeometry, identity: string, parts: readonly Part[]) {
    this.geometry = geometry;
    this.identity = identity;
    this.#parts = parts;
  }

  /**
   * Finds and checks the files behind the first. All of them, the first too, are closed when it fails.
   *
   * @throws `EINVAL` a file does not fit the others, `ENOENT` one is missing, `EIO`, `EACCES`
   */
  static async open(files: ImageFiles, first: ImageFile, mode: FileMode): Promise<ImageParts> {
    await using opened = new AsyncDisposableStack();
    opened.defer(() => first.close());
    const parts: Part[] = [];
    const identities: string[] = [];
    const firstHeader = await readHeader(first);
    let file = first;
    for (let sequence = 1; ; sequence += 1) {
      const header = await readHeader(file);
      checkAlike(file, firstHeader, header);
      const isOnly = sequence === 1 && header.sequence === 0;
      if (!isOnly && header.sequence !== sequence) {
        throw refuse(file, `it is file ${header.sequence} of its volume, not file ${sequence}`);
      }
      const { size, identity } = await file.facts();
      const tracks = countCylinders(file, header, size) * header.heads;
      const firstTrack = parts.at(-1)?.endTrack ?? 0;
      const endTrack = firstTrack + tracks;
      parts.push({ file, firstTrack, endTrack });
      identities.push(`${identity}:${size}`);
      const cylinders = endTrack / header.heads;
      // Old tools put the number of cylinders, not the highest, into the only file.
      const { highestCylinder } = header;
      if (highestCylinder === 0 || (sequence === 1 && highestCylinder === cylinders)) break;
      if (highestCylinder !== cylinders - 1) {
        throw refuse(
          file,
          `its last cylinder is ${cylinders - 1}, by the header ${highestCylinder}`,
        );
      }
      file = await files.open(partName(first.path, sequence + 1), mode);
      const next = file;
      opened.defer(() => next.close());
    }
    const { heads, trackSize, deviceType, serial } = firstHeader;
    const cylinders = (parts.at(-1)?.endTrack ?? 0) / heads;
    opened.move();
    const geometry = { cylinders, heads, trackSize, deviceType, serial };
    return new ImageParts(geometry, identities.join(' '), parts);
  }

  #find(track: number): Part {
    const part = this.#parts.find(({ endTrack }) => track < endTrack);
    if (part !== undefined) return part;
    throw new VfioError('EINVAL', 'openImage', `no track ${track}`);
  }

  #position(part: Part, track: number): number {
    return HEADER_SIZE + (track - part.firstTrack) * this.geometry.trackSize;
  }

  /** Fills `into` with what is in a track's slot. @throws `EIO` */
  async readTrack(track: number, into: Uint8Array): Promise<void> {
    const part = this.#find(track);
    const count = await part.file.read(into, this.#position(part, track));
    if (count === into.length) return;
    const fact = `${part.file.path}: track ${track} ends after ${count} bytes`;
    throw new VfioError('EIO', 'read', fact);
  }

  /** As {@link ImageParts.readTrack}, where all of the slot is in memory already. @returns whether it is */
  readTrackNow(track: number, into: Uint8Array): boolean {
    const part = this.#find(track);
    return part.file.readNow?.(into, this.#position(part, track)) === true;
  }

  /** Writes the bytes at the beginning of a track's slot. @throws `EIO`, `ENOSPC` */
  async writeTrack(track: number, image: Uint8Array): Promise<void> {
    const part = this.#find(track);
    await part.file.write([image], this.#position(part, track));
  }

  /** Makes all of it durable. @throws `EIO` */
  async sync(): Promise<void> {
    await allSettled(this.#parts.map(({ file }) => file.sync()));
  }

  async close(): Promise<void> {
    await allSettled(this.#parts.map(({ file }) => file.close()));
  }
}
