// Files in memory whose power can be taken away: what was not synced is there, or is not, or is half there.

import { VfioError } from '@vfio-ts/core';
import type { FileFacts, FileMode, ImageFile, ImageFiles } from '../../src/image/file.ts';

/** A change of the disk. `'ack'` is what the one who writes was told. */
export type DiskOperation =
  | { readonly kind: 'create' | 'remove' | 'sync'; readonly path: string }
  | {
      readonly kind: 'write';
      readonly path: string;
      readonly at: number;
      readonly bytes: Uint8Array;
    }
  | { readonly kind: 'syncFolder' }
  | { readonly kind: 'ack'; readonly versions: ReadonlyMap<number, number> };

/** Whole numbers from 0 to `limit - 1`. */
export type Random = (limit: number) => number;

/** Bytes that reach the disk as a whole, in this small world. */
const CHUNK = 48;

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}

function withWrite(content: Uint8Array, at: number, bytes: Uint8Array): Uint8Array {
  const result = new Uint8Array(Math.max(content.length, at + bytes.length));
  result.set(content);
  result.set(bytes, at);
  return result;
}

/** The disk. */
export class SimulatedDisk implements ImageFiles {
  readonly files: Map<string, Uint8Array>;
  readonly log: DiskOperation[] = [];
  /** Throws in place of an operation; set by a test. */
  beforeWrite: (path: string, at: number) => void = () => {};
  beforeSync: (path: string) => void = () => {};
  beforeRead: (path: string, at: number) => Promise<void> | void = () => {};
  afterRead: (path: string, at: number) => Promise<void> | void = () => {};
  /** How many files are open. */
  openFiles = 0;

  constructor(files: ReadonlyMap<string, Uint8Array>) {
    this.files = new Map(files);
  }

  content(path: string): Uint8Array {
    const bytes = this.files.get(path);
    if (bytes === undefined) throw new VfioError('ENOENT', 'open', path);
    return bytes;
  }

  async open(path: string, mode: FileMode): Promise<ImageFile> {
    if (mode === 'create') {
      if (this.files.has(path)) throw new VfioError('EEXIST', 'open', path);
      this.files.set(path, new Uint8Array(0));
      this.log.push({ kind: 'create', path });
    }
    this.content(path);
    this.openFiles += 1;
    return this.#file(path);
  }

  #file(path: string): ImageFile {
    return {
      path,
      fd: -1,
      facts: async (): Promise<FileFacts> => {
        const size = this.content(path).length;
        return { size, inode: path, identity: path };
      },
      read: async (into, position) => {
        if (!Number.isSafeInteger(position)) throw new RangeError('position is out of range');
        await this.beforeRead(path, position);
        const from = this.content(path).subarray(position, position + into.length);
        into.set(from);
        await this.afterRead(path, position);
        return from.length;
      },
      write: async (pieces, at) => {
        this.beforeWrite(path, at);
        const bytes = joined(pieces);
        this.files.set(path, withWrite(this.content(path), at, bytes));
        this.log.push({ kind: 'write', path, at, bytes });
      },
      sync: async () => {
        this.beforeSync(path);
        this.log.push({ kind: 'sync', path });
      },
      close: async () => {
        this.openFiles -= 1;
      },
    };
  }

  async syncFolder(): Promise<void> {
    this.log.push({ kind: 'syncFolder' });
  }

  realPath(path: string): Promise<string> {
    return Promise.resolve(path);
  }

  async remove(path: string): Promise<void> {
    this.content(path);
    this.files.delete(path);
    this.log.push({ kind: 'remove', path });
  }
}

/** What of an unsynced write has reached the disk. */
function torn(before: Uint8Array, at: number, bytes: Uint8Array, random: Random): Uint8Array {
  switch (random(4)) {
    case 0:
      return before;
    case 1:
      return withWrite(before, at, bytes);
    case 2:
      return withWrite(before, at, bytes.subarray(0, random(bytes.length + 1)));
    default: {
      let result = before;
      for (let from = 0; from < bytes.length; from += CHUNK) {
        if (random(2) === 0) continue;
        result = withWrite(result, at + from, bytes.subarray(from, from + CHUNK));
      }
      return result;
    }
  }
}

/** One of the disks that can be there when the power goes after `end` operations of a log. */
export function afterPowerLoss(
  start: ReadonlyMap<string, Uint8Array>,
  log: readonly DiskOperation[],
  end: number,
  random: Random,
): Map<string, Uint8Array> {
  const files = new Map(start);
  const done = log.slice(0, end);
  done.forEach((operation, index) => {
    const rest = done.slice(index + 1);
    const isFolderDurable = rest.some(({ kind }) => kind === 'syncFolder');
    switch (operation.kind) {
      case 'create':
        if (isFolderDurable || random(2) === 0) files.set(operation.path, new Uint8Array(0));
        break;
      case 'remove':
        if (isFolderDurable || random(2) === 0) files.delete(operation.path);
        break;
      case 'write': {
        const { path, at, bytes } = operation;
        const before = files.get(path);
        if (before === undefined) break;
        const isDurable = rest.some((later) => later.kind === 'sync' && later.path === path);
        files.set(path, isDurable ? withWrite(before, at, bytes) : torn(before, at, bytes, random));
        break;
      }
      case 'sync':
      case 'syncFolder':
      case 'ack':
        break;
    }
  });
  return files;
}
