// What the bus shows as files: the directories of the parents, their types and their mdevs, made anew
// for each look-up, so that a file is there exactly as long as what it stands for.

import {
  sysfsDirectory,
  sysfsLink,
  type DirectoryNode,
  type FileNode,
  type SysfsNode,
} from '../sysfs/node.ts';
import type { MdevBus } from './bus.ts';
import type { MdevAttributeGroup, MdevDevice, MdevParent, MdevType } from './mdev.ts';

/** The whole tree of a bus: a directory for each parent. @internal */
export function busNode(bus: MdevBus): DirectoryNode {
  return sysfsDirectory(() => bus.parents.map((parent) => [parent.name, parentNode(parent)]));
}

function parentNode(parent: MdevParent): DirectoryNode {
  return sysfsDirectory(() => [
    ['mdev_supported_types', typesNode(parent)],
    ...parent.devices.map((mdev): [string, SysfsNode] => [mdev.name, mdevNode(mdev)]),
  ]);
}

function typesNode(parent: MdevParent): DirectoryNode {
  return sysfsDirectory(() => parent.types.map((type) => [type.directory, typeNode(type)]));
}

function typeNode(type: MdevType): DirectoryNode {
  return sysfsDirectory(() => {
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
  return sysfsDirectory(() =>
    type.devices
      .filter((mdev) => mdev.state === 'active')
      .map((mdev) => [mdev.name, sysfsLink(`${type.parent.name}/${mdev.name}`)]),
  );
}

function mdevNode(mdev: MdevDevice): DirectoryNode {
  return sysfsDirectory(() => {
    const entries: [string, SysfsNode][] = [];
    if (mdev.state === 'creating' || mdev.state === 'active') {
      entries.push(['remove', { kind: 'file', write: (text) => mdev.writeRemove(text) }]);
    }
    if (mdev.state === 'active') {
      const target = `${mdev.parent.name}/mdev_supported_types/${mdev.type.directory}`;
      entries.push(['mdev_type', sysfsLink(target)]);
    }
    for (const [name, group] of Object.entries(mdev.attributes)) {
      if (name === '') entries.push(...attributeNodes(mdev, name, group));
      else entries.push([name, sysfsDirectory(() => attributeNodes(mdev, name, group))]);
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
