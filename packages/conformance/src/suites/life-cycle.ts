// References and release: statements 8 to 13, 15 and 23.

import {
  assignDeviceSet,
  containerOf,
  deviceGroup,
  deviceSetOpenCount,
  dmaRw,
  dmaView,
  enableDmaLog,
  isIrqEnabled,
  openDeviceCdev,
  pinPages,
  registerEmulatedIommuDev,
  registerGroupDev,
  setIntx,
  setupIrq,
  setupRegion,
  triggerIrq,
  unpinPages,
  unregisterGroupDev,
  VFIO_DEVICE_FEATURE_GET,
  VFIO_DEVICE_FEATURE_MIGRATION,
  VFIO_MIGRATION_STOP_COPY,
  type VfioDevice,
  type VfioDeviceOps,
  type VfioMigrationOps,
} from '@vfio-ts/core';
import { expect } from 'vitest';
import { refused } from '../assert.ts';
import type { DeviceHarness } from '../harness.ts';
import { InProcessSession } from '../in-process.ts';
import { spyOps } from '../spy-ops.ts';
import { declareSuite, type SuiteOptions, type SuiteTests } from '../suite.ts';

/** The life of a device from allocation to release. */
export function lifeCycleSuite<T extends object>(
  harness: DeviceHarness<T>,
  options: SuiteOptions = {},
): void {
  declareSuite('life cycle', harness, options, (tests) => {
    references(tests);
    afterRelease(tests);
    cycles(tests, options.cycles ?? 1000);
  });
}

function references<T extends object>({ test, harness }: SuiteTests<T>): void {
  test('[8] the put of a device that was never registered releases it once', (t) => {
    const calls: string[] = [];
    const ref = t.create(spyOps(harness.ops, calls));
    const vdev = t.vdev(ref);
    ref.put();
    expect(calls.filter((name) => name === 'release').length).toBe(
      harness.ops.release === undefined ? 0 : 1,
    );
    expect(vdev.state).toBe('released');
    expect(t.memory.alive).toEqual([]);
  });

  test('[9] at the last put the index is free before release runs, memory goes after it', (t) => {
    const seen: { index?: number; memory?: number } = {};
    const before: { memory?: number } = {};
    const ref = t.create({
      ...harness.ops,
      release(device) {
        seen.memory = t.memory.alive.length;
        // The index is looked at before the driver's release, which may take nothing more.
        using other = t.create();
        seen.index = t.vdev(other).index;
        harness.ops.release?.(device);
      },
    });
    const { index } = t.vdev(ref);
    before.memory = t.memory.alive.length;
    ref.put();
    expect(seen).toEqual({ index, memory: before.memory });
    expect(t.memory.alive).toEqual([]);
  });

  test('[10] only the last of several puts releases', (t) => {
    const calls: string[] = [];
    let released = 0;
    const ref = t.create(counting(spyOps(harness.ops, calls), () => released++));
    const further = ref.get();
    const last = further.get();
    ref.put();
    further.put();
    expect(released).toBe(0);
    expect(t.harness.vdev(last.device).state).toBe('allocated');
    last.put();
    expect(released).toBe(1);
  });

  test('[11] a second put of one reference is EINVAL, names the first, and releases nothing', async (t) => {
    let released = 0;
    const ref = t.create(counting(harness.ops, () => released++));
    const other = ref.get();
    ref.put();
    await refused('EINVAL', () => ref.put());
    expect(() => ref.put()).toThrow(/first put was at/u);
    expect(released).toBe(0);
    other.put();
  });

  test('[11] a second put after the last one is refused too, without a second release', async (t) => {
    let released = 0;
    const ref = t.create(counting(harness.ops, () => released++));
    ref.put();
    await refused('EINVAL', () => ref.put());
    expect(released).toBe(1);
  });

  test('[13] a get from a reference that was put is refused', async (t) => {
    const ref = t.create();
    const other = ref.get();
    ref.put();
    await refused('EINVAL', () => ref.get());
    other.put();
    await refused('ENODEV', () => ref.get());
    await refused('ENODEV', () => other.get());
  });

  test('[12] the last put of a registered device is EBUSY and changes nothing', async (t) => {
    const { ref, vdev } = t.registered();
    await refused('EBUSY', () => ref.put());
    expect(vdev.state).toBe('registered');
    expect(ref.device).toBeDefined();
  });
}

function afterRelease<T extends object>({ test, harness }: SuiteTests<T>): void {
  const bytes = new Uint8Array(4);
  const operations: Record<string, (vdev: VfioDevice) => unknown> = {
    registerEmulatedIommuDev,
    registerGroupDev,
    unregisterGroupDev: (vdev) => unregisterGroupDev(vdev),
    deviceGroup,
    openDeviceCdev,
    assignDeviceSet: (vdev) => assignDeviceSet(vdev, 'set'),
    deviceSetOpenCount,
    setupRegion: (vdev) => setupRegion(vdev, 100, { size: 4, flags: 1 }),
    setupIrq: (vdev) => setupIrq(vdev, 100, { count: 1 }),
    triggerIrq: (vdev) => triggerIrq(vdev, 0, 0),
    setIntx: (vdev) => setIntx(vdev, true),
    isIrqEnabled: (vdev) => isIrqEnabled(vdev, 0, 0),
    pinPages: (vdev) => pinPages(vdev, 0, 1, 1),
    unpinPages: (vdev) => unpinPages(vdev, 0, 1),
    dmaRw: (vdev) => dmaRw(vdev, 0, bytes, false),
    dmaView: (vdev) => dmaView(vdev, 0, 4, 1),
    enableDmaLog,
    containerOf: (vdev) => containerOf(vdev, Object),
  };
  for (const [name, operation] of Object.entries(operations)) {
    test(`[12] ${name} of a released device is ENODEV`, async (t) => {
      const ref = t.create();
      const vdev = t.vdev(ref);
      ref.put();
      await refused('ENODEV', () => operation(vdev));
    });
  }

  test('[12] the device of a reference that was the last is ENODEV', async (t) => {
    const ref = t.create();
    ref.put();
    await refused('ENODEV', () => ref.device);
  });

  test('[12] a register, unregister and put in between leave the same end', async (t) => {
    const ref = t.create();
    const vdev = t.vdev(ref);
    t.register(vdev);
    await unregisterGroupDev(vdev);
    ref.put();
    await refused('ENODEV', () => t.register(vdev));
    await refused('ENODEV', () => unregisterGroupDev(vdev));
  });

  test('[23] migration that is added to the callbacks after registration is ignored', async (t) => {
    const { migration: _none, ...rest } = harness.ops;
    const ops: { migration?: VfioMigrationOps<T> } & typeof rest = { ...rest };
    const { vdev } = t.registered(ops);
    ops.migration = {
      flags: VFIO_MIGRATION_STOP_COPY,
      getState: () => 'RUNNING',
      setState: () => undefined,
      getDataSize: () => 0,
    };
    const { access } = t.openInProcess(vdev);
    const flags = VFIO_DEVICE_FEATURE_MIGRATION | VFIO_DEVICE_FEATURE_GET;
    await refused('ENOTTY', () => access.feature({ argsz: 16, flags }));
  });
}

function cycles<T extends object>({ test }: SuiteTests<T>, count: number): void {
  test('[15] many whole lives leave nothing behind', async (t) => {
    const before = t.resources();
    for (let i = 0; i < count; i++) {
      const ref = t.create();
      const vdev = t.vdev(ref);
      t.register(vdev);
      const session = new InProcessSession(vdev);
      // One life after the other.
      // oxlint-disable-next-line no-await-in-loop
      await session.close();
      // oxlint-disable-next-line no-await-in-loop
      await unregisterGroupDev(vdev);
      ref.put();
    }
    expect(t.resources()).toEqual(before);
    expect(t.memory.alive).toEqual([]);
    expect(t.core.leaks()).toEqual([]);
    using next = t.create();
    expect(t.vdev(next).index).toBe(0);
  });
}

/** Callbacks that count releases and then do what the driver does. */
function counting<T>(ops: VfioDeviceOps<T>, count: () => void): VfioDeviceOps<T> {
  return {
    ...ops,
    release(device) {
      count();
      ops.release?.(device);
    },
  };
}
