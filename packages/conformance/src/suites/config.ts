// PCI configuration space, as firmware and operating systems walk it (PCI Local Bus 3.0, chapter 6).

/* oxlint-disable no-await-in-loop -- a guest does one thing after the other */

import {
  PCI_CAPABILITY_LIST,
  PCI_CFG_SPACE_SIZE,
  PCI_STATUS,
  PCI_STATUS_CAP_LIST,
  PCI_STD_HEADER_SIZEOF,
  VFIO_PCI_CONFIG_REGION_INDEX,
} from '@vfio-ts/core';
import { expect } from 'vitest';
import { refused } from '../assert.ts';
import type { DeviceHarness } from '../harness.ts';
import { expectBytes } from '../probe/bytes.ts';
import { sizeBars } from '../probe/bars.ts';
import { readBytes, regionInfo } from '../probe/regions.ts';
import { declareSuite, type SuiteOptions } from '../suite.ts';

const CONFIG = VFIO_PCI_CONFIG_REGION_INDEX;

/** Offset and length of the header fields no guest can change. */
const READ_ONLY = [
  ['vendor', 0x00, 2],
  ['device', 0x02, 2],
  ['revision', 0x08, 1],
  ['class', 0x09, 3],
  ['header type', 0x0e, 1],
  ['subsystem vendor', 0x2c, 2],
  ['subsystem', 0x2e, 2],
  ['capability pointer', PCI_CAPABILITY_LIST, 1],
  ['interrupt pin', 0x3d, 1],
] as const;

/** Statements 66 and 67, for devices with `pci`; the others are shown to have no such space by 51. */
export function configSuite<T extends object>(
  harness: DeviceHarness<T>,
  options: SuiteOptions = {},
): void {
  if (!harness.supports.pci) return;
  declareSuite('configuration space', harness, options, ({ test }) => {
    const { pciIds } = harness;

    if (pciIds !== undefined) {
      test('[66] vendor, device, class and subsystem are as documented', async (t) => {
        const { access } = await t.open();
        const { buffer } = await readBytes(access, CONFIG, 0, PCI_STD_HEADER_SIZEOF);
        const header = new DataView(buffer);
        expect({
          vendorId: header.getUint16(0x00, true),
          deviceId: header.getUint16(0x02, true),
          classCode: header.getUint32(0x08, true) >>> 8,
          subsystemVendorId: header.getUint16(0x2c, true),
          subsystemId: header.getUint16(0x2e, true),
        }).toEqual(pciIds);
      });
    }

    for (const [what, offset, length] of READ_ONLY) {
      test(`[66] a write to the ${what} changes nothing`, async (t) => {
        const { access } = await t.open();
        const before = await readBytes(access, CONFIG, offset, length);
        for (const fill of [0x00, 0xff, 0xa5]) {
          await access.write(CONFIG, offset, new Uint8Array(length).fill(fill));
          expectBytes(await readBytes(access, CONFIG, offset, length), before);
        }
      });
    }

    test('[66] a BAR shows its mask when all ones are written, and its address again', async (t) => {
      const { access } = await t.open();
      const bars = await sizeBars(access);
      for (const { index, isIo, size, mask, before, after } of bars) {
        expect([index, Math.log2(size) % 1]).toEqual([index, 0]);

        expect([index, ...after]).toEqual([index, ...before]);

        const typeBits = isIo ? 3 : 0xf;
        expect([index, mask & typeBits]).toEqual([index, (before[0] ?? 0) & typeBits]);
      }
    });

    test('[66] the capability list ends, stays inside and has no loop', async (t) => {
      const { access } = await t.open();
      const space = await readBytes(access, CONFIG, 0, PCI_CFG_SPACE_SIZE);
      const hasList = ((space[PCI_STATUS] ?? 0) & PCI_STATUS_CAP_LIST) !== 0;
      const seen = new Set<number>();
      let at = hasList ? (space[PCI_CAPABILITY_LIST] ?? 0) : 0;
      while (at !== 0) {
        expect(at).toBeGreaterThanOrEqual(PCI_STD_HEADER_SIZEOF);
        expect([at, at % 4, seen.has(at)]).toEqual([at, 0, false]);

        expect([at, space[at]]).not.toEqual([at, 0]);

        seen.add(at);
        at = space[at + 1] ?? 0;
      }
    });

    test('[67] the last bytes are read, and nothing behind them', async (t) => {
      const { access } = await t.open();
      const { size } = await regionInfo(access, CONFIG);
      const whole = await readBytes(access, CONFIG, 0, size);
      for (const length of [1, 2, 4]) {
        const last = await readBytes(access, CONFIG, size - length, length);
        expect(last).toEqual(whole.slice(size - length));

        await refused(['EINVAL', 'EFAULT'], () =>
          access.read(CONFIG, size - length + 1, new Uint8Array(length)),
        );
      }
    });

    test('[67] the space has 256 or 4096 bytes', async (t) => {
      const { access } = await t.open();
      expect([256, 4096]).toContain((await regionInfo(access, CONFIG)).size);
    });
  });
}
