// What must not compile. The gate is tsc -b; at run time the same calls are EINVAL where a test says so.
import { describe, expect, test } from 'vitest';
import {
  allocDevice,
  containerOf,
  type Ref,
  type VfioDevice,
  type VfioDeviceOps,
  type VfioMigrationOps,
} from '../src/index.ts';
import { testCore } from './support.ts';

class Display {
  readonly vdev: VfioDevice;
  readonly size: number;
  maybe?: VfioDevice;
  nullable: VfioDevice | null = null;

  constructor(vdev: VfioDevice, size: number) {
    this.vdev = vdev;
    this.size = size;
  }
}

class Adapter {
  readonly core: VfioDevice;
  secret = 1;

  constructor(core: VfioDevice) {
    this.core = core;
  }
}

const displayOps: VfioDeviceOps<Display> = {
  name: 'display',
  init: (display) => void display.size,
  openDevice() {},
  closeDevice() {},
};
const adapterOps: VfioDeviceOps<Adapter> = {
  name: 'adapter',
  init: (adapter) => void adapter.secret,
};
const { core } = testCore();
const parent = core.parent('parent0');

describe('allocDevice', () => {
  test('gives back the type it was told, whatever the field is called', () => {
    using display: Ref<Display> = allocDevice(Display, 'vdev', parent, displayOps, 5);
    using adapter: Ref<Adapter> = allocDevice(Adapter, 'core', parent, adapterOps);
    expect([display.device.size, adapter.device.secret]).toEqual([5, 1]);
  });

  test('a field that does not exist does not compile and is EINVAL', () => {
    // @ts-expect-error no such field
    expect(() => allocDevice(Display, 'nope', parent, displayOps, 5)).toThrow('EINVAL');
  });

  test('a field of another type does not compile and is EINVAL', () => {
    // @ts-expect-error a number is no core device
    expect(() => allocDevice(Display, 'size', parent, displayOps, 5)).toThrow('EINVAL');
  });

  test('an optional field does not compile and is EINVAL', () => {
    // @ts-expect-error may be absent
    expect(() => allocDevice(Display, 'maybe', parent, displayOps, 5)).toThrow('EINVAL');
  });

  test('a nullable field does not compile and is EINVAL', () => {
    // @ts-expect-error may be null
    expect(() => allocDevice(Display, 'nullable', parent, displayOps, 5)).toThrow('EINVAL');
  });

  test('constructor arguments are those of the class', () => {
    // @ts-expect-error the size is missing
    using missing = allocDevice(Display, 'vdev', parent, displayOps);
    // @ts-expect-error a size is a number
    using wrong = allocDevice(Display, 'vdev', parent, { name: 'display' }, 'five');
    // @ts-expect-error one argument too many
    using more = allocDevice(Adapter, 'core', parent, adapterOps, 1);
    expect([missing.device.vdev.index, wrong.device.vdev.index, more.device.core.index]).toEqual([
      0, 1, 2,
    ]);
  });

  test('an ops table of another driver does not compile', () => {
    // @ts-expect-error adapterOps is about Adapter
    using adapter = allocDevice(Display, 'vdev', parent, adapterOps, 5);
    expect(adapter.device).toBeInstanceOf(Display);
  });

  test('nobody but core makes a core device', () => {
    // @ts-expect-error looks alike, is none
    const fake = new Display({ index: 0, name: 'vfio0', parent, core, state: 'allocated' }, 5);
    expect(() => containerOf(fake.vdev, Display)).toThrow('EINVAL');
  });
});

describe('VfioDeviceOps', () => {
  test('half a pair does not compile and is EINVAL', () => {
    // @ts-expect-error closeDevice is missing
    const half: VfioDeviceOps<Display> = { name: 'half', openDevice() {} };
    expect(() => allocDevice(Display, 'vdev', parent, half, 5)).toThrow('EINVAL');
  });

  test('a part of the iommufd callbacks does not compile and is EINVAL', () => {
    // @ts-expect-error the other three are missing
    const part: VfioDeviceOps<Display> = { name: 'part', bindIommufd() {} };
    expect(() => allocDevice(Display, 'vdev', parent, part, 5)).toThrow('EINVAL');
  });

  test('migration without states does not compile', () => {
    // @ts-expect-error getState, setState and getDataSize are missing
    const migration: VfioMigrationOps<Display> = { flags: 1 };
    expect(migration.flags).toBe(1);
  });

  test('containerOf gives the exact type and refuses a device of another class', () => {
    using display = allocDevice(Display, 'vdev', parent, displayOps, 5);
    const same: Display = containerOf(display.device.vdev, Display);
    expect(same).toBe(display.device);
    expect(() => containerOf(display.device.vdev, Adapter)).toThrow('EINVAL');
  });
});
