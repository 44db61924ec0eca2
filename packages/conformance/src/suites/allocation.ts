// Allocation and init, good and failing: statements 3 to 7 and 14.

import {
  assignDeviceSet,
  deviceSetOpenCount,
  VfioError,
  type VfioDevice,
  type VfioDeviceOps,
} from '@vfio-ts/core';
import { expect } from 'vitest';
import { outcome, refused } from '../assert.ts';
import type { TestContext } from '../context.ts';
import type { DeviceHarness } from '../harness.ts';
import { spyOps } from '../spy-ops.ts';
import { declareSuite, type SuiteOptions, type SuiteTests } from '../suite.ts';

/** How a device comes into being, or does not. */
export function allocationSuite<T extends object>(
  harness: DeviceHarness<T>,
  options: SuiteOptions = {},
): void {
  declareSuite('allocation', harness, options, (tests) => {
    allocation(tests);
    failingInit(tests);
  });
}

function allocation<T extends object>({ test, harness }: SuiteTests<T>): void {
  test('[3] a failed allocation calls neither init nor release', async (t) => {
    const calls: string[] = [];
    t.failAt('alloc', 'ENOMEM');
    await refused('ENOMEM', () => t.create(spyOps(harness.ops, calls)));
    expect(calls).toEqual([]);
  });

  test(
    '[4] without a free index the allocation fails with ENOSPC, and works again after a put',
    async (t) => {
      const calls: string[] = [];
      const first = t.create();
      t.allocated();
      await refused('ENOSPC', () => t.create(spyOps(harness.ops, calls)));
      expect(calls).toEqual([]);
      first.put();
      using third = t.create();
      expect(t.vdev(third).index).toBe(0);
    },
    { core: { maxDevices: 2 } },
  );

  test('[14] two living devices have different indexes, and a freed one is used again', (t) => {
    const first = t.create();
    using second = t.create();
    const { index } = t.vdev(first);
    expect(t.vdev(second).index).not.toBe(index);
    first.put();
    using third = t.create();
    expect(t.vdev(third).index).toBe(index);
  });
}

function failingInit<T extends object>({ test, harness }: SuiteTests<T>): void {
  test('[5] init that fails at once: its error, no release, the index is free', async (t) => {
    const calls: string[] = [];
    const error = new VfioError('EIO', 'init', 'made to fail');
    const ops = failing(spyOps(harness.ops, calls), error);
    expect(() => t.create(ops)).toThrow(error);
    expect(calls).not.toContain('release');
    using next = t.create();
    expect(t.vdev(next).index).toBe(0);
  });

  test('[6] init that finds no memory, at each allocation it makes, gives everything back', async (t) => {
    t.create().put();
    const { allocations } = t.memory;
    for (let i = 0; i < allocations; i++) {
      t.memory.failIn(i);
      // One at a time: the next create has to find everything as it was.
      // oxlint-disable-next-line no-await-in-loop
      await failsCleanly(t, 'ENOMEM');
    }
  });

  for (const fault of harness.initFaults ?? []) {
    test(`[6] init that fails later (${fault.name}) gives everything back`, async (t) => {
      fault.arm(t.core);
      await failsCleanly(t, fault.code);
    });
  }

  test('[7] init that fails inside a device set leaves the set to its other members', async (t) => {
    const inSet = joining(harness.ops, harness, 'set');
    const { vdev } = t.registered(inSet);
    const error = new VfioError('EIO', 'init', 'made to fail');
    let failed: VfioDevice | undefined;
    const ops: VfioDeviceOps<T> = {
      ...inSet,
      init(device) {
        failed = harness.vdev(device);
        inSet.init?.(device);
        throw error;
      },
    };
    // The driver's own init has succeeded here: what it took goes back as its release would give it.
    const failingOps = releasing(ops, harness.ops);
    expect(() => t.create(failingOps)).toThrow(error);
    const session = t.openInProcess(vdev);
    expect(deviceSetOpenCount(vdev)).toBe(1);
    await session.close();
    await refused('ENODEV', () => deviceSetOpenCount(failed ?? vdev));
  });
}

/** One create that fails, with everything as before and the next one good. */
async function failsCleanly<T extends object>(t: TestContext<T>, code: string): Promise<void> {
  const calls: string[] = [];
  const before = t.resources();
  const ops = spyOps(t.harness.ops, calls);
  expect(await outcome(() => t.create(ops))).toBe(code);
  expect(calls).not.toContain('release');
  expect(t.resources()).toEqual(before);
  expect(t.memory.alive).toEqual([]);
  expect(t.core.leaks()).toEqual([]);
  expect(t.parentUsers).toBe(0);
  using next = t.create();
  expect(t.vdev(next).index).toBe(0);
}

/** Callbacks whose init fails before the driver's own. */
function failing<T>(ops: VfioDeviceOps<T>, error: VfioError): VfioDeviceOps<T> {
  return {
    ...ops,
    init() {
      throw error;
    },
  };
}

/** Callbacks whose init puts the device into a set, unless the driver's own does. */
function joining<T extends object>(
  ops: VfioDeviceOps<T>,
  harness: DeviceHarness<T>,
  setId: string,
): VfioDeviceOps<T> {
  return {
    ...ops,
    init(device) {
      ops.init?.(device);
      try {
        assignDeviceSet(harness.vdev(device), setId);
      } catch {
        // The driver has put it into a set of its own.
      }
    },
  };
}

/** Callbacks whose init, when it throws, gives back what the driver's own init took. */
function releasing<T extends object>(
  ops: VfioDeviceOps<T>,
  own: VfioDeviceOps<T>,
): VfioDeviceOps<T> {
  return {
    ...ops,
    init(device) {
      try {
        ops.init?.(device);
      } catch (error) {
        own.release?.(device);
        throw error;
      }
    },
  };
}
