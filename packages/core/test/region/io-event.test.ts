import { describe, expect, test } from 'vitest';
import { HeapMemory } from '../../src/heap-memory.ts';
import type { IoEventDefinition } from '../../src/region/io-event.ts';
import { RegionTable } from '../../src/region/table.ts';

const RW = 3;

function table(): RegionTable {
  const regions = new RegionTable(9);
  regions.setup(0, { size: 0x100, flags: RW });
  return regions;
}

describe('places whose writes become signals', () => {
  const shadow = { memory: new HeapMemory().alloc('shadow', 0x1000), offset: 0x10 };
  const bad: readonly (readonly [string, IoEventDefinition])[] = [
    ['a place that leaves the region', { offset: 0x100, size: 0 }],
    ['a place that ends outside', { offset: 0xfc, size: 8 }],
    ['a negative offset', { offset: -8, size: 8 }],
    ['an offset that is no number', { offset: Number.NaN, size: 8 }],
    ['3 bytes', { offset: 0, size: 3 }],
    ['16 bytes', { offset: 0, size: 16 }],
    ['unknown flags', { offset: 0, size: 4, flags: 4 }],
    ['a match without a value', { offset: 0, size: 4, flags: 1 }],
    ['a value of 65 bits', { offset: 0, size: 8, datamatch: 2n ** 64n }],
    ['a negative value', { offset: 0, size: 8, datamatch: -1n }],
    ['a negative signal', { offset: 0, size: 4, signal: -1 }],
    ['signal 256', { offset: 0, size: 4, signal: 256 }],
    ['a shadow without a signal', { offset: 0, size: 4, shadow }],
    [
      'a shadow past its memory',
      { offset: 0, size: 8, signal: 0, shadow: { ...shadow, offset: 0xffc } },
    ],
  ];
  test.for(bad)('refuses %s with EINVAL and sets nothing up', ([, definition]) => {
    const regions = table();
    expect(() => regions.setupIoEvent(0, definition)).toThrow(
      expect.objectContaining({ code: 'EINVAL' }),
    );
    expect(regions.ioEvents(0)).toEqual([]);
  });

  test.for([1, 8, 9])('are refused in region %i, which is not set up', (index) => {
    const regions = table();
    const einval = expect.objectContaining({ code: 'EINVAL' });
    expect(() => regions.setupIoEvent(index, { offset: 0, size: 4 })).toThrow(einval);
    expect(() => regions.ioEvents(index)).toThrow(einval);
  });

  test('are listed in the order they were set up in, with what was left out', () => {
    const regions = table();
    regions.setupIoEvent(0, { offset: 8, size: 4, signal: 3, datamatch: 5n });
    regions.setupIoEvent(0, { offset: 0, size: 0 });
    regions.setupIoEvent(0, { offset: 0xff, size: 1, signal: 0, shadow, flags: 2 });
    expect(regions.ioEvents(0)).toEqual([
      { offset: 8, size: 4, signal: 3, flags: 1, datamatch: 5n, shadow: undefined },
      { offset: 0, size: 0, signal: undefined, flags: 0, datamatch: 0n, shadow: undefined },
      { offset: 0xff, size: 1, signal: 0, flags: 2, datamatch: 0n, shadow },
    ]);
  });
});
