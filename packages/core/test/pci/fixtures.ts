import { expect } from 'vitest';
import type { ErrnoCode } from '../../src/errno.ts';
import {
  expressCapability,
  msiCapability,
  msixCapability,
  PCI_HEADER_FIXED,
  PciConfigSpace,
  PciRegisters,
  pmCapability,
  serialNumberCapability,
  vendorCapability,
  vsecCapability,
  type PciConfigOptions,
} from '../../src/pci/index.ts';

/** The least that makes a space. */
export const ids = { vendorId: 0x1234, deviceId: 0x5678, classCode: 0xff0000 } as const;

export function space(options: Partial<PciConfigOptions> = {}): PciConfigSpace {
  return new PciConfigSpace({ ...ids, ...options });
}

/** Little-endian bytes of a value. */
export function le(width: number, value: number | bigint): Uint8Array {
  return Uint8Array.from({ length: width }, (_, i) =>
    Number((BigInt(value) >> BigInt(8 * i)) & 255n),
  );
}

export function bytesAt(config: PciConfigSpace, offset: number, length: number): Uint8Array {
  const into = new Uint8Array(length);
  config.read(offset, into);
  return into;
}

/** Matches an error of that code. */
export function errno(code: ErrnoCode): unknown {
  return expect.objectContaining({ code });
}

/** The display sample: only its BAR can be written. */
export function mdpyOptions(size: number, width: number, height: number): PciConfigOptions {
  const payload = new PciRegisters(12).set32(0, 0x34325258).set32(4, width).set32(8, height);
  return {
    vendorId: 0x1b36,
    deviceId: 0x000f,
    subsystemVendorId: 0x1af4,
    subsystemId: 0x1100,
    classCode: 0x038000,
    revisionId: 1,
    command: 0x0003,
    masks: PCI_HEADER_FIXED,
    bars: { 0: { kind: 'memory', size, prefetchable: true } },
    capabilities: [vendorCapability({ payload })],
  };
}

/** An endpoint with every capability there is. */
export function endpointOptions(): PciConfigOptions {
  const payload = new PciRegisters(12).set32(0, 0xcafe_babe).set32(4, 0, { rw: 0xffff });
  return {
    size: 4096,
    vendorId: 0x8086,
    deviceId: 0x1572,
    subsystemVendorId: 0x8086,
    subsystemId: 0x0006,
    classCode: 0x020000,
    revisionId: 2,
    command: 0x0006,
    interruptPin: 1,
    bars: {
      0: { kind: 'memory', size: 2 ** 23, width: 64, prefetchable: true, address: 0xe000_0000 },
      2: { kind: 'io', size: 32, address: 0xe000 },
      3: { kind: 'memory', size: 0x8000, address: 0xfe00_0000 },
    },
    rom: { size: 2 ** 19, address: 0xfd00_0000 },
    capabilities: [
      pmCapability({ d1: true, pmeSupport: 0x19 }),
      msiCapability({ vectors: 4, perVectorMasking: true }),
      msixCapability({ vectors: 129, tableBar: 3, tableOffset: 0, pbaBar: 3, pbaOffset: 0x1000 }),
      expressCapability({
        type: 'endpoint',
        linkSpeed: 3,
        linkWidth: 8,
        maxPayload: 512,
        extendedTag: true,
        onFunctionLevelReset: () => {},
      }),
      vendorCapability({ type: 1, payload }),
    ],
    extendedCapabilities: [
      serialNumberCapability({ serialNumber: 0x0011_2233_4455_6677n }),
      vsecCapability({ vsecId: 0x1234, revision: 2, payload }),
    ],
  };
}
