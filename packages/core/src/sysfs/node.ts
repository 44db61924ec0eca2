// Directories, files and links, made anew for each look-up, so that a file is there exactly as long as what it stands
// for.

import { VfioError } from '../errno.ts';

/** A directory. */
export interface DirectoryNode {
  readonly kind: 'directory';
  entries(): ReadonlyMap<string, SysfsNode>;
}

/** A file, with the ways it can be used. */
export interface FileNode {
  readonly kind: 'file';
  readonly read?: () => string;
  /** Takes the text; returns the characters consumed, all of them. */
  readonly write?: (text: string) => Promise<unknown>;
}

/** A symbolic link. */
export interface LinkNode {
  readonly kind: 'link';
  /** Path from the root of the tree. */
  readonly target: string;
}

/** One entry. */
export type SysfsNode = DirectoryNode | FileNode | LinkNode;

/** A directory of what is there when one looks. */
export function sysfsDirectory(
  entries: () => Iterable<readonly [string, SysfsNode]>,
): DirectoryNode {
  return { kind: 'directory', entries: () => new Map(entries()) };
}

/** A symbolic link; `target` is a path from the root of the tree. */
export function sysfsLink(target: string): LinkNode {
  return { kind: 'link', target };
}

/**
 * Finds an entry; a link on the way is followed, a link at the end is not.
 *
 * @throws `ENOENT`
 * @internal
 */
export function lookup(root: DirectoryNode, path: string): SysfsNode {
  let node: SysfsNode = root;
  for (const name of path.split('/')) {
    if (name === '') continue;
    const at: SysfsNode = node.kind === 'link' ? lookup(root, node.target) : node;
    const next: SysfsNode | undefined =
      at.kind === 'directory' ? at.entries().get(name) : undefined;
    if (next === undefined) throw new VfioError('ENOENT', 'lookup', `no such file: ${path}`);
    node = next;
  }
  return node;
}
