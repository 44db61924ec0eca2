// Unregister while in use, which is what hot unplug does: statements 40 to 45 and 47.

import {
  deviceGroup,
  openDeviceCdev,
  PAGE_SIZE,
  REQUEST_INTERVAL_MS,
  unregisterGroupDev,
  VFIO_REGION_INFO_FLAG_MMAP,
  type VfioAccess,
  type VfioDeviceOps,
} from '@vfio-ts/core';
import { expect } from 'vitest';
import { isSettled, refused } from '../assert.ts';
import type { DeviceHarness } from '../harness.ts';
import { isWholeReadable } from '../probe/regions.ts';
import { hasOp, withoutOps } from '../spy-ops.ts';
import { declareSuite, type SuiteOptions, type SuiteTests } from '../suite.ts';

/** What an unregister does to the users of a device, and they to it. */
export function unregisterSuite<T extends object>(
  harness: DeviceHarness<T>,
  options: SuiteOptions = {},
): void {
  declareSuite('unregister', harness, options, (tests) => {
    asking(tests);
    users(tests);
  });
}

/** The driver's callbacks, noting what `request` is called with. */
function noting<T>(ops: VfioDeviceOps<T>, counts: number[]): VfioDeviceOps<T> {
  return {
    ...ops,
    request(device, count) {
      counts.push(count);
      ops.request?.(device, count);
    },
  };
}

function asking<T extends object>({ test, harness }: SuiteTests<T>): void {
  test('[40] unregister with nothing open asks nobody and is over at once', async (t) => {
    const counts: number[] = [];
    const { vdev } = t.registered(noting(harness.ops, counts));
    const done = unregisterGroupDev(vdev);
    expect(vdev.state).toBe('unregistered');
    await done;
    expect(counts).toEqual([]);
  });

  test('[41] unregister with an open file calls request(0) at once, then every 10 s', async (t) => {
    const counts: number[] = [];
    const { vdev } = t.registered(noting(harness.ops, counts));
    const session = await t.connect(vdev);
    const done = unregisterGroupDev(vdev);
    expect(counts).toEqual([0]);
    t.clock.advance(REQUEST_INTERVAL_MS - 1);
    expect(counts).toEqual([0]);
    t.clock.advance(1);
    expect(counts).toEqual([0, 1]);
    t.clock.advance(2 * REQUEST_INTERVAL_MS);
    expect(counts).toEqual([0, 1, 2, 3]);
    expect(await isSettled(done)).toBe(false);
    await session.close();
    await done;
    t.clock.advance(10 * REQUEST_INTERVAL_MS);
    expect(counts).toEqual([0, 1, 2, 3]);
    expect(vdev.state).toBe('unregistered');
  });

  test('[44] a device without request is waited for all the same', async (t) => {
    const { vdev } = t.registered(withoutOps(harness.ops, 'request'));
    const session = await t.connect(vdev);
    const done = unregisterGroupDev(vdev);
    t.clock.advance(5 * REQUEST_INTERVAL_MS);
    expect(await isSettled(done)).toBe(false);
    await session.close();
    await done;
    expect(vdev.state).toBe('unregistered');
  });

  test('[45] an impatient waiter is told of in the log, and the wait goes on', async (t) => {
    const { vdev } = t.registered();
    const session = await t.connect(vdev);
    const interrupted = Promise.resolve();
    const done = unregisterGroupDev(vdev, { interrupted });
    expect(await isSettled(done)).toBe(false);
    expect(t.logger.take('warn').length).toBe(1);
    t.clock.advance(3 * REQUEST_INTERVAL_MS);
    expect(t.logger.take('warn').length).toBe(0);
    await session.close();
    await done;
  });

  if (harness.supports.request) {
    test('[41] the driver has a request of its own, and it does not fail', async (t) => {
      expect(hasOp(harness.ops, 'request')).toBe(true);
      const { vdev } = t.registered();
      const session = await t.connect(vdev);
      const done = unregisterGroupDev(vdev);
      t.clock.advance(3 * REQUEST_INTERVAL_MS);
      expect(t.logger.at('error')).toEqual([]);
      await session.close();
      await done;
    });
  } else {
    test('[44] the driver has no request', () => {
      expect(hasOp(harness.ops, 'request')).toBe(false);
    });
  }
}

function users<T extends object>({ test, harness }: SuiteTests<T>): void {
  test('[42] once unregister has started the device cannot be found any more', async (t) => {
    const { vdev } = t.registered();
    const session = t.openInProcess(vdev);
    const done = unregisterGroupDev(vdev);
    await refused('ENODEV', () => session.group.openDevice(vdev.name));
    await refused('ENODEV', () => deviceGroup(vdev));
    const code = harness.supports.iommufd ? 'ENODEV' : 'ENOTTY';
    await refused(code, () => openDeviceCdev(vdev));
    await session.close();
    await done;
  });

  test('[42] a second unregister meanwhile is refused, and so is a register', async (t) => {
    const { vdev } = t.registered();
    const session = t.openInProcess(vdev);
    const done = unregisterGroupDev(vdev);
    await refused('EINVAL', () => unregisterGroupDev(vdev));
    await refused('EINVAL', () => t.register(vdev));
    await session.close();
    await done;
  });

  test('[43] an open file works until it is closed', async (t) => {
    const { vdev } = t.registered();
    const session = t.openInProcess(vdev);
    const before = await useOf(session.access, harness);
    const done = unregisterGroupDev(vdev);
    expect(await useOf(session.access, harness)).toEqual(before);
    if (harness.supports.reset) await session.access.reset();
    t.clock.advance(REQUEST_INTERVAL_MS);
    expect(await isSettled(done)).toBe(false);
    await session.close();
    await done;
  });

  test('[43] with two files open the wait lasts until the second is closed', async (t) => {
    const { vdev } = t.registered();
    const session = t.openInProcess(vdev);
    const second = session.group.openDevice(vdev.name);
    const done = unregisterGroupDev(vdev);
    await session.close();
    expect(await isSettled(done)).toBe(false);
    second.close();
    await done;
  });

  test('[47] a mapping that outlives its file holds the registration', async (t) => {
    const { vdev } = t.registered();
    const session = t.openInProcess(vdev);
    const region = mappableRegion(session.access);
    expect(region !== undefined).toBe(harness.supports.mmap);
    if (region === undefined) return;
    const mapping = session.access.mmap(region.index, region.offset, PAGE_SIZE);
    await session.close();
    const done = unregisterGroupDev(vdev);
    expect(await isSettled(done)).toBe(false);
    expect(mapping.bytes.length).toBe(PAGE_SIZE);
    mapping.unmap();
    await done;
    expect(mapping.bytes.length).toBe(0);
  });
}

/** What a user sees of a device without changing it. */
async function useOf<T extends object>(
  access: VfioAccess,
  harness: DeviceHarness<T>,
): Promise<readonly unknown[]> {
  const info = await access.getInfo();
  const seen: unknown[] = [info];
  for (let index = 0; index < info.numRegions; index++) {
    // oxlint-disable-next-line no-await-in-loop
    const region = await access.getRegionInfo(index);
    seen.push(region);
    if (!isWholeReadable(region, harness)) continue;
    const into = new Uint8Array(Math.min(region.size, 16));
    // oxlint-disable-next-line no-await-in-loop
    seen.push(await access.read(index, 0, into), into);
  }
  return seen;
}

/** A page of some region that can be mapped. */
function mappableRegion(access: {
  getInfo(): { readonly numRegions: number };
  getRegionInfo(index: number): { readonly flags: number; readonly size: number };
  mmap(index: number, offset: number, length: number): { unmap(): void };
}): { readonly index: number; readonly offset: number } | undefined {
  for (let index = 0; index < access.getInfo().numRegions; index++) {
    const { flags, size } = access.getRegionInfo(index);
    if ((flags & VFIO_REGION_INFO_FLAG_MMAP) === 0) continue;
    for (let offset = 0; offset < size; offset += PAGE_SIZE) {
      try {
        access.mmap(index, offset, PAGE_SIZE).unmap();
        return { index, offset };
      } catch {
        // Not in a mappable area of the region.
      }
    }
  }
  return undefined;
}
