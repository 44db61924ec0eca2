// The real lspci as the judge of what configuration space says.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { programForTest } from '@vfio-ts/lab';
import { expect, test as base } from 'vitest';
import type { PciConfigSpace } from '@vfio-ts/core';
import { MDPY_TYPES } from '../src/index.ts';
import { openMdpy, writeConfig32 } from './support.ts';

const test = base.extend<{ lspci: (config: PciConfigSpace) => string }>({
  lspci: async ({ skip }, use) => {
    programForTest({ skip }, 'lspci', 'pciutils');
    const folder = mkdtempSync(join(tmpdir(), 'vfio-ts-lspci-'));
    await use((config) => {
      const file = join(folder, 'dump');
      writeFileSync(file, config.hexDump('00:10.0'));
      return execFileSync('lspci', ['-F', file, '-vvv', '-n'], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      });
    });
    rmSync(folder, { recursive: true });
  },
});

for (const type of MDPY_TYPES) {
  test(`lspci decodes a ${type.sysfsName} that a guest has given an address`, async ({ lspci }) => {
    await using mdpy = openMdpy(type);
    writeConfig32(mdpy.file, 0x10, 0xfd00_0000);
    const text = lspci(mdpy.device.config);
    for (const line of [
      '00:10.0 0380: 1b36:000f (rev 01)',
      'Subsystem: 1af4:1100',
      'Control: I/O+ Mem+ BusMaster- ',
      'Status: Cap+ 66MHz- UDF- FastB2B- ParErr- DEVSEL=fast ',
      'Region 0: Memory at fd000000 (32-bit, prefetchable)',
      'Capabilities: [40] Vendor Specific Information: Len=10',
    ]) {
      expect(text).toContain(line);
    }
    expect(text).not.toMatch(/Region [1-5]|Interrupt:|!!!|<chain /);
  });
}
