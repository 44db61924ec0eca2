import { expect, test } from 'vitest';
import { decodeEbcdic } from '../../src/architecture/ebcdic.ts';
import { DasdControlUnit } from '../../src/dasd/dasd-control-unit.ts';
import type { DasdOptions } from '../../src/dasd/dasd-control-unit.ts';
import { get, NORMAL, put, runChain, toHex } from './support/channel.ts';
import { MemoryStore } from './support/memory-store.ts';
import type { MemoryStoreOptions } from './support/memory-store.ts';

async function ask(
  code: number,
  count: number,
  volume: MemoryStoreOptions = {},
  options: DasdOptions = {},
): Promise<Uint8Array> {
  const unit = new DasdControlUnit(new MemoryStore(volume), options);
  const { status, data } = await runChain(unit, [get(code, count)]);
  expect(status).toBe(NORMAL);
  return data[0] ?? new Uint8Array(0);
}

test('Sense ID is that of a 3390 behind a 3990-6, with its command information words', async () => {
  const bytes = await ask(0xe4, 40, { cylinders: 3339 });
  expect(toHex(bytes)).toBe('ff3990e933900a0040fa010041270004423e0060');
});

test.for([
  [10, 0x02, 0x26],
  [1113, 0x02, 0x26],
  [1114, 0x06, 0x27],
  [3339, 0x0a, 0x24],
  [10_017, 0x0c, 0x32],
  [65_520, 0x0c, 0x32],
])(
  'a 3390 of %i cylinders has model byte %i and type code %i',
  async ([cylinders = 0, modelByte, typeCode]) => {
    const bytes = await ask(0x64, 64, { cylinders });
    expect([bytes[5], bytes[11], bytes[40], bytes[41]]).toEqual([
      modelByte,
      typeCode,
      typeCode,
      typeCode,
    ]);
  },
);

test('Read Device Characteristics has the geometry of the volume', async () => {
  const bytes = await ask(0x64, 64, { cylinders: 10 });
  expect(toHex(bytes)).toBe(
    [
      '3990e9339002500010962026000a000fe000e5a20594',
      '022213090674000000000000000000000000',
      '26261502dfee00010677080f007f400000ff0000',
      '0000000a',
    ].join(''),
  );
});

test('a volume of more than 65534 cylinders has their number in the long field', async () => {
  const bytes = await ask(0x64, 64, { cylinders: 262_668 });
  expect(toHex(bytes.subarray(12, 14))).toBe('fffe');
  expect(toHex(bytes.subarray(60, 64))).toBe('0004020c');
});

test('Read Device Characteristics of a 3380 has its geometry', async () => {
  const bytes = await ask(0x64, 64, { cylinders: 2655, deviceType: 0x3380 });
  expect(toHex(bytes.subarray(3, 6))).toBe('33801e');
  expect(toHex(bytes.subarray(22, 28))).toBe('012001ec00ec');
});

test('the offer of Prefix is seen in the characteristics and in the features', async () => {
  const unit = new DasdControlUnit(new MemoryStore(), { hasPrefix: true });
  const { data } = await runChain(unit, [get(0x64, 64)]);
  expect(data[0]?.[6]).toBe(0x52);
  const features = await runChain(unit, [put(0x27, '180000000000 41 0000000000'), get(0x3e, 256)]);
  expect(features.data[0]?.[8]).toBe(0x01);
});

test('Read Configuration Data names device, string, control unit and subsystem', async () => {
  const options = { serial: 'ABC0123', subsystemId: 0x1234, unitAddress: 0x56 };
  const bytes = await ask(0xfa, 256, { cylinders: 3339 }, options);
  const text = (offset: number): string => decodeEbcdic(bytes.subarray(offset + 4, offset + 30));
  expect(bytes).toHaveLength(256);
  expect([0, 32, 64, 96].map((at) => toHex(bytes.subarray(at, at + 4)))).toEqual([
    'dc010100',
    'd4020000',
    'd0000000',
    'f0000001',
  ]);
  expect([0, 32, 64, 96].map((at) => text(at))).toEqual([
    '  339000AHRCZZ00000ABC0123',
    '  339000AHRCZZ000000001234',
    '  39900E9HRCZZ000000001234',
    '  3990   HRCZZ000000001234',
  ]);
  expect(bytes[31]).toBe(0x56);
  expect(toHex(bytes.subarray(128, 224))).toBe('00'.repeat(96));
  expect(toHex(bytes.subarray(224, 244))).toBe('8000000000001e00123480565656000000808056');
});

test.for([
  ['that of the volume', 'VOLSER000001', {}, 'VOLSER000001'],
  ['that of the options', 'VOLSER000001', { serial: 'OTHER1' }, '000000OTHER1'],
  ['made of the addresses', '', { subsystemId: 2, unitAddress: 5 }, '000000000205'],
  ['cleaned', 'a-b c', {}, '0000000A0B0C'],
] as const)('the serial number is %s', async ([, serial, options, expected]) => {
  const bytes = await ask(0xfa, 256, { serial }, options);
  expect(decodeEbcdic(bytes.subarray(18, 30))).toBe(expected);
});

test.for([
  [{ unitAddress: 256 }, 'unit address 256'],
  [{ unitAddress: -1 }, 'unit address -1'],
  [{ subsystemId: 65_536 }, 'subsystem identifier 65536'],
  [{ subsystemId: 0.5 }, 'subsystem identifier 0.5'],
] as const)('options %o throw EINVAL', ([options, fact]) => {
  expect(() => new DasdControlUnit(new MemoryStore(), options)).toThrow(fact);
});

test('a device type that is no DASD throws EINVAL', () => {
  const store = new MemoryStore({ deviceType: 0x3370 });
  expect(() => new DasdControlUnit(store)).toThrow('device type 0x3370');
});

test('Sense Subsystem Status has the addresses, and is the last of its chain', async () => {
  const unit = new DasdControlUnit(new MemoryStore(), { subsystemId: 0x1234, unitAddress: 7 });
  const { status, data } = await runChain(unit, [get(0x54, 44, true)]);
  expect(status).toBe(NORMAL);
  expect(toHex(data[0] ?? new Uint8Array(0))).toBe(`0107ff${'00'.repeat(35)}1234${'00'.repeat(4)}`);
});
