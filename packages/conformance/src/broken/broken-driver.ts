// Drivers with one fault each, to prove that the suite sees it.

import type { VfioDeviceOps } from '@vfio-ts/core';
import type { DeviceHarness } from '../harness.ts';
import { referenceHarness, type ReferenceDevice } from '../reference-device/index.ts';

/** A variant of the reference device with one fault. */
export interface BrokenDriver {
  /** What is wrong with it. */
  readonly name: string;
  readonly harness: DeviceHarness<ReferenceDevice>;
  /** Statements of which at least one test has to fail by what it says. */
  readonly caughtBy: readonly number[];
  /** Further statements that cannot hold either; a failure of any other is an error of the suite. */
  readonly alsoFails?: readonly number[];
  /** Something is left behind after tests that pass otherwise. */
  readonly leaves?: 'any';
}

/** A broken driver that differs in its harness. */
export function brokenHarness(
  name: string,
  harness: Partial<DeviceHarness<ReferenceDevice>>,
  expected: Omit<BrokenDriver, 'name' | 'harness'>,
): BrokenDriver {
  return { name, harness: { ...referenceHarness, name, ...harness }, ...expected };
}

/** A broken driver that differs in its callbacks. */
export function brokenOps(
  name: string,
  ops: Partial<VfioDeviceOps<ReferenceDevice>>,
  expected: Omit<BrokenDriver, 'name' | 'harness'>,
): BrokenDriver {
  const all = Object.assign({}, referenceHarness.ops, ops);
  return brokenHarness(name, { ops: all }, expected);
}
