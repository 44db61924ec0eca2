// A tape drive without a channel, over files that can fail.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { RecordingLogger } from '@vfio-ts/conformance/fakes';
import { VfioError } from '@vfio-ts/core';
import type { ImageFile } from '../../src/image/file.ts';
import type { MountOptions } from '../../src/tape/open-tape.ts';
import { TapeControlUnit } from '../../src/tape/tape-control-unit.ts';
import { nodeTapeFiles } from '../../src/tape/tape-file.ts';
import type { TapeFile, TapeFiles } from '../../src/tape/tape-file.ts';
import { runTape, type ChainEnd, type TapeStep } from './chains.ts';

export * from './chains.ts';

/** Files that say what was done to them, and fail when they are told to. */
export class WatchedFiles implements TapeFiles {
  readonly calls: string[] = [];
  /** Throws for a call that is to fail. */
  fault: (call: string) => void = () => undefined;

  async open(path: string, mode: 'read' | 'write' | 'create'): Promise<TapeFile> {
    return this.#watch(await nodeTapeFiles.open(path, mode));
  }

  syncFolder(path: string): Promise<void> {
    this.#call('syncFolder');
    return nodeTapeFiles.syncFolder(path);
  }

  #call(call: string): void {
    this.calls.push(call);
    this.fault(call);
  }

  #watch(file: TapeFile): TapeFile {
    const act = async <T>(call: string, go: () => Promise<T>): Promise<T> => {
      this.#call(call);
      return go();
    };
    const plain: ImageFile = file;
    return {
      path: plain.path,
      fd: plain.fd,
      facts: () => plain.facts(),
      close: () => plain.close(),
      read: (into, at) => act('read', () => file.read(into, at)),
      write: (pieces, at) => act('write', () => file.write(pieces, at)),
      sync: () => act('sync', () => file.sync()),
      truncate: (size) => act(`truncate ${size}`, () => file.truncate(size)),
    };
  }
}

/** Fails each call of a name. */
export function failing(name: string, code: 'EIO' | 'ENOSPC' = 'EIO'): (call: string) => void {
  return (call) => {
    if (call === name) throw new VfioError(code, name, 'made to fail');
  };
}

/** A drive, its files, and what it has said. */
export interface Rig extends AsyncDisposable {
  readonly unit: TapeControlUnit;
  readonly files: WatchedFiles;
  readonly logger: RecordingLogger;
  /** Where its tape is. */
  readonly path: string;
  /** Status that nobody asked for. */
  readonly unsolicited: number[];
  run(...steps: readonly TapeStep[]): Promise<ChainEnd>;
  /** The file, now. */
  contents(): Buffer;
}

/** A drive without a tape. */
export function drive(folder: string, name = 'tape.aws'): Rig {
  const files = new WatchedFiles();
  const logger = new RecordingLogger();
  const unit = new TapeControlUnit({ logger, files });
  const path = join(folder, name);
  const unsolicited: number[] = [];
  unit.listen((status) => unsolicited.push(status));
  return {
    unit,
    files,
    logger,
    path,
    unsolicited,
    run: (...steps) => runTape(unit, steps),
    contents: () => readFileSync(path),
    [Symbol.asyncDispose]: () => unit.close(),
  };
}

/** A drive with a tape: an empty one, or a file with these contents. */
export async function loaded(
  folder: string,
  contents?: Uint8Array,
  options: MountOptions = {},
): Promise<Rig> {
  const rig = drive(folder);
  writeFileSync(rig.path, contents ?? new Uint8Array(0));
  await rig.unit.mount(rig.path, options);
  return rig;
}
