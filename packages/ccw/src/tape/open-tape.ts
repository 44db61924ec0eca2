// Opens the file of a tape: locks it, looks through it once, and cuts off a block that nobody has finished.

import { isErrno, VfioError } from '@vfio-ts/core';
import type { Logger } from '@vfio-ts/core';
import { socketLock } from '../image/lock.ts';
import type { ImageLock } from '../image/lock.ts';
import { stepForward, TAPE_START } from './block-walk.ts';
import type { HeaderSource, TapePosition } from './block-walk.ts';
import { nodeTapeFiles } from './tape-file.ts';
import type { TapeFile, TapeFiles } from './tape-file.ts';
import { TapeIndex } from './tape-index.ts';
import { FileWindow } from './window.ts';

/** How a tape is mounted. */
export interface MountOptions {
  /** The tape is write-protected, and others may read it as well; default false. */
  readonly isReadOnly?: boolean;
  /** An empty tape is made where the file is missing; default false. */
  readonly create?: boolean;
  /** Bytes of file that fit on the tape; without limit when left out. */
  readonly capacity?: number;
  /** How many bytes before its end a writer is warned; 128 KiB, or an eighth of a short tape, when left out. */
  readonly warning?: number;
}

/** What a drive brings along. */
export interface TapeHost {
  /** For log lines. */
  readonly name: string;
  readonly logger: Logger;
  /** Who keeps others away, all of them; default {@link socketLock} alone. */
  readonly locks?: readonly ImageLock[];
  /** Where the files are; default this machine. */
  readonly files?: TapeFiles;
}

/** A file that was opened, and what is in it. */
export interface OpenedTape {
  readonly file: TapeFile;
  readonly index: TapeIndex;
  /** Bytes of whole blocks, and of what is behind damage. */
  readonly end: number;
  /** Gives the locks back and closes the file. */
  release(): Promise<void>;
}

/** Headers are read with what is around them, which is little. */
export const HEADER_WINDOW = 4096;

interface Scan {
  readonly index: TapeIndex;
  /** Behind the last block that makes sense. */
  readonly at: TapePosition;
  readonly why: 'nothing' | 'torn' | 'damaged';
}

async function scan(source: HeaderSource): Promise<Scan> {
  const index = new TapeIndex();
  for (let at = TAPE_START; ;) {
    const step = await stepForward(source, at);
    if (step.kind !== 'record' && step.kind !== 'mark') return { index, at, why: step.kind };
    at = step.to;
    index.add(at);
  }
}

async function openFile(
  files: TapeFiles,
  path: string,
  { isReadOnly = false, create = false }: MountOptions,
): Promise<TapeFile> {
  try {
    return await files.open(path, isReadOnly ? 'read' : 'write');
  } catch (error) {
    if (!create || isReadOnly || !isErrno(error, 'ENOENT')) throw error;
  }
  const file = await files.open(path, 'create');
  await files.syncFolder(path);
  return file;
}

/**
 * Opens a tape.
 *
 * @throws `EINVAL` the file begins with something else than a block of a tape; `EBUSY` another has it; `ENOENT`,
 * `EACCES`, `EROFS`, `EIO`
 */
export async function openTape(
  path: string,
  options: MountOptions,
  { name, logger, locks = [socketLock], files = nodeTapeFiles }: TapeHost,
): Promise<OpenedTape> {
  const { isReadOnly = false } = options;
  await using undo = new AsyncDisposableStack();
  const file = await openFile(files, path, options);
  undo.defer(() => file.close());
  const { inode } = await file.facts();
  for (const lock of locks) {
    undo.defer(await lock.acquire({ path, fd: file.fd, inode }, isReadOnly));
  }
  const { size } = await file.facts();
  const window = new FileWindow(file, HEADER_WINDOW);
  const headers = { end: size, bytes: window.bytes.bind(window) };
  const { index, at, why } = await scan(headers);
  if (why === 'damaged' && at.block === 0) {
    throw new VfioError('EINVAL', 'openTape', `${path}: no AWSTAPE file`);
  }
  if (why !== 'nothing') {
    const where = `behind block ${at.block}, at byte ${at.offset} of ${size}`;
    logger.log('warn', name, () => `${path} is ${why} ${where}`);
  }
  if (why === 'torn' && !isReadOnly) {
    await file.truncate(at.offset);
    await file.sync();
  }
  const kept = undo.move();
  const end = why === 'torn' ? at.offset : size;
  return { file, index, end, release: () => kept.disposeAsync() };
}
