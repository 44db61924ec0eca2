// What the bus shows as files: the directories of the parents, their types and their mdevs, made anew
// for each look-up, so that a file is there exactly as long as what it stands for.

import { VfioError } from '../errno.ts';
import type { MdevBus } from './bus.ts';
import type { MdevAttributeGroup, MdevDevice, MdevParent, MdevType } from './mdev.ts';

/** A directory. @internal */
export interface DirectoryNode {
  readonly kind: 'directory';
  entries(): ReadonlyMap<string, SysfsNode>;
}

/** A file, with the ways it can be used. @internal */
export interface FileNode {
  readonly kind: 'file';
  readonly read?: () => string;
  /** Takes the text; returns the characters consumed, all of them. */
  readonly write?: (text: string) => Promise<unknown>;
}

/** A symbolic link. @internal */
export interface LinkNode {
  readonly kind: 'link';
  /** Path from the root of the tree. */
  readonly target: string;
}

/** One entry. @internal */
export type SysfsNode = DirectoryNode | FileNode | LinkNode;

/** The whole tree of a bus: a directory for each parent. @internal */
export function busNode(bus: MdevBus): DirectoryNode {
  return directory(() => bus.parents.map((parent) => [parent.name, parentNode(parent)]));
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

function parentNode(parent: MdevParent): DirectoryNode {
  return directory(() => [
    ['mdev_supported_types', typesNode(parent)],
    ...parent.devices.map((mdev): [string, SysfsNode] => [mdev.name, mdevNode(mdev)]),
  ]);
}

function typesNode(parent: MdevParent): DirectoryNode {
  return directory(() => parent.types.map((type) => [type.directory, typeNode(type)]));
}

function typeNode(type: MdevType): DirectoryNode {
  return directory(() => {
    const entries: [string, SysfsNode][] = [
      ['create', { kind: 'file', write: (text) => type.create(text) }],
      ['name', { kind: 'file', read: () => `${type.name}\n` }],
      ['device_api', { kind: 'file', read: () => `${type.deviceApi}\n` }],
      ['available_instances', { kind: 'file', read: () => `${type.availableInstances}\n` }],
      ['devices', linksNode(type)],
    ];
    if (type.hasDescription) {
      entries.push(['description', { kind: 'file', read: () => type.description ?? '' }]);
    }
    return entries;
  });
}

function linksNode(type: MdevType): DirectoryNode {
  return directory(() =>
    type.devices
      .filter((mdev) => mdev.state === 'active')
      .map((mdev) => [mdev.name, { kind: 'link', target: `${type.parent.name}/${mdev.name}` }]),
  );
}

function mdevNode(mdev: MdevDevice): DirectoryNode {
  return directory(() => {
    const entries: [string, SysfsNode][] = [];
    if (mdev.state === 'creating' || mdev.state === 'active') {
      entries.push(['remove', { kind: 'file', write: (text) => mdev.writeRemove(text) }]);
    }
    if (mdev.state === 'active') {
      const target = `${mdev.parent.name}/mdev_supported_types/${mdev.type.directory}`;
      entries.push(['mdev_type', { kind: 'link', target }]);
    }
    for (const [name, group] of Object.entries(mdev.attributes)) {
      if (name === '') entries.push(...attributeNodes(mdev, name, group));
      else entries.push([name, directory(() => attributeNodes(mdev, name, group))]);
    }
    return entries;
  });
}

function attributeNodes(
  mdev: MdevDevice,
  group: string,
  attributes: MdevAttributeGroup,
): [string, FileNode][] {
  return Object.entries(attributes).map(([name, attribute]) => [
    name,
    {
      kind: 'file',
      ...(attribute.show && { read: () => mdev.show(group, name) }),
      ...(attribute.store && { write: (text: string) => mdev.store(group, name, text) }),
    },
  ]);
}

function directory(entries: () => Iterable<readonly [string, SysfsNode]>): DirectoryNode {
  return { kind: 'directory', entries: () => new Map(entries()) };
}
