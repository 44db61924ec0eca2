import { expect, test } from 'vitest';
import { VfioError, type IrqInfo, type RegionInfo } from '@vfio-ts/core';
import { askDevice, type InspectedClient } from '../../src/inspect/ask.ts';
import { inspectionText } from '../../src/inspect/text.ts';

const REFUSED = new VfioError('EINVAL', 'request', 'refused');

function refused(): Promise<never> {
  return Promise.reject(REFUSED);
}

/** A server that says what it is told, and refuses all else. */
function server(said: Partial<InspectedClient>): InspectedClient {
  return {
    version: { major: 0, minor: 1, capabilities: {} },
    getInfo: refused,
    getRegionInfo: refused,
    getIrqInfo: refused,
    feature: refused,
    read: refused,
    ...said,
  };
}

function region(index: number, caps: readonly (readonly [number, Uint8Array])[]): RegionInfo {
  const parts = caps.map(([id, payload], i) => {
    const bytes = new Uint8Array(8 + payload.length);
    const view = new DataView(bytes.buffer);
    view.setUint16(0, id, true);
    view.setUint16(2, 1, true);
    view.setUint32(4, i + 1 < caps.length ? 32 + (8 + payload.length) * (i + 1) : 0, true);
    bytes.set(payload, 8);
    return [...bytes];
  });
  return {
    argsz: 32,
    flags: 0x1b,
    index,
    capOffset: caps.length === 0 ? 0 : 32,
    size: 4096,
    offset: 0,
    caps: Uint8Array.from(parts.flat()),
  };
}

function words(...values: readonly number[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(4 * values.length));
  for (const [i, value] of values.entries()) view.setUint32(4 * i, value, true);
  return new Uint8Array(view.buffer);
}

test('what a server refuses is part of the report, and the rest is asked all the same', async () => {
  const told = await askDevice(
    server({
      getInfo: () => Promise.resolve({ argsz: 16, flags: 2, numRegions: 2, numIrqs: 1 }),
      getRegionInfo: (index) => (index === 0 ? refused() : Promise.resolve(region(index, []))),
    }),
    '/run/a.sock',
  );
  expect(told).toMatchObject({
    device: { api: 'pci', flags: ['PCI'] },
    regions: [
      { index: 0, name: 'BAR 0', error: 'EINVAL' },
      { index: 1, size: 4096 },
    ],
    irqs: [{ index: 0, name: 'INTx', error: 'EINVAL' }],
    migration: null,
    pci: null,
  });
  const text = inspectionText(told).join('\n');
  expect(text).toContain('0 BAR 0: refused, EINVAL');
  expect(text).toContain('0 INTx: refused, EINVAL');
});

test('a server that says it has billions of regions is asked for the first', async () => {
  const asked = { regions: 0, irqs: 0 };
  const told = await askDevice(
    server({
      getInfo: () =>
        Promise.resolve({ argsz: 16, flags: 0x20, numRegions: 0xffff_ffff, numIrqs: 0xffff_ffff }),
      getRegionInfo(index) {
        asked.regions++;
        return Promise.resolve({ ...region(index, []), size: 0 });
      },
      getIrqInfo(index): Promise<IrqInfo> {
        asked.irqs++;
        return Promise.resolve({ argsz: 16, flags: 0, index, count: 0 });
      },
    }),
    '/run/a.sock',
  );
  expect(asked).toEqual({ regions: 64, irqs: 64 });
  expect(told).toMatchObject({ device: { api: 'ap', numRegions: 0xffff_ffff }, regions: [] });
});

test.each<readonly [string, number, Uint8Array, object, string]>([
  [
    'an OpRegion',
    2,
    words(0x8000_8086, 1),
    { name: 'type', meaning: 'PCI vendor 8086: OpRegion' },
    'PCI vendor 8086: OpRegion',
  ],
  ['an EDID', 2, words(1, 1), { name: 'type', meaning: 'graphics: EDID' }, 'graphics: EDID'],
  ['a type of its own', 2, words(9, 7), { name: 'type', type: 9 }, 'type 9: subtype 7'],
  ['half a type', 2, words(9), { name: 'unknown', id: 2 }, 'capability 2'],
  [
    'a part that can be mapped',
    1,
    words(1, 0, 0x1000, 0, 0x2000, 0),
    { name: 'sparse-mmap', areas: [{ offset: 0x1000, size: 0x2000 }] },
    'mapped at 0x1000-0x2fff',
  ],
  [
    'an MSI-X table that can be mapped',
    3,
    words(),
    { name: 'msix-mappable' },
    'the MSI-X table can be mapped',
  ],
  ['what nobody knows', 99, words(1, 2), { name: 'unknown', id: 99 }, 'capability 99'],
])('a region is %s', async (_what, id, payload, capability, text) => {
  const told = await askDevice(
    server({
      getInfo: () => Promise.resolve({ argsz: 16, flags: 2, numRegions: 1, numIrqs: 0 }),
      getRegionInfo: (index) => Promise.resolve(region(index, [[id, payload]])),
    }),
    '/run/a.sock',
  );
  expect(told.regions).toMatchObject([{ capabilities: [capability] }]);
  expect(inspectionText(told).join('\n')).toContain(`; ${text}`);
});

test.each(['ENOTCONN', 'ETIMEDOUT'] as const)('%s ends the asking', async (code) => {
  const gone = new VfioError(code, 'request', 'gone');
  const client = server({
    getInfo: () => Promise.resolve({ argsz: 16, flags: 2, numRegions: 9, numIrqs: 5 }),
    getRegionInfo: () => Promise.reject(gone),
  });
  await expect(askDevice(client, '/run/a.sock')).rejects.toBe(gone);
});
