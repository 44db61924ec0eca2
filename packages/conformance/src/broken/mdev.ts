// Faults of mediated devices.

import { registerEmulatedIommuDev, unregisterGroupDev } from '@vfio-ts/core';
import {
  createReference,
  referenceMdevDriver,
  referenceMdevHooks,
} from '../reference-device/index.ts';
import { brokenHarness, type BrokenDriver } from './broken-driver.ts';

function brokenMdev(
  name: string,
  driver: Partial<typeof referenceMdevDriver>,
  expected: Omit<BrokenDriver, 'name' | 'harness'>,
): BrokenDriver {
  const whole = { ...referenceMdevDriver, ...driver };
  return brokenHarness(name, { mdev: referenceMdevHooks(whole) }, expected);
}

/** Drivers that get the mdev bus wrong. */
export const BROKEN_MDEVS: readonly BrokenDriver[] = [
  brokenMdev(
    'puts twice in remove',
    {
      async remove(_mdev, ref) {
        await unregisterGroupDev(ref.device.vdev);
        ref.put();
        ref.put();
      },
    },
    { caughtBy: [109], leaves: 'any' },
  ),
  brokenMdev(
    'forgets to put in remove',
    { remove: (_mdev, ref) => unregisterGroupDev(ref.device.vdev) },
    { caughtBy: [48, 49, 109], alsoFails: [110], leaves: 'any' },
  ),
  brokenMdev(
    'forgets to unregister in remove',
    {
      async remove(_mdev, ref) {
        ref.put();
      },
    },
    { caughtBy: [48, 49, 109], alsoFails: [110], leaves: 'any' },
  ),
  brokenMdev(
    'does not wait for its users in remove',
    {
      async remove(_mdev, ref) {
        void unregisterGroupDev(ref.device.vdev).then(() => ref.put());
      },
    },
    { caughtBy: [48, 49] },
  ),
  brokenMdev(
    'forgets to put when the registration in its probe fails',
    {
      probe(mdev) {
        const ref = createReference(mdev);
        registerEmulatedIommuDev(ref.device.vdev);
        return ref;
      },
    },
    { caughtBy: [108] },
  ),
  brokenMdev(
    'describes its type wrongly',
    { showDescription: () => 'a device that supports nothing\n' },
    { caughtBy: [111] },
  ),
];
