import { describe, expect, test } from 'vitest';
import {
  expressCapability,
  msiCapability,
  msixCapability,
  PciConfigSpace,
  pmCapability,
  serialNumberCapability,
  vsecCapability,
  PciRegisters,
  VfioError,
  type PciConfigOptions,
} from '@vfio-ts/core';
import { PciIds } from '../../src/inspect/pci/ids.ts';
import { decodeSpace } from '../../src/inspect/pci/space.ts';
import { readConfig } from '../../src/inspect/read-config.ts';

function bytesOf(options: Partial<PciConfigOptions>): Uint8Array {
  const ids = { vendorId: 0x8086, deviceId: 0x1572, classCode: 0x020000 };
  const space = new PciConfigSpace({ ...ids, ...options });
  const bytes = new Uint8Array(space.size);
  space.read(0, bytes);
  return bytes;
}

describe('a configuration space is decoded:', () => {
  test('BARs with the sizes of their regions', () => {
    const bytes = bytesOf({
      bars: {
        0: { kind: 'memory', size: 2 ** 23, width: 64, prefetchable: true, address: 0xe000_0000 },
        2: { kind: 'io', size: 32, address: 0xe000 },
        3: { kind: 'memory', size: 0x8000, address: 0xfe00_0000 },
      },
      rom: { size: 2 ** 19, address: 0xfd00_0000 },
    });
    const sizes = [2 ** 23, 0, 32, 0x8000, 0, 0, 2 ** 19];
    const common = { is64Bit: false, isPrefetchable: false };
    expect(decodeSpace(bytes, sizes).bars).toEqual([
      {
        index: 0,
        kind: 'memory',
        address: '0x00000000e0000000',
        is64Bit: true,
        isPrefetchable: true,
        size: 2 ** 23,
      },
      { ...common, index: 2, kind: 'io', address: '0xe000', size: 32 },
      { ...common, index: 3, kind: 'memory', address: '0xfe000000', size: 0x8000 },
      {
        ...common,
        index: 6,
        kind: 'rom',
        address: '0xfd000000',
        isEnabled: false,
        size: 2 ** 19,
      },
    ]);
  });

  test('capabilities with what is in them', () => {
    const { capabilities } = decodeSpace(
      bytesOf({
        size: 4096,
        bars: { 3: { kind: 'memory', size: 0x8000 } },
        capabilities: [
          pmCapability({ d1: true, pmeSupport: 0x19 }),
          msiCapability({ vectors: 4, perVectorMasking: true }),
          msixCapability({
            vectors: 8,
            tableBar: 3,
            tableOffset: 0x1000,
            pbaBar: 3,
            pbaOffset: 0x2000,
          }),
          expressCapability({ type: 'endpoint', maxPayload: 256, linkSpeed: 3, linkWidth: 8 }),
        ],
      }),
      [],
    );
    const facts = Object.fromEntries(capabilities.map((cap) => [cap.name, cap.facts]));
    expect(facts).toMatchObject({
      'Power Management': { d1: true, d2: false, pme: 'D0,D3hot,D3cold', state: 'D0' },
      MSI: { enable: false, vectors: 1, vectorsOffered: 4, maskable: true, '64bit': true },
      'MSI-X': { enable: false, vectors: 8, tableBar: 3, tableOffset: '0x00001000', pendingBar: 3 },
      'PCI Express': {
        version: 2,
        type: 'endpoint',
        maxPayloadOffered: 256,
        maxReadRequest: 512,
        link: '8GT/s x8',
        functionLevelReset: false,
      },
    });
  });

  test('extended capabilities with what is in them', () => {
    const { extendedCapabilities } = decodeSpace(
      bytesOf({
        size: 4096,
        capabilities: [expressCapability({ type: 'endpoint' })],
        extendedCapabilities: [
          serialNumberCapability({ serialNumber: 0x0123_4567_89ab_cdefn }),
          vsecCapability({ vsecId: 0x40, revision: 1, payload: new PciRegisters(8) }),
        ],
      }),
      [],
    );
    expect(extendedCapabilities).toMatchObject([
      {
        id: 3,
        version: 1,
        offset: 0x100,
        name: 'Device Serial Number',
        facts: { serial: '01-23-45-67-89-ab-cd-ef' },
      },
      { id: 11, name: 'Vendor Specific', facts: { id: '0040', revision: 1, length: 16 } },
    ]);
  });

  test('a list that comes back to itself ends there, and says so', () => {
    const bytes = bytesOf({ capabilities: [pmCapability({}), msiCapability({ vectors: 1 })] });
    const second = bytes[0x41] ?? 0;
    bytes[second + 1] = 0x40;
    const { capabilities, fault } = decodeSpace(bytes, []);
    expect(capabilities.map(({ id }) => id)).toEqual([1, 5]);
    expect(fault).toBe('looped');
  });
});

/** A server that takes reads of some sizes, of some places. */
function server(takes: (offset: number, length: number) => boolean) {
  const asked: number[] = [];
  return {
    asked,
    async read(_region: number, offset: number, into: Uint8Array): Promise<number> {
      asked.push(into.length);
      if (!takes(offset, into.length)) throw new VfioError('EINVAL', 'read', 'refused');
      into.fill(0x12);
      return into.length;
    },
  };
}

describe('configuration space is read', () => {
  test('in one message where the server takes that', async () => {
    const one = server(() => true);
    expect(await readConfig(one, 256)).toEqual(new Uint8Array(256).fill(0x12));
    expect(one.asked).toEqual([256]);
  });

  test('word by word where it does not, and what is refused is ones', async () => {
    const one = server((offset, length) => length === 4 && offset !== 8);
    const bytes = await readConfig(one, 256);
    expect(bytes?.subarray(0, 16).toHex()).toBe('1212121212121212ffffffff12121212');
  });

  test.each([
    ['all of it is refused', 256, false],
    ['there is too little for a header', 32, true],
  ])('not at all where %s', async (_what, size, takes) => {
    expect(
      await readConfig(
        server(() => takes),
        size,
      ),
    ).toBeUndefined();
  });
});

describe('names', () => {
  const ids = new PciIds(
    [
      '# a comment',
      '1234  Acme',
      '\t0001  Engine',
      '\t\t1234 0002  Engine of somebody',
      '1b36  Red Hat, Inc.',
      '\t0005  PCI test device',
      'C 03  Display controller',
      '\t00  VGA compatible controller',
      '\t\t00  VGA controller',
      'C 04  Multimedia controller',
      '\t80  Multimedia controller',
      '',
    ].join('\n'),
  );

  test.each<readonly [string, string | undefined, string | undefined]>([
    ['a vendor', ids.vendor(0x1b36), 'Red Hat, Inc.'],
    ['a device', ids.device(0x1234, 1), 'Engine'],
    ['a device of the last vendor', ids.device(0x1b36, 5), 'PCI test device'],
    ['no device of another vendor', ids.device(0x1234, 5), undefined],
    ['no vendor that is a subsystem', ids.vendor(2), undefined],
    ['a subclass', ids.pciClass(0x030000), 'VGA compatible controller'],
    ['a class without that subclass', ids.pciClass(0x038000), 'Display controller'],
    ['no class', ids.pciClass(0xff0000), undefined],
    ['nothing without a list', new PciIds('').vendor(0x1b36), undefined],
  ])('%s', (_what, found, name) => {
    expect(found).toBe(name);
  });
});
