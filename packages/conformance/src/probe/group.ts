// Opening devices through their group, and seeing what the driver is told of it.

import {
  Container,
  deviceGroup,
  type GroupFile,
  type KvmReference,
  type VfioDevice,
  type VfioDeviceOps,
} from '@vfio-ts/core';
import type { TestContext } from '../context.ts';

/** A group file with a container, both closed at the end. */
export function openGroup<T extends object>(t: TestContext<T>, vdev: VfioDevice): GroupFile {
  const container = new Container(t.core, 'guest');
  t.defer('close the container', () => container.close());
  const group = deviceGroup(vdev).open();
  t.defer('close the group', () => group.close());
  group.setContainer(container);
  return group;
}

/** The driver's callbacks with an open pair, so that there is one to count. */
export function withPair<T>(ops: VfioDeviceOps<T>): VfioDeviceOps<T> {
  return {
    ...ops,
    openDevice: (device) => ops.openDevice?.(device),
    closeDevice: (device) => ops.closeDevice?.(device),
  };
}

const OPENS = new Set(['openDevice', 'closeDevice']);

/** The calls of the open pair among all calls. */
export function opensOf(calls: readonly string[]): readonly string[] {
  return calls.filter((name) => OPENS.has(name));
}

/** A virtual machine whose references are counted. */
export function countedKvm(): KvmReference & { references: number } {
  return {
    references: 0,
    get() {
      this.references++;
    },
    put() {
      this.references--;
    },
  };
}
