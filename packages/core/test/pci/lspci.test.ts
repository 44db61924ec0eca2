// The real lspci as the judge of what a built space says.

import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test as base, describe, expect } from 'vitest';
import {
  expressCapability,
  msiCapability,
  PciConfigSpace,
  pmCapability,
  type PciConfigOptions,
} from '../../src/pci/index.ts';
import { endpointOptions, ids, le, mdpyOptions } from './fixtures.ts';

const missing = spawnSync('lspci', ['--version']).error !== undefined;
const required = process.env['VFIO_TS_REQUIRE_CLIENTS'] === '1';

type Lspci = (config: PciConfigSpace, ...flags: string[]) => string;

const test = base.extend<{ lspci: Lspci }>({
  lspci: async ({ skip }, use) => {
    if (missing && required) throw new Error('lspci is missing: apt-get install pciutils');
    skip(missing, 'lspci is missing: apt-get install pciutils');
    const folder = mkdtempSync(join(tmpdir(), 'vfio-ts-lspci-'));
    await use((config, ...flags) => {
      const file = join(folder, 'dump');
      writeFileSync(file, config.hexDump());
      return execFileSync('lspci', ['-F', file, ...flags], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      });
    });
    rmSync(folder, { recursive: true });
  },
});

/** What `lspci -vvv -n` must print, one entry a line or part of one, in this order. */
const cases: readonly {
  readonly name: string;
  readonly options: PciConfigOptions;
  readonly program?: (config: PciConfigSpace) => void;
  readonly lines: readonly string[];
}[] = [
  {
    name: 'the display sample',
    options: mdpyOptions(0x400000, 1024, 768),
    program: (config) => config.write(0x10, le(4, 0xfd00_0000)),
    lines: [
      '00:00.0 0380: 1b36:000f (rev 01)',
      'Subsystem: 1af4:1100',
      'Control: I/O+ Mem+ BusMaster- SpecCycle- MemWINV- VGASnoop- ParErr- Stepping- SERR- FastB2B- DisINTx-',
      'Status: Cap+ 66MHz- UDF- FastB2B- ParErr- DEVSEL=fast >TAbort- <TAbort- <MAbort- >SERR- <PERR- INTx-',
      'Region 0: Memory at fd000000 (32-bit, prefetchable)',
      'Capabilities: [40] Vendor Specific Information: Len=10',
    ],
  },
  {
    name: 'an express endpoint',
    options: endpointOptions(),
    lines: [
      '00:00.0 0200: 8086:1572 (rev 02)',
      'Subsystem: 8086:0006',
      'Control: I/O- Mem+ BusMaster+ ',
      'Interrupt: pin A routed to IRQ 0',
      'Region 0: Memory at e0000000 (64-bit, prefetchable)',
      'Region 2: I/O ports at e000 [disabled]',
      'Region 3: Memory at fe000000 (32-bit, non-prefetchable)',
      'Expansion ROM at fd000000 [disabled]',
      'Capabilities: [40] Power Management version 3',
      'Flags: PMEClk- DSI- D1+ D2- AuxCurrent=0mA PME(D0+,D1-,D2-,D3hot+,D3cold+)',
      'Status: D0 NoSoftRst+ PME-Enable- DSel=0 DScale=0 PME-',
      'Capabilities: [48] MSI: Enable- Count=1/4 Maskable+ 64bit+',
      'Address: 0000000000000000  Data: 0000',
      'Masking: 00000000  Pending: 00000000',
      'Capabilities: [60] MSI-X: Enable- Count=129 Masked-',
      'Vector table: BAR=3 offset=00000000',
      'PBA: BAR=3 offset=00001000',
      'Capabilities: [6c] Express (v2) Endpoint, MSI 00',
      'DevCap:	MaxPayload 512 bytes, PhantFunc 0',
      'ExtTag+ AttnBtn- AttnInd- PwrInd- RBE+ FLReset+',
      'DevCtl:	CorrErr- NonFatalErr- FatalErr- UnsupReq-',
      'RlxdOrd+ ExtTag- PhantFunc- AuxPwr- NoSnoop+ FLReset-',
      'MaxPayload 128 bytes, MaxReadReq 512 bytes',
      'DevSta:	CorrErr- NonFatalErr- FatalErr- UnsupReq- AuxPwr- TransPend-',
      'LnkCap:	Port #0, Speed 8GT/s, Width x8',
      'LnkCtl:	ASPM Disabled; RCB 64 bytes',
      'LnkSta:	Speed 8GT/s',
      'DevCap2: Completion Timeout: Not Supported, TimeoutDis+',
      'LnkCap2: Supported Link Speeds: 2.5-8GT/s',
      'LnkCtl2: Target Link Speed: 8GT/s',
      'Capabilities: [a8] Vendor Specific Information: Len=10',
      'Capabilities: [100 v1] Device Serial Number 00-11-22-33-44-55-66-77',
      'Capabilities: [10c v1] Vendor Specific Information: ID=1234 Rev=2 Len=014',
    ],
  },
  {
    name: 'an endpoint that its guest has programmed',
    options: endpointOptions(),
    program: (config) => {
      config.write(0x04, le(2, 0x0507));
      config.write(0x0c, le(1, 0x10));
      config.write(0x10, le(8, 0x38_0080_0000n));
      config.write(0x30, le(4, 0xfc00_0001));
      config.write(0x3c, le(1, 11));
      config.write(0x44, le(2, 0x0103));
      config.write(0x4a, le(2, 0x0021));
      config.write(0x4c, le(8, 0x1_fee0_1000n));
      config.write(0x54, le(2, 0x4142));
      config.write(0x58, le(4, 0xffff_ffff));
      config.write(0x62, le(2, 0xc000));
      config.write(0x74, le(2, 0x294f));
      config.write(0x7c, le(2, 0x0041));
    },
    lines: [
      'Control: I/O+ Mem+ BusMaster+ SpecCycle- MemWINV- VGASnoop- ParErr- Stepping- SERR+ FastB2B- DisINTx+',
      'Cache Line Size: 64 bytes',
      'Interrupt: pin A routed to IRQ 11',
      'Region 0: Memory at 3800800000 (64-bit, prefetchable)',
      'Expansion ROM at fc000000',
      'Status: D3 NoSoftRst+ PME-Enable+',
      'MSI: Enable+ Count=4/4 Maskable+ 64bit+',
      'Address: 00000001fee01000  Data: 4142',
      'Masking: 0000000f  Pending: 00000000',
      'MSI-X: Enable+ Count=129 Masked+',
      'DevCtl:	CorrErr+ NonFatalErr+ FatalErr+ UnsupReq+',
      'RlxdOrd- ExtTag+ PhantFunc- AuxPwr- NoSnoop+ FLReset-',
      'MaxPayload 512 bytes, MaxReadReq 512 bytes',
      'LnkCtl:	ASPM L0s Enabled; RCB 64 bytes, Disabled- CommClk+',
    ],
  },
  {
    name: 'an endpoint integrated into the root complex, 32-bit MSI',
    options: {
      ...ids,
      size: 4096,
      capabilities: [
        expressCapability({ type: 'root-complex-integrated-endpoint', interruptMessage: 5 }),
        msiCapability({ vectors: 32, address64: false, offset: 0x90 }),
        pmCapability({ noSoftReset: false, d2: true }),
      ],
    },
    lines: [
      'Capabilities: [40] Express (v2) Root Complex Integrated Endpoint, MSI 05',
      'RBE+ FLReset-',
      'DevCap2:',
      'Capabilities: [90] MSI: Enable- Count=1/32 Maskable- 64bit-',
      'Address: 00000000  Data: 0000',
      'Capabilities: [7c] Power Management version 3',
      'D1- D2+',
      'NoSoftRst-',
    ],
  },
];

describe('lspci -F', () => {
  for (const { name, options, program, lines } of cases) {
    test(`decodes ${name}`, ({ lspci }) => {
      const config = new PciConfigSpace(options);
      program?.(config);
      const text = lspci(config, '-vvv', '-n');
      let from = 0;
      for (const line of lines) {
        const at = text.indexOf(line, from);
        expect(at, `"${line}" is not in the rest of:\n${text}`).not.toBe(-1);
        from = at + line.length;
      }
      expect(text).not.toContain('!!!');
      expect(text).not.toContain('<chain ');
    });
  }

  for (const options of [mdpyOptions(0x200000, 640, 480), endpointOptions()]) {
    test(`reads all ${options.size ?? 256} bytes and writes them the same`, ({ lspci }) => {
      const config = new PciConfigSpace(options);
      const [, ...mine] = config.hexDump().trimEnd().split('\n');
      const [, ...theirs] = lspci(config, '-xxxx').trimEnd().split('\n');
      expect(theirs).toEqual(mine);
    });
  }
});
