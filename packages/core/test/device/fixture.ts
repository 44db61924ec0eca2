// A driver that writes down what is asked of it, and throws where it is told to.
import {
  allocDevice,
  Container,
  deviceGroup,
  HeapMemory,
  iommufdEmulatedOps,
  registerEmulatedIommuDev,
  VfioError,
  type DeviceFile,
  type GroupFile,
  type ParentDevice,
  type Ref,
  type SharedMemory,
  type VfioCore,
  type VfioDevice,
  type VfioDeviceOps,
} from '../../src/index.ts';

export class Plain {
  readonly vdev: VfioDevice;

  constructor(vdev: VfioDevice) {
    this.vdev = vdev;
  }
}

/** Callbacks of a driver in plain JavaScript, or some of those of one in TypeScript. */
export type SomeOps = { readonly [K in keyof VfioDeviceOps<Plain>]?: VfioDeviceOps<Plain>[K] };

/** A device with the callbacks of `ops`, the pairs made whole. */
export function device(
  core: VfioCore,
  ops: SomeOps = {},
  parent: ParentDevice = core.parent('p'),
): Ref<Plain> {
  const whole = { name: 'plain', openDevice() {}, closeDevice() {}, ...iommufdEmulatedOps, ...ops };
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return allocDevice(Plain, 'vdev', parent, whole as VfioDeviceOps<Plain>);
}

export interface Registered {
  readonly ref: Ref<Plain>;
  readonly vdev: VfioDevice;
}

export function registered(core: VfioCore, ops: SomeOps = {}): Registered {
  const ref = device(core, ops);
  const { vdev } = ref.device;
  registerEmulatedIommuDev(vdev);
  return { ref, vdev };
}

export interface Opened extends Registered {
  readonly container: Container;
  readonly group: GroupFile;
  readonly file: DeviceFile;
}

/** A device opened through its group. */
export function opened(core: VfioCore, ops: SomeOps = {}): Opened {
  const { ref, vdev } = registered(core, ops);
  const container = new Container(core, 'c0');
  const group = deviceGroup(vdev).open();
  group.setContainer(container);
  return { ref, vdev, container, group, file: group.openDevice(vdev) };
}

export function memory(size = 4096): SharedMemory {
  return new HeapMemory().alloc('test', size);
}

/** What a call throws: its code if it has one, else the thing itself; `undefined` if it does not throw. */
export function thrown(call: () => unknown): unknown {
  try {
    call();
    return undefined;
  } catch (error) {
    return error instanceof VfioError ? error.code : error;
  }
}

/** The same for what gives a promise. */
export async function rejected(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
    return undefined;
  } catch (error) {
    return error instanceof VfioError ? error.code : error;
  }
}

/** A value of a type that only plain JavaScript can pass. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters
export function wrong<T>(value: unknown): T {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return value as T;
}
