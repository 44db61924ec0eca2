// Compressed images (CCKD), for reading. Behind the file header is a second one; then a table with one entry per
// 256 tracks, the place of a table that has where each of them is. A track begins with its home address, uncompressed
// but for the first byte, which says how the rest is compressed.

import { unzip } from 'node:zlib';
import { VfioError } from '@vfio-ts/core';
import { buildTrack, emptyTrack, HOME_ADDRESS_SIZE } from '../dasd/track-image.ts';
import type { VolumeGeometry } from '../dasd/track-store.ts';
import type { ImageFile } from './file.ts';
import { HEADER_SIZE } from './header.ts';
import type { ImageHeader } from './header.ts';
import type { TrackFile } from './read-only-store.ts';
import { cchhOfTrack, soundTrack } from './tracks.ts';
import { linuxTrack } from './volume-format.ts';

const SECOND_HEADER_SIZE = 512;
const FIRST_TABLE = HEADER_SIZE + SECOND_HEADER_SIZE;
const TRACKS_PER_TABLE = 256;
/** All cylinders that a CC HH has bits for. */
const MAX_CYLINDERS = 0x1000_0000;

/** Option bit: numbers are big-endian. */
const BIG_ENDIAN = 0x02;
/** Option bit: the image is open for writing, or was not closed. */
const OPENED = 0x80;

/** The lower bits of a track's first byte. */
const COMPRESSION_MASK = 0x03;
const ZLIB = 1;
const BZIP2 = 2;

/** How tracks that are not in the file look. */
const NULL_FORMAT = { WITH_END_OF_FILE: 0, EMPTY: 1, LINUX: 2 } as const;

/** Where the two kinds of image have their fields. */
interface Layout {
  readonly cylinders: number;
  readonly nullFormat: number;
  readonly firstEntry: number;
  readonly secondEntry: number;
  /** Reads the place of something in the file. */
  readonly place: (view: DataView, at: number, isLittle: boolean) => number;
  /** The place that says: in the base image. */
  readonly inBase: number;
  /** Where the length is in an entry of a second table. */
  readonly length: number;
}

const LAYOUT_32: Layout = {
  cylinders: 40,
  nullFormat: 44,
  firstEntry: 4,
  secondEntry: 8,
  place: (view, at, isLittle) => view.getUint32(at, isLittle),
  inBase: 0xffff_ffff,
  length: 4,
};

const LAYOUT_64: Layout = {
  cylinders: 12,
  nullFormat: 72,
  firstEntry: 8,
  secondEntry: 16,
  place: (view, at, isLittle) => Number(view.getBigUint64(at, isLittle)),
  inBase: Number(0xffff_ffff_ffff_ffffn),
  length: 8,
};

function inflate(bytes: Uint8Array, maximum: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    unzip(bytes, { maxOutputLength: maximum }, (error, result) => {
      if (error === null) resolve(result);
      else reject(error);
    });
  });
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** A compressed image. */
export class CompressedFile implements TrackFile {
  readonly geometry: VolumeGeometry;
  readonly #file: ImageFile;
  readonly #layout: Layout;
  readonly #isLittle: boolean;
  readonly #nullFormat: number;
  /** Where the second tables are. */
  readonly #tables: DataView;
  /** Those that were read. */
  readonly #second = new Map<number, DataView>();

  private constructor(
    file: ImageFile,
    geometry: VolumeGeometry,
    layout: Layout,
    isLittle: boolean,
    nullFormat: number,
    tables: DataView,
  ) {
    this.#file = file;
    this.geometry = geometry;
    this.#layout = layout;
    this.#isLittle = isLittle;
    this.#nullFormat = nullFormat;
    this.#tables = tables;
  }

  /**
   * Reads the tables. The file is closed when it fails.
   *
   * @throws `EINVAL` they make no sense; `EBUSY` another program has it open for writing; `EIO`
   */
  static async open(file: ImageFile, header: ImageHeader): Promise<CompressedFile> {
    try {
      return await CompressedFile.#open(file, header);
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  static async #open(file: ImageFile, header: ImageHeader): Promise<CompressedFile> {
    const refuse = (fact: string): VfioError =>
      new VfioError('EINVAL', 'openImage', `${file.path}: ${fact}`);
    const second = new Uint8Array(SECOND_HEADER_SIZE);
    if ((await file.read(second, HEADER_SIZE)) < second.length) {
      throw refuse('it ends within the header of compression');
    }
    const view = viewOf(second);
    const options = view.getUint8(3);
    if ((options & OPENED) !== 0) {
      const fact = 'a program has it open for writing or did not close it; cckdcdsk repairs it';
      throw new VfioError('EBUSY', 'openImage', `${file.path}: ${fact}`);
    }
    const is64 = header.kind === 'compressed 64';
    const layout = is64 ? LAYOUT_64 : LAYOUT_32;
    const isLittle = is64 || (options & BIG_ENDIAN) === 0;
    // The number of cylinders does not follow the option.
    const cylinders = view.getUint32(layout.cylinders, true);
    if (cylinders === 0 || cylinders > MAX_CYLINDERS) throw refuse(`${cylinders} cylinders`);
    const { heads, trackSize, deviceType, serial } = header;
    const entries = Math.ceil((cylinders * heads) / TRACKS_PER_TABLE);
    const { size } = await file.facts();
    if (FIRST_TABLE + entries * layout.firstEntry > size) {
      throw refuse(`${size} bytes cannot hold the table of ${cylinders} cylinders`);
    }
    const tables = new Uint8Array(entries * layout.firstEntry);
    if ((await file.read(tables, FIRST_TABLE)) < tables.length) {
      throw refuse('it ends within its first table');
    }
    const nullFormat = view.getUint8(layout.nullFormat);
    return new CompressedFile(
      file,
      { cylinders, heads, trackSize, deviceType, serial },
      layout,
      isLittle,
      nullFormat > NULL_FORMAT.LINUX ? NULL_FORMAT.WITH_END_OF_FILE : nullFormat,
      viewOf(tables),
    );
  }

  async load(track: number): Promise<Uint8Array> {
    return soundTrack(this.geometry, track, await this.#find(track));
  }

  async #find(track: number): Promise<Uint8Array> {
    const table = await this.#secondTable(Math.floor(track / TRACKS_PER_TABLE), track);
    if (table === undefined) return this.#nullTrack(track, this.#nullFormat);
    const { secondEntry, length: lengthAt, inBase, place } = this.#layout;
    const at = (track % TRACKS_PER_TABLE) * secondEntry;
    const position = place(table, at, this.#isLittle);
    const length = table.getUint16(at + lengthAt, this.#isLittle);
    if (position === 0) return this.#nullTrack(track, length);
    if (position === inBase) throw this.#damaged(track, 'it is in a base image');
    const bytes = new Uint8Array(length);
    if (length < HOME_ADDRESS_SIZE || !(await this.#fill(bytes, position))) {
      throw this.#damaged(track, `${length} bytes at 0x${position.toString(16)} are not there`);
    }
    return this.#expand(track, bytes);
  }

  close(): Promise<void> {
    return this.#file.close();
  }

  async #secondTable(index: number, track: number): Promise<DataView | undefined> {
    const known = this.#second.get(index);
    if (known !== undefined) return known;
    const { firstEntry, secondEntry, inBase, place } = this.#layout;
    const position = place(this.#tables, index * firstEntry, this.#isLittle);
    if (position === 0) return undefined;
    if (position === inBase) throw this.#damaged(track, 'its table is in a base image');
    const bytes = new Uint8Array(TRACKS_PER_TABLE * secondEntry);
    if (!(await this.#fill(bytes, position))) {
      throw this.#damaged(track, `its table at 0x${position.toString(16)} is not there`);
    }
    const table = viewOf(bytes);
    this.#second.set(index, table);
    return table;
  }

  /** Whether there were as many bytes. */
  async #fill(into: Uint8Array, position: number): Promise<boolean> {
    if (!Number.isSafeInteger(position + into.length)) return false;
    return (await this.#file.read(into, position)) === into.length;
  }

  async #expand(track: number, bytes: Uint8Array): Promise<Uint8Array> {
    const compression = (bytes[0] ?? 0) & COMPRESSION_MASK;
    bytes[0] = (bytes[0] ?? 0) & ~COMPRESSION_MASK;
    if (compression === 0) return bytes;
    if (compression === BZIP2) {
      const fact = 'compressed by bzip2, copy the image with dasdcopy -z or -0';
      throw new VfioError('EOPNOTSUPP', 'read', `${this.#file.path}: track ${track}: ${fact}`);
    }
    if (compression !== ZLIB) throw this.#damaged(track, `compression ${compression}`);
    try {
      const maximum = this.geometry.trackSize - HOME_ADDRESS_SIZE;
      const rest = await inflate(bytes.subarray(HOME_ADDRESS_SIZE), maximum);
      const image = new Uint8Array(HOME_ADDRESS_SIZE + rest.length);
      image.set(bytes.subarray(0, HOME_ADDRESS_SIZE));
      image.set(rest, HOME_ADDRESS_SIZE);
      return image;
    } catch (error) {
      throw this.#damaged(track, 'it cannot be decompressed', error);
    }
  }

  /** What a track looks like that is not in the file. */
  #nullTrack(track: number, format: number): Uint8Array {
    const cchh = cchhOfTrack(this.geometry, track);
    const isLinux = this.#nullFormat === NULL_FORMAT.LINUX && format !== NULL_FORMAT.EMPTY;
    if (isLinux || format === NULL_FORMAT.LINUX) return linuxTrack(cchh);
    if (format === NULL_FORMAT.EMPTY) return emptyTrack(cchh);
    const r0 = { number: 0, data: new Uint8Array(8) };
    return buildTrack(cchh, [r0, { number: 1, data: new Uint8Array(0) }]);
  }

  #damaged(track: number, fact: string, cause?: unknown): VfioError {
    return new VfioError('EIO', 'read', `${this.#file.path}: track ${track}: ${fact}`, { cause });
  }
}
