// Definitions of devices in files, laid out as mdevctl's: PARENT/UUID in one folder.
//
// Concepts: a change is made under a lock, by a new file that replaces the old one, so that readers need no lock and see
// whole definitions only. mdevctl may use the same folder; it takes no lock. Names that begin with a dot are not its
// own: `.lock`, `.draft` while a file is written, and `.damaged/PARENT/UUID` for what is no definition.

import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { isErrno, VfioError } from '@vfio-ts/core';
import { factOf } from '../errors.ts';
import { formatDefinition, parseDefinition, type MdevDefinition } from '../mdev/definition.ts';
import { isUuid } from '../mdev/uuid.ts';
import { makeFolders, moveAside, removeFile, replaceFile } from './durable.ts';
import { nodeFiles, type StoreFiles } from './files.ts';

/** A definition and whose it is. */
export interface StoredDefinition {
  /** Lower case. */
  readonly uuid: string;
  readonly parent: string;
  readonly definition: MdevDefinition;
}

/** A file that is no definition. */
export interface Damage {
  readonly uuid: string;
  readonly parent: string;
  readonly file: string;
  /** What is wrong with it, with file and line. */
  readonly fact: string;
  /** Where it has been put; where it was when that could not be. */
  readonly aside?: string;
}

/** What the store has. */
export interface StoreContents {
  /** By parent, then by UUID. */
  readonly definitions: readonly StoredDefinition[];
  readonly damaged: readonly Damage[];
}

/** How a store is opened. */
export interface StoreOptions {
  readonly files?: StoreFiles;
  /** Waits so many milliseconds. */
  readonly pause?: (ms: number) => Promise<void>;
}

/** Milliseconds between two tries to lock. */
const LOCK_PAUSE = 20;
/** Tries to lock; 5 s in all. */
const LOCK_TRIES = 250;

/** The definitions in a folder, which need not exist. */
export class DefinitionStore {
  readonly folder: string;
  readonly #files: StoreFiles;
  readonly #pause: (ms: number) => Promise<void>;

  constructor(folder: string, { files = nodeFiles, pause = delay }: StoreOptions = {}) {
    this.folder = folder;
    this.#files = files;
    this.#pause = (ms) => pause(ms);
  }

  /** What there is. What is damaged is moved aside, where this user may. @throws as Node does */
  async load(): Promise<StoreContents> {
    const seen = this.#read();
    if (seen.damaged.length === 0) return seen;
    try {
      return await this.#locked(() => {
        // Once more: what another was writing is whole by now.
        const { definitions, damaged } = this.#read();
        return { definitions, damaged: damaged.map((one) => this.#setAside(one)) };
      });
    } catch (error) {
      if (isErrno(error, 'EACCES') || isErrno(error, 'EROFS') || isErrno(error, 'EPERM'))
        return seen;
      throw error;
    }
  }

  /**
   * Adds a definition. A damaged one of the same name is moved aside.
   *
   * @throws `EEXIST` there is one; `EINVAL` a parent that cannot be a folder; `EBUSY` another has locked the store;
   *   as Node does
   */
  async define({ uuid, parent, definition }: StoredDefinition): Promise<void> {
    checkParent(parent);
    const name = uuid.toLowerCase();
    await this.#locked(() => {
      const { definitions, damaged } = this.#read();
      if (definitions.some((one) => one.uuid === name && one.parent === parent)) {
        throw new VfioError('EEXIST', 'define', `device ${name} on ${parent} is already defined`);
      }
      for (const one of damaged) {
        if (one.uuid === name && one.parent === parent) this.#setAside(one);
      }
      this.#write({ uuid: name, parent, definition });
    });
  }

  /**
   * Replaces a definition by what `change` makes of it.
   *
   * @param parent - needed where the UUID is defined for several
   * @throws `ENOENT` not defined; `EINVAL` defined for several parents; `EBUSY` another has locked the store; what
   *   `change` throws; as Node does
   */
  async modify(
    uuid: string,
    parent: string | undefined,
    change: (definition: MdevDefinition) => MdevDefinition,
  ): Promise<void> {
    await this.#locked(() => {
      const found = onlyOne(this.#read(), uuid, parent);
      this.#write({ ...found, definition: change(found.definition) });
    });
  }

  /**
   * Removes the definitions of a device, of all parents when none is given.
   *
   * @returns how many
   * @throws `ENOENT` none; `EBUSY` another has locked the store; as Node does
   */
  undefine(uuid: string, parent?: string): Promise<number> {
    return this.#locked(() => {
      const contents = this.#read();
      const found = definitionsOf(contents, uuid, parent);
      if (found.length === 0) throw damageOf(contents, uuid, parent) ?? notDefined(uuid, parent);
      for (const one of found) {
        for (const file of this.#filesOf(one)) removeFile(this.#files, file);
      }
      return found.length;
    });
  }

  #read(): StoreContents {
    const definitions: StoredDefinition[] = [];
    const damaged: Damage[] = [];
    const { folders } = this.#list(this.folder);
    for (const parent of folders.filter((name) => !name.startsWith('.')).toSorted()) {
      for (const name of namesOfDevices(this.#list(join(this.folder, parent)).files)) {
        const uuid = name.toLowerCase();
        const file = join(this.folder, parent, name);
        try {
          const definition = parseDefinition(this.#files.read(file), file);
          definitions.push({ uuid, parent, definition });
        } catch (error) {
          // Removed since it was listed.
          if (isErrno(error, 'ENOENT')) continue;
          if (!(error instanceof VfioError)) throw error;
          damaged.push({ uuid, parent, file, fact: factOf(error) });
        }
      }
    }
    return { definitions, damaged };
  }

  #list(folder: string): ReturnType<StoreFiles['list']> {
    try {
      return this.#files.list(folder);
    } catch (error) {
      if (isErrno(error, 'ENOENT')) return { files: [], folders: [] };
      throw error;
    }
  }

  /** Files of one device: mdevctl leaves one in capitals beside its own. */
  #filesOf({ uuid, parent }: StoredDefinition): string[] {
    const folder = join(this.folder, parent);
    const { files } = this.#list(folder);
    // The one that counts comes last, so that no other is seen in its place before it is gone, too.
    const names = files.filter((name) => name.toLowerCase() === uuid);
    return names
      .toSorted((a, b) => Number(a === uuid) - Number(b === uuid))
      .map((name) => join(folder, name));
  }

  #write({ uuid, parent, definition }: StoredDefinition): void {
    const folder = join(this.folder, parent);
    makeFolders(this.#files, folder);
    const draft = join(this.folder, '.draft');
    const text = formatDefinition(definition);
    replaceFile(this.#files, { draft, path: join(folder, uuid), text });
  }

  #setAside(damage: Damage): Damage {
    const folder = join(this.folder, '.damaged', damage.parent);
    return { ...damage, aside: moveAside(this.#files, damage.file, folder) };
  }

  /** Does something that no other store does meanwhile. */
  async #locked<T>(action: () => T): Promise<T> {
    makeFolders(this.#files, this.folder);
    const lock = await this.#lock();
    try {
      return action();
    } finally {
      lock[Symbol.dispose]();
    }
  }

  async #lock(): Promise<Disposable> {
    const path = join(this.folder, '.lock');
    for (let tries = 1; ; tries++) {
      try {
        return this.#files.lock(path);
      } catch (error) {
        if (!isErrno(error, 'EAGAIN')) throw error;
      }
      if (tries === LOCK_TRIES) {
        const fact = `another process is changing the definitions in ${this.folder}; try again`;
        throw new VfioError('EBUSY', 'lock', fact);
      }
      // oxlint-disable-next-line no-await-in-loop
      await this.#pause(LOCK_PAUSE);
    }
  }
}

/** The definitions of a device. */
export function definitionsOf(
  { definitions }: StoreContents,
  uuid: string,
  parent?: string,
): readonly StoredDefinition[] {
  const name = uuid.toLowerCase();
  return definitions.filter(
    (one) => one.uuid === name && (parent === undefined || one.parent === parent),
  );
}

/** The definition of a device. @throws `ENOENT` not defined; `EINVAL` defined for several parents */
export function onlyOne(contents: StoreContents, uuid: string, parent?: string): StoredDefinition {
  const [found, ...others] = definitionsOf(contents, uuid, parent);
  if (found === undefined) throw damageOf(contents, uuid, parent) ?? notDefined(uuid, parent);
  if (others.length === 0) return found;
  const parents = [found, ...others].map((one) => one.parent).join(', ');
  const fact = `${uuid} is defined for several parents; say which with --parent: ${parents}`;
  throw new VfioError('EINVAL', 'find', fact);
}

function damageOf(
  { damaged }: StoreContents,
  uuid: string,
  parent: string | undefined,
): VfioError | undefined {
  const found = damaged.find(
    (one) => one.uuid === uuid.toLowerCase() && (parent === undefined || one.parent === parent),
  );
  return found && new VfioError('EINVAL', 'find', found.fact);
}

function notDefined(uuid: string, parent: string | undefined): VfioError {
  const where = parent === undefined ? '' : ` on ${parent}`;
  const next = 'vfio-ts list --defined shows those that are';
  return new VfioError('ENOENT', 'find', `device ${uuid}${where} is not defined; ${next}`);
}

/** Names that are UUIDs, in order; of several for one device the one in small letters. */
function namesOfDevices(files: readonly string[]): string[] {
  const byUuid = new Map<string, string>();
  for (const name of files.filter((one) => isUuid(one)).toSorted()) {
    // Capitals come first.
    byUuid.set(name.toLowerCase(), name);
  }
  return [...byUuid.keys()].toSorted().flatMap((uuid) => byUuid.get(uuid) ?? []);
}

/** @throws `EINVAL` */
function checkParent(parent: string): void {
  if (/^[^./\0][^/\0]*$/u.test(parent)) return;
  const fact = `${JSON.stringify(parent)} cannot be a parent; vfio-ts types has those there are`;
  throw new VfioError('EINVAL', 'define', fact);
}
