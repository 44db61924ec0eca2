// A tree of files as sysfs has them, for buses that tools talk to as they do to the kernel.

import { VfioError } from '../errno.ts';
import { lookup, type DirectoryNode, type SysfsNode } from './node.ts';

/** Characters one write can carry; a read has one less, as `sysfs_emit()` fills a page. */
const PAGE_SIZE = 4096;

/** One entry of a directory. */
export type SysfsEntry =
  | { readonly kind: 'directory'; readonly name: string; readonly path: string }
  | {
      readonly kind: 'file';
      readonly name: string;
      readonly path: string;
      /** Permission bits: 0o444, 0o200 or 0o644. */
      readonly mode: number;
    }
  | {
      readonly kind: 'link';
      readonly name: string;
      readonly path: string;
      /** Path from the root of this view. */
      readonly target: string;
    };

/** A tree of files. */
export class SysfsTree {
  readonly #root: DirectoryNode;

  constructor(root: DirectoryNode) {
    this.#root = root;
  }

  /**
   * What is in a directory, in no promised order; the top for `''`.
   *
   * @throws `ENOENT` there is no such directory
   */
  list(path: string = ''): readonly SysfsEntry[] {
    return entriesOf(this.#directory(path), path).map(([, entry]) => entry);
  }

  /**
   * Every entry below a directory, a directory before what it holds; links are not followed, and their targets
   * are paths from the top.
   *
   * @throws `ENOENT` there is no such directory
   */
  walk(path: string = ''): readonly SysfsEntry[] {
    return walk(this.#directory(path), path);
  }

  /**
   * The text of a file, as the kernel formats it; at most 4095 characters.
   *
   * @throws `ENOENT` no such file; `EACCES` it can only be written; `EINVAL` a directory; what a driver's
   * show throws
   */
  read(path: string): string {
    const node = this.#file(path, 'read');
    if (node.read === undefined) throw new VfioError('EACCES', 'read', `write only: ${path}`);
    return node.read().slice(0, PAGE_SIZE - 1);
  }

  /**
   * Writes a file at once. A write of nothing reaches nobody and succeeds, as in the kernel.
   *
   * @returns characters consumed; at most 4096, the rest is not looked at
   * @throws `ENOENT` no such file; `EACCES` it can only be read; `EINVAL` a directory; what the file's owner
   * throws
   */
  async write(path: string, text: string): Promise<number> {
    const node = this.#file(path, 'write');
    if (node.write === undefined) throw new VfioError('EACCES', 'write', `read only: ${path}`);
    const taken = text.slice(0, PAGE_SIZE);
    if (taken !== '') await node.write(taken);
    return taken.length;
  }

  #directory(path: string): DirectoryNode {
    const node = this.#follow(path);
    if (node.kind === 'directory') return node;
    throw new VfioError('ENOENT', 'list', `not a directory: ${path}`);
  }

  #file(path: string, op: string): SysfsNode & { readonly kind: 'file' } {
    const node = this.#follow(path);
    if (node.kind !== 'file') throw new VfioError('EINVAL', op, `not a file: ${path}`);
    return node;
  }

  #follow(path: string): SysfsNode {
    const node = lookup(this.#root, path);
    return node.kind === 'link' ? this.#follow(node.target) : node;
  }
}

function walk(directory: DirectoryNode, path: string): readonly SysfsEntry[] {
  const found: SysfsEntry[] = [];
  for (const [node, entry] of entriesOf(directory, path)) {
    found.push(entry);
    if (node.kind === 'directory') found.push(...walk(node, entry.path));
  }
  return found;
}

function entriesOf(directory: DirectoryNode, path: string): [SysfsNode, SysfsEntry][] {
  const prefix = path.split('/').filter((name) => name !== '');
  return Array.from(directory.entries(), ([name, node]) => [
    node,
    toEntry(name, [...prefix, name].join('/'), node),
  ]);
}

function toEntry(name: string, path: string, node: SysfsNode): SysfsEntry {
  if (node.kind === 'directory') return { kind: 'directory', name, path };
  if (node.kind === 'link') return { kind: 'link', name, path, target: node.target };
  const mode = (node.read ? 0o444 : 0) | (node.write ? 0o200 : 0);
  return { kind: 'file', name, path, mode };
}
