// Files in memory that forget at a crash what was not synced, in any way a file system may.

import { dirname, basename } from 'node:path';
import type { StoreFiles } from '../../src/store/files.ts';

/** The machine ends here. */
export class Crash extends Error {}

interface MemoryFile {
  readonly kind: 'file';
  text: string;
  /** As far as it outlasts a crash for sure. */
  durable: string;
}

interface MemoryFolder {
  readonly kind: 'folder';
  names: Map<string, MemoryFile | MemoryFolder>;
  durable: Map<string, MemoryFile | MemoryFolder>;
}

/** What happens to the operation of some number. */
export interface Fault {
  /** Counted from 0. */
  readonly at: number;
  /** `before` and `after` it the machine ends; an error code is thrown in its place. */
  readonly kind: 'before' | 'after' | 'EIO' | 'ENOSPC';
}

/** Decides what a crash has left of something: a number from 0 to `max`. */
export type Pick = (max: number) => number;

/** The files. One crash, or one error, at a time. */
export class MemoryFiles implements StoreFiles {
  readonly #root: MemoryFolder = folder();
  readonly #open = new Map<number, MemoryFile | MemoryFolder>();
  readonly #locked = new Set<string>();
  #nextFd = 3;
  #fault: Fault | undefined;
  #hasCrashed = false;
  /** Operations so far. */
  count = 0;

  /** Lets the next operations go well until one does not. */
  inject(fault: Fault | undefined): void {
    this.count = 0;
    this.#fault = fault;
  }

  /** What is left when the machine is on again. */
  reboot(pick: Pick): void {
    this.#hasCrashed = false;
    this.#fault = undefined;
    this.#open.clear();
    this.#locked.clear();
    forget(this.#root, pick);
  }

  /** All files, to be compared. */
  tree(): Record<string, string> {
    return Object.fromEntries(textsOf(this.#root, ''));
  }

  /** Puts a file there for good, as another program would. */
  put(path: string, text: string): void {
    let at = this.#root;
    for (const name of dirname(path).split('/').filter(Boolean)) {
      const next = at.names.get(name) ?? folder();
      if (next.kind === 'file') throw new Error(`${name} is a file`);
      at.names.set(name, next);
      at.durable.set(name, next);
      at = next;
    }
    const file: MemoryFile = { kind: 'file', text, durable: text };
    at.names.set(basename(path), file);
    at.durable.set(basename(path), file);
  }

  list(path: string): { readonly files: readonly string[]; readonly folders: readonly string[] } {
    return this.#do(() => {
      const entries = [...this.#folder(path).names];
      const ofKind = (kind: 'file' | 'folder'): string[] =>
        entries.filter(([, node]) => node.kind === kind).map(([name]) => name);
      return { files: ofKind('file'), folders: ofKind('folder') };
    });
  }

  read(path: string): string {
    return this.#do(() => {
      const node = this.#node(path);
      if (node.kind === 'folder') throw failure('EISDIR', path);
      return node.text;
    });
  }

  makeFolder(path: string): void {
    this.#do(() => this.#add(path, folder()));
  }

  create(path: string): number {
    return this.#do(() => {
      const file: MemoryFile = { kind: 'file', text: '', durable: '' };
      this.#add(path, file);
      return this.#opened(file);
    });
  }

  openFolder(path: string): number {
    return this.#do(() => this.#opened(this.#folder(path)));
  }

  write(fd: number, text: string): void {
    this.#do(() => {
      const file = this.#open.get(fd);
      if (file?.kind !== 'file') throw failure('EBADF', String(fd));
      file.text += text;
    });
  }

  sync(fd: number): void {
    this.#do(() => {
      const node = this.#open.get(fd);
      if (node === undefined) throw failure('EBADF', String(fd));
      if (node.kind === 'file') node.durable = node.text;
      else node.durable = new Map(node.names);
    });
  }

  close(fd: number): void {
    const isOpen = this.#open.has(fd);
    // As with Linux, it is closed also when that gives an error.
    if (!this.#hasCrashed) this.#open.delete(fd);
    this.#do(() => {
      if (!isOpen) throw failure('EBADF', String(fd));
    });
  }

  rename(from: string, to: string): void {
    this.#do(() => {
      const node = this.#node(from);
      this.#folder(dirname(to)).names.set(basename(to), node);
      this.#folder(dirname(from)).names.delete(basename(from));
    });
  }

  link(from: string, to: string): void {
    this.#do(() => this.#add(to, this.#node(from)));
  }

  remove(path: string): void {
    this.#do(() => {
      this.#node(path);
      this.#folder(dirname(path)).names.delete(basename(path));
    });
  }

  lock(path: string): Disposable {
    return this.#do(() => {
      if (this.#locked.has(path)) throw failure('EAGAIN', path);
      this.#locked.add(path);
      return { [Symbol.dispose]: () => void this.#locked.delete(path) };
    });
  }

  /** Descriptors that are open. */
  get openCount(): number {
    return this.#open.size + this.#locked.size;
  }

  #do<T>(action: () => T): T {
    if (this.#hasCrashed) throw new Crash();
    const kind = this.count++ === this.#fault?.at ? this.#fault.kind : undefined;
    if (kind === 'before') {
      this.#hasCrashed = true;
      throw new Crash();
    }
    if (kind === 'EIO' || kind === 'ENOSPC') throw failure(kind, 'injected');
    const result = action();
    if (kind !== 'after') return result;
    this.#hasCrashed = true;
    throw new Crash();
  }

  #node(path: string): MemoryFile | MemoryFolder {
    let node: MemoryFile | MemoryFolder = this.#root;
    for (const name of path.split('/').filter(Boolean)) {
      const next: MemoryFile | MemoryFolder | undefined =
        node.kind === 'folder' ? node.names.get(name) : undefined;
      if (next === undefined) throw failure('ENOENT', path);
      node = next;
    }
    return node;
  }

  #folder(path: string): MemoryFolder {
    const node = this.#node(path);
    if (node.kind === 'file') throw failure('ENOTDIR', path);
    return node;
  }

  #add(path: string, node: MemoryFile | MemoryFolder): void {
    const { names } = this.#folder(dirname(path));
    if (names.has(basename(path))) throw failure('EEXIST', path);
    names.set(basename(path), node);
  }

  #opened(node: MemoryFile | MemoryFolder): number {
    this.#open.set(this.#nextFd, node);
    return this.#nextFd++;
  }
}

function folder(): MemoryFolder {
  return { kind: 'folder', names: new Map(), durable: new Map() };
}

function forget(at: MemoryFolder, pick: Pick): void {
  for (const name of new Set([...at.names.keys(), ...at.durable.keys()])) {
    const before = at.durable.get(name);
    const after = at.names.get(name);
    const left = pick(1) === 0 ? before : after;
    if (left === undefined) at.names.delete(name);
    else at.names.set(name, left);
  }
  at.durable = new Map(at.names);
  for (const node of at.names.values()) {
    if (node.kind === 'folder') forget(node, pick);
    else if (node.text !== node.durable) {
      node.text = node.text.slice(0, pick(node.text.length));
      node.durable = node.text;
    }
  }
}

function* textsOf(at: MemoryFolder, path: string): Generator<[string, string]> {
  for (const [name, node] of at.names) {
    if (node.kind === 'folder') yield* textsOf(node, `${path}/${name}`);
    else yield [`${path}/${name}`, node.text];
  }
}

function failure(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${path}`), { code });
}
