// The links by which tools find mediated devices and their parents.

import type { MdevBus } from '@vfio-ts/core';
import type { DumpEntry } from './dump.ts';

/**
 * What is in `class/mdev_bus` and `bus/mdev/devices`.
 *
 * @param root - where the parents are, a path below /sys
 */
export function mdevLinks(bus: MdevBus, root: string): DumpEntry[] {
  return [
    { kind: 'directory', path: 'class/mdev_bus' },
    { kind: 'directory', path: 'bus/mdev/devices' },
    ...bus.parents.map(({ name }): DumpEntry => link(`class/mdev_bus/${name}`, `${root}/${name}`)),
    ...bus.devices.map(({ name, parent }): DumpEntry =>
      link(`bus/mdev/devices/${name}`, `${root}/${parent.name}/${name}`),
    ),
  ];
}

function link(path: string, target: string): DumpEntry {
  return { kind: 'link', path, target };
}
