// Faults of open, close and unregister.

import { VfioError, type Timer } from '@vfio-ts/core';
import { referenceHarness, referenceOps, type ReferenceDevice } from '../reference-device/index.ts';
import { brokenHarness, brokenOps, type BrokenDriver } from './broken-driver.ts';

const timers = new WeakMap<ReferenceDevice, Timer>();
const opened = new WeakSet<ReferenceDevice>();

/** Drivers that get use and the end of it wrong. */
export const BROKEN_OPENS: readonly BrokenDriver[] = [
  brokenOps(
    'takes a port in openDevice that closeDevice does not give back',
    {
      openDevice(device) {
        device.adapter.takePort();
        referenceOps.openDevice?.(device);
      },
    },
    { caughtBy: [15], leaves: 'any' },
  ),
  brokenOps(
    'gives a port back in closeDevice that openDevice did not take',
    {
      closeDevice(device) {
        referenceOps.closeDevice?.(device);
        device.adapter.putPort();
      },
    },
    { caughtBy: [15], leaves: 'any' },
  ),
  brokenOps(
    'can be opened only once in its life',
    {
      openDevice(device) {
        if (opened.has(device)) throw new VfioError('EBUSY', 'openDevice', 'is open');
        opened.add(device);
        referenceOps.openDevice?.(device);
      },
    },
    { caughtBy: [26], alsoFails: [27, 34, 81, 87, 93, 99, 102, 103, 107] },
  ),
  brokenOps(
    'throws in closeDevice',
    {
      closeDevice(device) {
        referenceOps.closeDevice?.(device);
        throw new VfioError('EIO', 'closeDevice', 'the hardware did not answer');
      },
    },
    {
      caughtBy: [26],
      alsoFails: [
        7, 15, 22, 25, 27, 28, 30, 31, 34, 37, 38, 39, 41, 42, 43, 44, 45, 47, 81, 84, 86, 87, 93,
        94, 99, 102, 103, 107,
      ],
      leaves: 'any',
    },
  ),
  brokenOps(
    'changes its state at the last close',
    {
      closeDevice(device) {
        referenceOps.closeDevice?.(device);
        device.latch[0] = 1;
      },
    },
    { caughtBy: [26] },
  ),
  brokenOps(
    'leaves a timer running after the last close',
    {
      openDevice(device) {
        referenceOps.openDevice?.(device);
        const { clock } = device.vdev.core;
        timers.set(
          device,
          clock.after(60_000_000, () => {}),
        );
      },
    },
    { caughtBy: [26], leaves: 'any' },
  ),
  brokenOps('answers to any name', { match: () => 1 }, { caughtBy: [30] }),
  brokenOps(
    'throws when asked to let the device go',
    {
      request() {
        throw new VfioError('EIO', 'request', 'nobody listens');
      },
    },
    { caughtBy: [41], leaves: 'any' },
  ),
  brokenHarness(
    'claims to be told of an unregister, and is not',
    { ops: Object.assign({}, referenceOps, { request: undefined }) },
    { caughtBy: [41] },
  ),
  brokenHarness(
    'hides that it works with iommufd',
    { supports: { ...referenceHarness.supports, iommufd: false } },
    { caughtBy: [16] },
  ),
];
