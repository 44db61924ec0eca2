// Faults of regions and configuration space.

import { VFIO_PCI_CONFIG_REGION_INDEX, VfioError } from '@vfio-ts/core';
import {
  readRegion,
  referenceHarness,
  REGISTERS_REGION,
  SPARSE_REGION,
  writeRegion,
  type ReferenceDevice,
} from '../reference-device/index.ts';
import { brokenHarness, brokenOps, type BrokenDriver } from './broken-driver.ts';

const CONFIG = VFIO_PCI_CONFIG_REGION_INDEX;
const BAR0 = 0x10;
const BAR1 = 0x14;

/** The page of BAR2 that the driver answers, as the memory window: so that its answers count. */
const TRAPPED = { region: SPARSE_REGION, offset: 0, length: 0x1000 };

/** Vendor ids that guests have written. */
const vendors = new WeakMap<ReferenceDevice, Uint8Array>();

type Change = (bytes: Uint8Array, device: ReferenceDevice) => void;

/** A driver whose configuration space is read as `change` makes it. */
function brokenConfig(name: string, change: Change, caughtBy: readonly number[]): BrokenDriver {
  return brokenOps(
    name,
    {
      read(device, region, offset, into) {
        if (region !== CONFIG) {
          readRegion(device, region, offset, into);
          return;
        }
        const space = device.parts.config.save();
        change(space, device);
        into.set(space.subarray(offset, offset + into.length));
      },
    },
    { caughtBy },
  );
}

/** Drivers that get their regions wrong. */
export const BROKEN_REGIONS: readonly BrokenDriver[] = [
  brokenOps(
    'rounds the offset of a read down to its width',
    {
      read: (device, region, offset, into) =>
        readRegion(device, region, offset - (offset % into.length), into),
    },
    { caughtBy: [64] },
  ),
  brokenHarness(
    "answers with the neighbour's bytes in the upper half of a region",
    {
      ram: TRAPPED,
      ops: Object.assign({}, referenceHarness.ops, {
        read(device: ReferenceDevice, region: number, offset: number, into: Uint8Array) {
          const neighbour = region === SPARSE_REGION && offset >= 0x800 && offset < 0x1000;
          readRegion(device, neighbour ? REGISTERS_REGION : region, offset, into);
        },
      }),
    },
    { caughtBy: [65] },
  ),
  brokenHarness(
    'writes every access to the start of the region',
    {
      ram: TRAPPED,
      ops: Object.assign({}, referenceHarness.ops, {
        write(device: ReferenceDevice, region: number, offset: number, from: Uint8Array) {
          writeRegion(device, region, region === SPARSE_REGION ? 0 : offset, from);
        },
      }),
    },
    { caughtBy: [64] },
  ),
  brokenHarness(
    'swaps the bytes of a write',
    {
      ram: TRAPPED,
      ops: Object.assign({}, referenceHarness.ops, {
        write(device: ReferenceDevice, region: number, offset: number, from: Uint8Array) {
          const turned = region === SPARSE_REGION && from.length === 4;
          writeRegion(device, region, offset, turned ? from.toReversed() : from);
        },
      }),
    },
    { caughtBy: [58], alsoFails: [64] },
  ),
  brokenOps(
    'fails reads of a region it says is readable',
    {
      read(device, region, offset, into) {
        if (region === REGISTERS_REGION && offset >= 0x800) {
          throw new VfioError('EIO', 'read', 'no such register');
        }
        readRegion(device, region, offset, into);
      },
    },
    { caughtBy: [58], alsoFails: [64] },
  ),
  brokenConfig(
    'shows a BAR of another size than its region',
    (space) => {
      // What sizing leaves behind: the mask of half the size.
      if (space[BAR0 + 3] === 0xff) space[BAR0 + 1] = (space[BAR0 + 1] ?? 0) | 0x08;
    },
    [53],
  ),
  brokenConfig(
    'keeps all ones in a BAR, type bits and all',
    (space) => {
      if (space[BAR1 + 3] === 0xff) space.fill(0xff, BAR1, BAR1 + 4);
    },
    [66, 53],
  ),
  brokenConfig(
    'shows another device than it documents',
    (space) => {
      space[2] = 0xfe;
    },
    [66],
  ),
  brokenConfig(
    'links its capabilities in a circle',
    (space) => {
      const first = space[0x34] ?? 0;
      let last = first;
      while ((space[last + 1] ?? 0) !== 0) last = space[last + 1] ?? 0;
      space[last + 1] = first;
    },
    [66],
  ),
  brokenOps(
    'lets a write to a read-only field stick',
    {
      read(device, region, offset, into) {
        readRegion(device, region, offset, into);
        const vendor = vendors.get(device);
        if (region === CONFIG && offset === 0 && vendor !== undefined) {
          into.set(vendor.subarray(0, into.length));
        }
      },
      write(device, region, offset, from) {
        if (region === CONFIG && offset === 0) vendors.set(device, from.slice(0, 2));
        writeRegion(device, region, offset, from);
      },
    },
    { caughtBy: [66] },
  ),
  brokenHarness(
    'hides that it is a PCI device',
    { supports: { ...referenceHarness.supports, pci: false } },
    { caughtBy: [51], alsoFails: [81] },
  ),
  brokenHarness(
    'hides that it can be mapped',
    { supports: { ...referenceHarness.supports, mmap: false } },
    { caughtBy: [51], alsoFails: [47] },
  ),
];
