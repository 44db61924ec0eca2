// The bus seen as the files of sysfs. Paths begin at the parents: `<parent>/mdev_supported_types/<type>/create`,
// `<parent>/<uuid>/remove`.

import { SysfsTree } from '../sysfs/tree.ts';
import type { MdevBus } from './bus.ts';
import { busNode } from './sysfs-tree.ts';

/** A bus as a tree of files. */
export class MdevSysfs extends SysfsTree {
  constructor(bus: MdevBus) {
    super(busNode(bus));
  }
}
