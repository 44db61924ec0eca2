// Opens an image: finds its files, locks them, finishes what a crash has interrupted.

import { isErrno, VfioError } from '@vfio-ts/core';
import type { TrackStore } from '../dasd/track-store.ts';
import { CompressedFile } from './compressed.ts';
import { nodeFiles } from './file.ts';
import type { FileMode, ImageFile, ImageFiles } from './file.ts';
import { entrySize } from './journal-format.ts';
import type { JournalEntry } from './journal-format.ts';
import { Journal, journalName, readLeftJournal } from './journal.ts';
import type { LeftJournal } from './journal.ts';
import { socketLock } from './lock.ts';
import type { ImageLock } from './lock.ts';
import type { ImageHeader } from './header.ts';
import { firstPartName } from './part-names.ts';
import { ImageParts, readHeader } from './parts.ts';
import { ReadOnlyStore } from './read-only-store.ts';
import { ReadyTracks } from './ready-tracks.ts';
import { checkTrackNumber, soundTrack, trackLater } from './tracks.ts';
import { WritableStore } from './writable-store.ts';

/** How an image is opened. */
export interface OpenImageOptions {
  /** Nothing is written, and others may read the image as well; default false. */
  readonly isReadOnly?: boolean;
  /** How many tracks to keep in memory, at least 1; default 256, which is 14 MiB of a full 3390. */
  readonly cacheTracks?: number;
  /** How large the journal may grow, in bytes; default 32 MiB, never less than one track takes. */
  readonly journalSize?: number;
  /** Who keeps others away, all of them; default {@link socketLock} alone. */
  readonly locks?: readonly ImageLock[];
  /** Where the files are; default this machine. */
  readonly files?: ImageFiles;
}

const DEFAULT_CACHE_TRACKS = 256;
const DEFAULT_JOURNAL_SIZE: number = 32 * 2 ** 20;

/** Opens the file of a volume, or the first of several. */
async function openFirst(files: ImageFiles, path: string, mode: FileMode): Promise<ImageFile> {
  try {
    return await files.open(path, mode);
  } catch (error) {
    if (!isErrno(error, 'ENOENT')) throw error;
    try {
      return await files.open(firstPartName(path), mode);
    } catch (second) {
      throw isErrno(second, 'ENOENT') ? error : second;
    }
  }
}

/** The newest complete image of each track that a journal has. @throws `EINVAL`, `EIO` it makes no sense */
function newestTracks(
  parts: ImageParts,
  entries: readonly JournalEntry[],
): Map<number, Uint8Array> {
  const newest = new Map<number, Uint8Array>();
  for (const { track, image } of entries) {
    checkTrackNumber('openImage', parts.geometry, track);
    newest.set(track, soundTrack(parts.geometry, track, image));
  }
  return newest;
}

/** Finishes what the journal has, so that it is not needed any more. */
async function recover(parts: ImageParts, left: LeftJournal): Promise<void> {
  if (left.entries.length === 0) return;
  for (const [track, image] of newestTracks(parts, left.entries)) {
    await parts.writeTrack(track, image);
  }
  await parts.sync();
}

function readPlain(
  parts: ImageParts,
  left: LeftJournal | undefined,
  cacheTracks: number,
): TrackStore {
  const { geometry } = parts;
  const ready = new ReadyTracks(parts);
  const file = {
    geometry,
    load: (track: number): Promise<Uint8Array> => trackLater(parts, track),
    loadNow: (track: number, slot: Uint8Array): Uint8Array | undefined => ready.read(track, slot),
    close: (): Promise<void> => parts.close(),
  };
  return new ReadOnlyStore(file, newestTracks(parts, left?.entries ?? []), cacheTracks);
}

async function writePlain(
  files: ImageFiles,
  parts: ImageParts,
  journalPath: string,
  left: LeftJournal | undefined,
  options: OpenImageOptions,
): Promise<TrackStore> {
  if (left !== undefined) await recover(parts, left);
  const journal = await Journal.start(
    files,
    journalPath,
    parts.identity,
    left?.generation,
    Math.max(options.journalSize ?? DEFAULT_JOURNAL_SIZE, entrySize(parts.geometry.trackSize)),
  );
  const own = { files, parts, journal, journalPath };
  return new WritableStore(own, options.cacheTracks ?? DEFAULT_CACHE_TRACKS);
}

/** Opens the rest; `first` is closed when it fails. */
async function openLocked(
  files: ImageFiles,
  first: ImageFile,
  header: ImageHeader,
  options: OpenImageOptions,
): Promise<TrackStore> {
  const { isReadOnly = false, cacheTracks = DEFAULT_CACHE_TRACKS } = options;
  if (header.kind !== 'plain') {
    return new ReadOnlyStore(await CompressedFile.open(first, header), new Map(), cacheTracks);
  }
  const mode = isReadOnly ? 'read' : 'write';
  const parts = await ImageParts.open(files, first, mode);
  try {
    // The same for all who open the file, whichever link they have come by.
    const journalPath = journalName(await files.realPath(first.path));
    const { trackSize } = parts.geometry;
    const left = await readLeftJournal(files, journalPath, parts.identity, trackSize);
    if (isReadOnly) return readPlain(parts, left, cacheTracks);
    return await writePlain(files, parts, journalPath, left, options);
  } catch (error) {
    await parts.close();
    throw error;
  }
}

/** A store that gives its locks back last. */
function withLocks(store: TrackStore, held: AsyncDisposableStack): TrackStore {
  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    try {
      await store.close();
    } finally {
      await held.disposeAsync();
    }
  };
  return {
    geometry: store.geometry,
    isReadOnly: store.isReadOnly,
    read: (track) => store.read(track),
    lend: (track) => store.lend?.(track),
    write: (track, image) => store.write(track, image),
    flush: () => store.flush(),
    close: () => {
      closing ??= close();
      return closing;
    },
  };
}

/**
 * Opens a CKD image of Hercules: `CKD_P370` and `CKD_P064`, in one file or several, and read-only `CKD_C370` and
 * `CKD_C064`. While it is open for writing, a journal is beside it, named as the file with `.journal` behind; where
 * a crash has left one, what it has is finished first. No other program may write the image in between.
 *
 * @param path - the file, or the first of several, or the name they have without number
 * @throws `ENOENT`, `EACCES`; `EBUSY` another has it; `EINVAL` no usable image, or the journal is another's;
 *   `EROFS` a compressed image for writing; `EIO`, `ENOSPC`
 */
export async function openImage(path: string, options: OpenImageOptions = {}): Promise<TrackStore> {
  const { files = nodeFiles, isReadOnly = false, locks = [socketLock] } = options;
  await using held = new AsyncDisposableStack();
  const first = await openFirst(files, path, isReadOnly ? 'read' : 'write');
  const { path: firstPath, fd } = first;
  let header: ImageHeader;
  try {
    const { inode } = await first.facts();
    for (const lock of locks) {
      held.defer(await lock.acquire({ path: firstPath, fd, inode }, isReadOnly));
    }
    header = await readHeader(first);
    if (header.kind !== 'plain' && !isReadOnly) {
      throw new VfioError('EROFS', 'openImage', `${firstPath}: compressed, can be read only`);
    }
  } catch (error) {
    await first.close();
    throw error;
  }
  const store = await openLocked(files, first, header, options);
  return withLocks(store, held.move());
}
