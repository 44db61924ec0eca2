import { describe, expect, test } from 'vitest';
import {
  assignDeviceSet,
  HeapMemory,
  setupIrq,
  setupRegion,
  unregisterGroupDev,
  type DeviceFile,
  type DmaMapRequest,
  type DmaUnmapRequest,
  type FeatureRequest,
  type GfxPlaneQuery,
  type IrqSetRequest,
  type SharedMemory,
} from '../../src/index.ts';
import { memory, opened, thrown, wrong, type Opened, type SomeOps } from '../device/fixture.ts';
import { testCore } from '../support.ts';

const RW = 3;
const RWM = 7;

interface WithRegions extends Opened {
  readonly behind: SharedMemory;
  /** What the driver was asked. */
  readonly asked: string[];
}

/**
 * Region 0: two pages of memory; 1: the driver's; 2: read only; 3: write only; 4: four pages of memory of which the
 * second can be mapped; 5: memory, not to be mapped, from the second page of what is behind it.
 */
function withRegions(more: SomeOps = {}): WithRegions {
  const behind = memory(0x4000);
  const asked: string[] = [];
  const made = opened(testCore().core, {
    init({ vdev }) {
      setupRegion(vdev, 0, { size: 0x2000, flags: RWM, memory: behind });
      setupRegion(vdev, 1, { size: 0x100, flags: RW });
      setupRegion(vdev, 2, { size: 0x100, flags: 1 });
      setupRegion(vdev, 3, { size: 0x100, flags: 2 });
      const sparse = [{ offset: 0x1000, size: 0x1000 }];
      setupRegion(vdev, 4, { size: 0x4000, flags: RWM, memory: behind, sparse });
      setupRegion(vdev, 5, { size: 0x10, flags: RW, memory: behind, memoryOffset: 0x1000 });
      setupIrq(vdev, 0, { count: 1 });
    },
    read(_, region, offset, into) {
      asked.push(`read ${region} ${offset} ${into.length}`);
      into.fill(0xaa);
    },
    write: (_, region, offset, from) => void asked.push(`write ${region} ${offset} ${from.length}`),
    ...more,
  });
  return { ...made, behind, asked };
}

const calls: readonly [string, (file: DeviceFile) => unknown][] = [
  ['getInfo', (file) => file.getInfo()],
  ['getRegionInfo', (file) => file.getRegionInfo(0)],
  ['getIrqInfo', (file) => file.getIrqInfo(0)],
  ['setIrqs', (file) => file.setIrqs({ flags: 0x21, index: 0, start: 0, count: 0 })],
  ['read', (file) => file.read(0, 0, new Uint8Array(1))],
  ['write', (file) => file.write(0, 0, new Uint8Array(1))],
  ['mmap', (file) => file.mmap(0, 0, 4096)],
  ['reset', (file) => file.reset()],
  ['feature', (file) => file.feature({ flags: 0x10001 })],
  ['readMigrationData', (file) => file.readMigrationData(new Uint8Array(1))],
  ['writeMigrationData', (file) => file.writeMigrationData(new Uint8Array(1))],
  ['mapDma', (file) => file.mapDma({ iova: 0, size: 4096, flags: 3, memory: memory() })],
  ['unmapDma', (file) => file.unmapDma({ iova: 0, size: 4096 })],
  ['queryGfxPlane', (file) => file.queryGfxPlane({ flags: 4 })],
  ['region', (file) => file.region(0)],
];

describe('a closed file', () => {
  test.for(calls)('%s is EBADF', ([, call]) => {
    const { file } = withRegions();
    file.close();
    expect(thrown(() => call(file))).toBe('EBADF');
  });
});

describe('what only plain JavaScript can pass', () => {
  test.for<[string, (file: DeviceFile) => unknown]>([
    ['setIrqs', (file) => file.setIrqs(wrong<IrqSetRequest>(null))],
    ['read into null', (file) => file.read(0, 0, wrong<Uint8Array>(null))],
    ['read into an array', (file) => file.read(0, 0, wrong<Uint8Array>([0]))],
    [
      'read from a region that is text',
      (file) => file.read(wrong<number>('0'), 0, new Uint8Array(1)),
    ],
    ['read at undefined', (file) => file.read(0, wrong<number>(undefined), new Uint8Array(1))],
    ['read at text', (file) => file.read(0, wrong<number>('0'), new Uint8Array(1))],
    [
      'write from a DataView',
      (file) => file.write(0, 0, wrong<Uint8Array>(new DataView(new ArrayBuffer(1)))),
    ],
    ['mmap at undefined', (file) => file.mmap(0, wrong<number>(undefined), 4096)],
    ['mmap of undefined', (file) => file.mmap(0, 0, wrong<number>(undefined))],
    ['feature', (file) => file.feature(wrong<FeatureRequest>(null))],
    ['mapDma', (file) => file.mapDma(wrong<DmaMapRequest>(null))],
    ['mapDma without memory', (file) => file.mapDma(wrong({ iova: 0, size: 4096, flags: 3 }))],
    ['unmapDma', (file) => file.unmapDma(wrong<DmaUnmapRequest>(null))],
    ['getRegionInfo of text', (file) => file.getRegionInfo(wrong<number>('8'))],
    ['getRegionInfo with NaN', (file) => file.getRegionInfo(0, Number.NaN)],
    ['getIrqInfo with NaN', (file) => file.getIrqInfo(0, Number.NaN)],
    ['getIrqInfo of text', (file) => file.getIrqInfo(wrong<number>('0'))],
    ['queryGfxPlane', (file) => file.queryGfxPlane(wrong<GfxPlaneQuery>(null))],
    ['queryGfxPlane without flags', (file) => file.queryGfxPlane(wrong<GfxPlaneQuery>({}))],
  ])('%s is EINVAL', ([, call]) => {
    const { file } = withRegions({ queryGfxPlane: () => undefined });
    expect(thrown(() => call(file))).toBe('EINVAL');
  });
});

describe('getInfo', () => {
  test.for([0, 15, -1, Number.NaN])('argsz %d is EINVAL', (argsz) => {
    expect(thrown(() => withRegions().file.getInfo(argsz))).toBe('EINVAL');
  });

  test.for([
    ['vfio-pci', 2, 9, 5],
    ['vfio-platform', 4, 0, 0],
    ['vfio-ccw', 0x10, 0, 0],
    ['vfio-ap', 0x20, 0, 0],
  ] as const)(
    '%s has its flag and its minimum of regions and irqs',
    ([deviceApi, flags, numRegions, numIrqs]) => {
      const { file } = opened(testCore().core, { deviceApi });
      expect(file.getInfo(64)).toEqual({ argsz: 16, flags, numRegions, numIrqs });
    },
  );

  test('the RESET flag is there exactly when there is a reset', () => {
    const { file } = opened(testCore().core, { reset() {} });
    expect(file.getInfo().flags).toBe(3);
    expect(withRegions().file.getInfo().flags).toBe(2);
    expect(thrown(() => withRegions().file.reset())).toBe('EINVAL');
  });
});

describe('read and write', () => {
  const outside: readonly [string, number, number][] = [
    ['NaN', Number.NaN, 1],
    ['negative', -1, 1],
    ['a fraction', 0.5, 1],
    ['2^53', 2 ** 53, 1],
    ['Infinity', Infinity, 1],
    ['at the end', 0x100, 1],
    ['across the end', 0xff, 2],
    ['longer than the region', 0, 0x101],
    ['nothing past the end', 0x101, 0],
  ];

  test.for(outside)('%s is EINVAL and the driver is not asked', ([, offset, count]) => {
    const { file, asked } = withRegions();
    expect(thrown(() => file.read(1, offset, new Uint8Array(count)))).toBe('EINVAL');
    expect(thrown(() => file.write(1, offset, new Uint8Array(count)))).toBe('EINVAL');
    expect(asked).toEqual([]);
  });

  test.for([0, 0x80, 0x100])('nothing at %d is 0 and asks nobody', (offset) => {
    const { file, asked } = withRegions();
    expect(file.read(1, offset, new Uint8Array(0))).toBe(0);
    expect(file.write(1, offset, new Uint8Array(0))).toBe(0);
    expect(asked).toEqual([]);
  });

  test('the driver is asked for what no memory backs, and all bytes are done', () => {
    const { file, asked } = withRegions();
    const into = new Uint8Array(3);
    expect([file.read(1, 0xfd, into), file.write(1, 0, into)]).toEqual([3, 3]);
    expect([...into]).toEqual([0xaa, 0xaa, 0xaa]);
    expect(asked).toEqual(['read 1 253 3', 'write 1 0 3']);
  });

  test('a direction the region does not have is EINVAL', () => {
    const { file, asked } = withRegions();
    expect(thrown(() => file.write(2, 0, new Uint8Array(1)))).toBe('EINVAL');
    expect(thrown(() => file.read(3, 0, new Uint8Array(1)))).toBe('EINVAL');
    expect(asked).toEqual([]);
  });

  test.for([6, 9, -1, 0.5, Number.NaN])('region %d, which is not set up, is EINVAL', (region) => {
    const { file } = withRegions();
    expect(thrown(() => file.read(region, 0, new Uint8Array(1)))).toBe('EINVAL');
  });

  test('without the callback it is EINVAL', () => {
    const none = wrong<() => void>(undefined);
    const { file } = withRegions({ read: none, write: none });
    expect(thrown(() => file.read(1, 0, new Uint8Array(1)))).toBe('EINVAL');
    expect(thrown(() => file.write(1, 0, new Uint8Array(1)))).toBe('EINVAL');
  });

  test.for([1, 2, 4, 8, 32, 33, 4096])('%i bytes of region memory are those behind it', (count) => {
    const { file, behind, asked } = withRegions();
    const from = Uint8Array.from({ length: count }, (_, i) => i + 1);
    expect(file.write(0, 0x801, from)).toBe(count);
    expect(behind.bytes.slice(0x801, 0x801 + count)).toEqual(from);
    const into = new Uint8Array(count);
    expect(file.read(0, 0x801, into)).toBe(count);
    expect([into, asked]).toEqual([from, []]);
  });

  test('the memory offset counts', () => {
    const { file, behind } = withRegions();
    file.write(5, 2, Uint8Array.of(9));
    const into = new Uint8Array(1);
    file.read(5, 2, into);
    expect([behind.bytes[0x1002], into[0]]).toEqual([9, 9]);
  });

  test.for([
    ['inside a sparse area', 0x1000, 0x1000, []],
    ['before it', 0xfff, 1, ['read 4 4095 1']],
    ['across its start', 0xfff, 2, ['read 4 4095 2']],
    ['across its end', 0x1fff, 2, ['read 4 8191 2']],
  ] as const)('%s', ([, offset, count, asks]) => {
    const { file, asked } = withRegions();
    file.read(4, offset, new Uint8Array(count));
    expect(asked).toEqual(asks);
  });

  test('memory that the driver has closed is EFAULT', () => {
    const { file, behind } = withRegions();
    behind.close();
    expect(thrown(() => file.read(0, 0, new Uint8Array(1)))).toBe('EFAULT');
    expect(thrown(() => file.write(0, 0, new Uint8Array(64)))).toBe('EFAULT');
  });

  test('an error of the driver comes out unchanged', () => {
    const boom = new Error('boom');
    const { file } = withRegions({
      read() {
        throw boom;
      },
    });
    expect(thrown(() => file.read(1, 0, new Uint8Array(1)))).toBe(boom);
  });
});

describe('mmap', () => {
  test.for<[string, number, number, number]>([
    ['not set up', 6, 0, 0x1000],
    ['no memory', 1, 0, 0x1000],
    ['not mappable', 5, 0, 0x1000],
    ['offset not aligned', 0, 1, 0x1000],
    ['length not aligned', 0, 0, 1],
    ['no length', 0, 0, 0],
    ['negative offset', 0, -0x1000, 0x1000],
    ['negative length', 0, 0x1000, -0x1000],
    ['NaN', 0, Number.NaN, 0x1000],
    ['past the end', 0, 0x1000, 0x2000],
    ['far past the end', 0, 2 ** 53, 0x1000],
    ['outside the sparse area', 4, 0, 0x1000],
    ['more than the sparse area', 4, 0x1000, 0x2000],
  ])('%s is EINVAL', ([, region, offset, length]) => {
    const { file, vdev } = withRegions();
    expect(thrown(() => file.mmap(region, offset, length))).toBe('EINVAL');
    expect(vdev.core.leaks().map(({ kind }) => kind)).not.toContain('region-mapping');
  });

  test('shows what read and write see', () => {
    const { file } = withRegions();
    const mapping = file.mmap(0, 0x1000, 0x1000);
    file.write(0, 0x1004, Uint8Array.of(7));
    mapping.bytes[5] = 8;
    const into = new Uint8Array(2);
    file.read(0, 0x1004, into);
    expect([mapping.bytes[4], [...into]]).toEqual([7, [7, 8]]);
  });

  test('keeps its file until it is unmapped, once', () => {
    const closes: string[] = [];
    const { file, vdev } = withRegions({ closeDevice: () => void closes.push('close') });
    const [one, other] = [file.mmap(0, 0, 0x1000), file.mmap(0, 0x1000, 0x1000)];
    file.close();
    one.unmap();
    one.unmap();
    expect([closes, one.bytes.length, other.bytes.length]).toEqual([[], 0, 0x1000]);
    expect(vdev.core.leaks().map(({ what }) => what)).toContain(
      'file of vfio0, closed with 1 mappings',
    );
    other.unmap();
    expect(closes).toEqual(['close']);
    expect(vdev.core.leaks().map(({ kind }) => kind)).toEqual(['device', 'group-file']);
  });

  test('the last mapping of a closed file cannot go within an open of the set, and stays', () => {
    const { core } = testCore();
    const closes: string[] = [];
    const holder = opened(core, {
      init({ vdev }) {
        assignDeviceSet(vdev, 'slot');
        setupRegion(vdev, 0, { size: 0x1000, flags: RWM, memory: memory() });
      },
      closeDevice: () => void closes.push('close'),
    });
    const mapping = holder.file.mmap(0, 0, 0x1000);
    holder.file.close();
    let code: unknown;
    opened(core, {
      init: ({ vdev }) => assignDeviceSet(vdev, 'slot'),
      openDevice: () => void (code = thrown(() => mapping.unmap())),
    });
    expect([code, mapping.bytes.length, closes]).toEqual(['EDEADLK', 0x1000, []]);
    mapping.unmap();
    expect([mapping.bytes.length, closes]).toEqual([0, ['close']]);
  });

  test('views of region memory are empty once the device is released', async () => {
    const { file, behind, group, vdev, ref } = withRegions();
    const view = new DataView(behind.bytes.buffer);
    file.close();
    group.close();
    await unregisterGroupDev(vdev);
    ref.put();
    expect(behind.bytes.length).toBe(0);
    expect(() => view.getUint8(0)).toThrow(TypeError);
  });
});

describe('mapDma', () => {
  test.for<[string, Partial<DmaMapRequest>, string]>([
    ['past the end of the memory', { offset: 0x1000 }, 'EINVAL'],
    ['unknown flags', { flags: 8 }, 'EINVAL'],
    ['no flags', { flags: 0 }, 'EINVAL'],
    ['no size', { size: 0 }, 'EINVAL'],
    ['overlapping', { iova: 0x8000 }, 'EEXIST'],
  ])('%s is refused before the memory is mapped', ([, request, code]) => {
    const { file } = withRegions();
    file.mapDma({ iova: 0x8000, size: 0x1000, flags: 3, memory: memory() });
    const guest = new HeapMemory().alloc('guest', 0x1000);
    let maps = 0;
    guest.map = (...range) => {
      maps++;
      return memory().map(...range);
    };
    const whole = { iova: 0, size: 0x1000, flags: 3, memory: guest, ...request };
    expect(thrown(() => file.mapDma(whole))).toBe(code);
    expect(maps).toBe(0);
    expect(file.unmapDma({ iova: 0, size: 0, flags: 2 })).toEqual({ size: 0x1000 });
  });

  test('its memory is given back by the unmap', () => {
    const { file } = withRegions();
    const unmaps: string[] = [];
    const guest = memory();
    const map = guest.map.bind(guest);
    guest.map = (offset, length) => {
      const mapping = map(offset, length);
      return { bytes: mapping.bytes, unmap: () => void unmaps.push('unmap') };
    };
    file.mapDma({ iova: 0, size: 0x1000, flags: 3, memory: guest });
    file.unmapDma({ iova: 0, size: 0x1000 });
    expect(unmaps).toEqual(['unmap']);
  });
});
