// Directories, files and links, made anew for each look-up, so that a file is there exactly as long as what it stands for.

import { VfioError, type SysfsEntry } from '@vfio-ts/core';

/** A directory. @internal */
export interface Directory {
  readonly kind: 'directory';
  entries(): ReadonlyMap<string, TreeNode>;
}

/** A file, with the ways it can be used. @internal */
export interface File {
  readonly kind: 'file';
  readonly read?: () => string;
  readonly write?: (text: string) => Promise<void>;
}

/** A symbolic link; the target is a path from the root of the tree. @internal */
export interface Link {
  readonly kind: 'link';
  readonly target: string;
}

/** One entry. @internal */
export type TreeNode = Directory | File | Link;

/** A directory of what is there when one looks. @internal */
export function directory(entries: () => Iterable<readonly [string, TreeNode]>): Directory {
  return { kind: 'directory', entries: () => new Map(entries()) };
}

/** @internal */
export function link(target: string): Link {
  return { kind: 'link', target };
}

/**
 * Finds an entry, following links.
 *
 * @throws `ENOENT`
 * @internal
 */
export function follow(root: Directory, path: string): Directory | File {
  let node: TreeNode = root;
  for (const name of path.split('/')) {
    if (name === '') continue;
    const next: TreeNode | undefined =
      node.kind === 'directory' ? node.entries().get(name) : undefined;
    if (next === undefined) throw new VfioError('ENOENT', 'lookup', `no such file: ${path}`);
    // Links lead to devices and drivers, never to links, so this ends.
    node = next.kind === 'link' ? follow(root, next.target) : next;
  }
  return node;
}

/** What is in a directory. @internal */
export function entriesOf(
  at: Directory,
  path: string,
): readonly (readonly [TreeNode, SysfsEntry])[] {
  const prefix = path.split('/').filter((name) => name !== '');
  return Array.from(at.entries(), ([name, node]) => [
    node,
    toEntry(name, [...prefix, name].join('/'), node),
  ]);
}

/** Every entry below a directory, a directory before what it holds; links are not followed. @internal */
export function walk(at: Directory, path: string): readonly SysfsEntry[] {
  const found: SysfsEntry[] = [];
  for (const [node, entry] of entriesOf(at, path)) {
    found.push(entry);
    if (node.kind === 'directory') found.push(...walk(node, entry.path));
  }
  return found;
}

function toEntry(name: string, path: string, node: TreeNode): SysfsEntry {
  if (node.kind === 'directory') return { kind: 'directory', name, path };
  if (node.kind === 'link') return { kind: 'link', name, path, target: node.target };
  const mode = (node.read ? 0o444 : 0) | (node.write ? 0o200 : 0);
  return { kind: 'file', name, path, mode };
}
