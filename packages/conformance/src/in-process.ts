// The device used in this process: group, container, device file.

import {
  Container,
  deviceGroup,
  type DeviceFile,
  type GroupFile,
  type SharedMemory,
  type VfioDevice,
} from '@vfio-ts/core';
import { CountingSignal, TrackedMemory } from './fakes/index.ts';
import type { Connector, Session, TestSignal } from './session.ts';

/** A signal of a {@link InProcessSession}. */
export class InProcessSignal extends CountingSignal implements TestSignal {
  isReleased(): boolean {
    return this.closed > 0;
  }
}

/** A session with everything the kernel's path has. */
export class InProcessSession implements Session {
  readonly container: Container;
  readonly group: GroupFile;
  readonly access: DeviceFile;
  readonly #guest = new TrackedMemory({ detachOnUnmap: true });
  readonly #memory: SharedMemory[] = [];
  readonly #signals: InProcessSignal[] = [];

  /**
   * Opens group and device.
   *
   * @throws what `openDevice` gives; everything is undone then
   */
  constructor(vdev: VfioDevice) {
    this.container = new Container(vdev.core, 'guest');
    this.group = deviceGroup(vdev).open();
    try {
      this.group.setContainer(this.container);
      this.access = this.group.openDevice(vdev.name);
    } catch (error) {
      this.group.close();
      throw error;
    }
  }

  signal(): InProcessSignal {
    const signal = new InProcessSignal();
    this.#signals.push(signal);
    return signal;
  }

  memory(size: number): SharedMemory {
    const memory = this.#guest.alloc('guest', size);
    this.#memory.push(memory);
    return memory;
  }

  settle(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    try {
      this.access.close();
    } finally {
      this.group.close();
      this.container.close();
      for (const memory of this.#memory) memory.close();
    }
    return Promise.resolve();
  }

  leaks(): readonly string[] {
    const twice = this.#signals.filter((signal) => signal.closed > 1);
    return [...this.#guest.alive, ...twice.map(() => 'a signal closed more than once')];
  }
}

/** The device used through its group, in this process. */
export const inProcess: Connector = {
  name: 'in process',
  isInProcess: true,
  async connect(vdev: VfioDevice): Promise<Session> {
    return new InProcessSession(vdev);
  },
};
