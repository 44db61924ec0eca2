// Faults of init, release and references.

import { assignDeviceSet, VfioError, type SharedMemory } from '@vfio-ts/core';
import {
  build,
  createReference,
  setUp,
  tearDown,
  type ReferenceDevice,
} from '../reference-device/index.ts';
import { brokenHarness, brokenOps, type BrokenDriver } from './broken-driver.ts';

/** Buffers that a driver allocates beside its regions. */
const buffers = new WeakMap<ReferenceDevice, SharedMemory>();

function takeBuffer(device: ReferenceDevice): void {
  buffers.set(device, device.vdev.core.memory.alloc('buffer', 4096));
}

/** Drivers that get the life of a device wrong. */
export const BROKEN_LIFE_CYCLES: readonly BrokenDriver[] = [
  brokenHarness(
    'leaks a reference',
    {
      create(host, ops) {
        const ref = createReference(host.parent('reference'), ops);
        ref.get();
        return ref;
      },
    },
    { caughtBy: [8, 9, 10, 15], alsoFails: [4, 6, 11, 12, 13, 14, 20, 21], leaves: 'any' },
  ),
  brokenOps(
    'forgets to unwind when a later step of init fails',
    {
      init(device) {
        device.adapter.takePort();
        build(device);
        device.adapter.selfTest();
      },
    },
    { caughtBy: [6] },
  ),
  brokenOps(
    'unwinds a failed init twice',
    {
      init(device) {
        try {
          setUp(device);
        } catch (error) {
          tearDown(device);
          throw error;
        }
      },
    },
    { caughtBy: [6] },
  ),
  brokenOps(
    'calls its own release at the end of init',
    {
      init(device) {
        setUp(device);
        tearDown(device);
      },
    },
    { caughtBy: [15], alsoFails: [21], leaves: 'any' },
  ),
  brokenOps(
    'turns the error of init into another',
    {
      init(device) {
        try {
          setUp(device);
        } catch (cause) {
          throw new VfioError('EINVAL', 'init', 'something went wrong', { cause });
        }
      },
    },
    { caughtBy: [6] },
  ),
  brokenOps(
    'swallows the error of init',
    {
      init(device) {
        try {
          setUp(device);
        } catch {
          device.adapter.takePort();
        }
      },
    },
    { caughtBy: [6] },
  ),
  brokenOps(
    'gives nothing back in release',
    { release() {} },
    { caughtBy: [15, 21], leaves: 'any' },
  ),
  brokenOps(
    'throws in release',
    {
      release(device) {
        tearDown(device);
        throw new VfioError('EIO', 'release', 'the hardware did not answer');
      },
    },
    {
      caughtBy: [8, 10],
      alsoFails: [4, 5, 6, 7, 9, 11, 12, 13, 14, 15, 16, 20, 21],
      leaves: 'any',
    },
  ),
  brokenOps(
    'forgets a buffer of its own in release',
    {
      init(device) {
        setUp(device);
        takeBuffer(device);
      },
    },
    { caughtBy: [8, 15], alsoFails: [6, 9, 21], leaves: 'any' },
  ),
  brokenOps(
    'frees a buffer of its own at the last close instead of in release',
    {
      init(device) {
        setUp(device);
        try {
          takeBuffer(device);
        } catch (error) {
          tearDown(device);
          throw error;
        }
      },
      closeDevice(device) {
        device.dma.stop();
        device.adapter.sharedOpen.delete(device);
        buffers.get(device)?.close();
      },
    },
    { caughtBy: [8], alsoFails: [6, 9, 21], leaves: 'any' },
  ),
  brokenOps(
    'puts all its devices into one device set',
    {
      init(device) {
        setUp(device);
        if (!device.shared) assignDeviceSet(device.vdev, 'all');
      },
    },
    { caughtBy: [22], alsoFails: [37] },
  ),
];
