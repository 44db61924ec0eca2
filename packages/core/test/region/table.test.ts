import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  decodeInfoCaps,
  decodeSparseMmapCap,
  REGION_INFO_SIZE,
  type RegionDefinition,
  type SparseArea,
} from '../../src/index.ts';
import { checkRegionAccess } from '../../src/region/access.ts';
import { encodeInfoCaps, sparseMmapCap } from '../../src/region/caps.ts';
import { isMappable, RegionTable } from '../../src/region/table.ts';
import { memory, thrown, wrong } from '../device/fixture.ts';

const SPARSE: SparseArea[] = [
  { offset: 0, size: 0x1000 },
  { offset: 0x2000, size: 0x1000 },
];

function mappable(): RegionDefinition {
  return { size: 0x3000, flags: 7, memory: memory(0x3000) };
}

describe('setup', () => {
  test.for<[string, number, Record<string, unknown> | null]>([
    ['no definition', 0, null],
    ['index -1', -1, {}],
    ['index 0.5', 0.5, {}],
    ['index past 32 bits', 2 ** 32, { offset: 0 }],
    ['an index without room for its offset', 2 ** 13, {}],
    ['size 0', 0, { size: 0 }],
    ['size NaN', 0, { size: Number.NaN }],
    ['size 2^53', 0, { size: 2 ** 53 }],
    ['no flags', 0, { flags: 0 }],
    ['flags NaN', 0, { flags: Number.NaN }],
    ['unknown flags', 0, { flags: 8 | 3 }],
    ['flags past 32 bits', 0, { flags: 2 ** 32 + 3 }],
    ['negative offset', 0, { offset: -1 }],
    ['offset NaN', 0, { offset: Number.NaN }],
    ['memory too small', 0, { size: 0x3001, flags: 3 }],
    ['memory null', 0, { memory: null }],
    ['memory offset past the end', 0, { memoryOffset: 0x1000 }],
    ['memory offset not aligned', 0, { memoryOffset: 1, size: 1, flags: 3 }],
    ['negative memory offset', 0, { memoryOffset: -0x1000 }],
    ['mappable without memory', 0, { memory: undefined }],
    ['mappable and not whole pages', 0, { size: 0x2fff }],
    ['mappable and read only', 0, { flags: 5 }],
    ['mappable and write only', 0, { flags: 6 }],
    ['sparse and not mappable', 0, { flags: 3, sparse: SPARSE }],
    ['sparse area past the end', 0, { sparse: [{ offset: 0x3000, size: 0x1000 }] }],
    ['sparse area not aligned', 0, { sparse: [{ offset: 1, size: 0x1000 }] }],
    ['sparse area empty', 0, { sparse: [{ offset: 0, size: 0 }] }],
    ['sparse area negative', 0, { sparse: [{ offset: -0x1000, size: 0x1000 }] }],
    ['a type of more than 32 bits', 0, { type: { type: 2 ** 32, subtype: 0 } }],
  ])('%s is EINVAL', ([, index, part]) => {
    const table = new RegionTable(9);
    const whole = part === null ? null : { ...mappable(), ...part };
    expect(thrown(() => table.setup(index, wrong<RegionDefinition>(whole)))).toBe('EINVAL');
    expect(table.get(index)).toBeUndefined();
  });

  test('the same index twice is EBUSY and keeps the first', () => {
    const table = new RegionTable(9);
    table.setup(0, { size: 1, flags: 1 });
    expect(thrown(() => table.setup(0, { size: 2, flags: 1 }))).toBe('EBUSY');
    expect(table.get(0)?.size).toBe(1);
  });

  test('what the driver does to its list of areas later does not count', () => {
    const table = new RegionTable(9);
    const sparse = [{ offset: 0, size: 0x1000 }];
    table.setup(0, { ...mappable(), sparse });
    sparse.push({ offset: 0x1000, size: 0x2000 });
    const region = table.get(0);
    expect(region !== undefined && isMappable(region, 0x1000, 0x1000)).toBe(false);
  });
});

describe('count', () => {
  test('is the base, and goes on where no index is left out', () => {
    const table = new RegionTable(9);
    table.setup(16, { size: 1, flags: 1 });
    expect(table.count).toBe(9);
    table.setup(9, { size: 1, flags: 1 });
    table.setup(10, { size: 1, flags: 1 });
    expect(table.count).toBe(11);
  });

  test('is 0 for a device without base and regions', () => {
    expect(new RegionTable(0).count).toBe(0);
  });
});

describe('info', () => {
  test.for([31, 0, -1, Number.NaN])('argsz %d is EINVAL', (argsz) => {
    expect(thrown(() => new RegionTable(9).info(0, argsz))).toBe('EINVAL');
  });

  test.for([9, 17, -1, 0.5, Number.NaN])('index %d is EINVAL', (index) => {
    const table = new RegionTable(9);
    table.setup(16, { size: 1, flags: 1 });
    expect(thrown(() => table.info(index, 32))).toBe('EINVAL');
  });

  test('an index of the base that is not set up has size 0', () => {
    const info = new RegionTable(9).info(8, 100);
    expect(info).toEqual({
      argsz: 32,
      flags: 0,
      index: 8,
      capOffset: 0,
      size: 0,
      offset: 0,
      caps: new Uint8Array(0),
    });
  });

  test('a special index past the count is described', () => {
    const table = new RegionTable(9);
    table.setup(16, { size: 0x1000, flags: 3 });
    expect(table.info(16, 32)).toMatchObject({
      argsz: 32,
      flags: 3,
      size: 0x1000,
      offset: 16 * 2 ** 40,
    });
  });

  test('an offset of its own is kept', () => {
    const table = new RegionTable(9);
    table.setup(0, { size: 0x1000, flags: 3, offset: 0x40 });
    expect(table.info(0, 32).offset).toBe(0x40);
  });

  test('a chain that does not fit is announced, and comes with the argsz that was named', () => {
    const table = new RegionTable(9);
    table.setup(0, {
      ...mappable(),
      sparse: SPARSE,
      type: { type: 1, subtype: 2 },
      msixMappable: true,
    });
    const needed = 32 + (8 + 8 + 32) + 16 + 8;
    for (const argsz of [32, needed - 1]) {
      const short = table.info(0, argsz);
      expect(short).toMatchObject({ argsz: needed, flags: 7 | 8, capOffset: 0, size: 0x3000 });
      expect(short.caps.length).toBe(0);
    }
    const { capOffset, caps } = table.info(0, needed);
    const chain = decodeInfoCaps(caps, REGION_INFO_SIZE, capOffset);
    expect(chain.map(({ id, version }) => [id, version])).toEqual([
      [1, 1],
      [2, 1],
      [3, 1],
    ]);
    expect(decodeSparseMmapCap(chain[0]?.payload ?? new Uint8Array(0))).toEqual(SPARSE);
    expect([...(chain[1]?.payload ?? [])]).toEqual([1, 0, 0, 0, 2, 0, 0, 0]);
  });

  test('what a user does to the chain it got does not reach the next one', () => {
    const table = new RegionTable(9);
    table.setup(0, { ...mappable(), sparse: SPARSE });
    table.info(0, 4096).caps.fill(0xff);
    expect(table.info(0, 4096).caps[0]).toBe(1);
  });
});

describe('decodeInfoCaps', () => {
  test('gives what was encoded', () => {
    const cap = fc.record({
      id: fc.nat({ max: 0xffff }),
      version: fc.nat({ max: 0xffff }),
      payload: fc.nat({ max: 4 }).map((words) => new Uint8Array(words * 8).fill(words)),
    });
    fc.assert(
      fc.property(fc.array(cap, { maxLength: 6 }), (caps) => {
        const bytes = encodeInfoCaps(caps, 32);
        expect(decodeInfoCaps(bytes, 32, caps.length === 0 ? 0 : 32)).toEqual(caps);
      }),
    );
  });

  test('ends at whatever a device makes up', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), fc.nat({ max: 128 }), (bytes, first) => {
        const caps = decodeInfoCaps(bytes, 32, first);
        expect(caps.length).toBeLessThanOrEqual(64);
      }),
    );
  });

  test('a chain that loops ends where it began', () => {
    const bytes = encodeInfoCaps([sparseMmapCap(SPARSE)], 32);
    new DataView(bytes.buffer).setUint32(4, 32, true);
    expect(decodeInfoCaps(bytes, 32, 32).length).toBe(1);
  });
});

describe('checkRegionAccess', () => {
  test('lets through exactly what lies inside', () => {
    const size = fc.integer({ min: 1, max: 2 ** 53 - 1 });
    const any = fc.oneof(fc.maxSafeNat(), fc.nat({ max: 64 }), fc.double());
    fc.assert(
      fc.property(size, any, fc.nat({ max: 64 }), (bytes, offset, count) => {
        const table = new RegionTable(9);
        table.setup(0, { size: bytes, flags: 3 });
        const region = table.get(0);
        const isInside =
          Number.isInteger(offset) &&
          offset >= 0 &&
          BigInt(offset) + BigInt(count) <= BigInt(bytes);
        const code = thrown(() => region && checkRegionAccess('read', region, offset, count));
        expect(code).toBe(isInside ? undefined : 'EINVAL');
      }),
    );
  });
});

describe('closeMemory', () => {
  test('closes memory that two regions share once, and all of it whatever throws', () => {
    const table = new RegionTable(9);
    const boom = new Error('boom');
    let closes = 0;
    const bad = { ...memory(), size: 0x3000 };
    bad.close = () => {
      closes++;
      throw boom;
    };
    const good = memory(0x3000);
    table.setup(0, { size: 0x3000, flags: 3, memory: bad });
    table.setup(1, { size: 0x3000, flags: 3, memory: bad });
    table.setup(2, { size: 0x3000, flags: 3, memory: good });
    expect(thrown(() => table.closeMemory())).toBe(boom);
    expect([closes, good.bytes.length]).toEqual([1, 0]);
  });
});
