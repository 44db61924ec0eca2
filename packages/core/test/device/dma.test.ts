import { describe, expect, test } from 'vitest';
import {
  deviceGroup,
  Container,
  dmaRw,
  dmaRwAsync,
  dmaView,
  pinPages,
  registerGroupDev,
  unpinPages,
  type VfioDevice,
} from '../../src/index.ts';
import { testCore } from '../support.ts';
import { device, memory, opened, rejected, thrown, wrong, type Opened } from './fixture.ts';

const RW = 3;

/** A device that can pin, with guest memory at 0x10000: 4 pages read and write, then one that is read only. */
function pinning(): Opened & { readonly lines: readonly { readonly text: string }[] } {
  const { core, lines } = testCore();
  const made = opened(core, {
    dmaUnmap: ({ vdev }, iova, length) => unpinPages(vdev, iova, length / 4096),
  });
  made.file.mapDma({ iova: 0x10000, size: 0x4000, flags: RW, memory: memory(0x4000) });
  made.file.mapDma({ iova: 0x14000, size: 0x1000, flags: 1, memory: memory() });
  return { ...made, lines };
}

const calls: readonly [string, (vdev: VfioDevice) => unknown][] = [
  ['pinPages', (vdev) => pinPages(vdev, 0x10000, 1, RW)],
  ['dmaRw', (vdev) => dmaRw(vdev, 0x10000, new Uint8Array(4), true)],
  ['dmaView', (vdev) => dmaView(vdev, 0x10000, 4, RW)],
];

describe('a device that is not open', () => {
  test.for(calls)('%s is EINVAL', ([, call]) => {
    expect(thrown(() => call(device(testCore().core).device.vdev))).toBe('EINVAL');
  });

  test.for(calls)('%s after the last close is EINVAL', ([, call]) => {
    const { vdev, file } = pinning();
    file.close();
    expect(thrown(() => call(vdev))).toBe('EINVAL');
  });

  test('unpinPages is a warning', () => {
    const { core, lines } = testCore();
    unpinPages(device(core).device.vdev, 0, 1);
    expect(lines).toEqual([{ level: 'warn', text: 'vfio0: unpinPages while it is not open' }]);
  });
});

describe('a device with an IOMMU of its own', () => {
  test.for(calls)('%s is EINVAL', ([, call]) => {
    const { core } = testCore();
    const iommuGroup = { id: 7, cacheCoherent: true };
    const { vdev } = device(core, { dmaUnmap() {} }, { name: 'pci', core, iommuGroup }).device;
    registerGroupDev(vdev);
    const group = deviceGroup(vdev).open();
    group.setContainer(new Container(core, 'c'));
    const file = group.openDevice(vdev);
    file.mapDma({ iova: 0x10000, size: 0x1000, flags: RW, memory: memory() });
    expect(thrown(() => call(vdev))).toBe('EINVAL');
  });
});

describe('pinPages', () => {
  test.for<[string, number, number, number, string]>([
    ['no page', 0x10000, 0, RW, 'EINVAL'],
    ['a negative count', 0x10000, -1, RW, 'EINVAL'],
    ['NaN pages', 0x10000, Number.NaN, RW, 'EINVAL'],
    ['a fraction of an address', 0x10000 + 0.5, 1, RW, 'EINVAL'],
    ['513 pages', 0x10000, 513, RW, 'E2BIG'],
    ['past the last address', 2 ** 52 - 4096, 2, RW, 'EOVERFLOW'],
    ['no permission asked for', 0x10000, 1, 0, 'EINVAL'],
    ['not mapped', 0x90000, 1, RW, 'EINVAL'],
    ['a write of what is read only', 0x14000, 1, RW, 'EPERM'],
    ['the last page not mapped', 0x14000, 2, 1, 'EINVAL'],
    ['the last page read only', 0x13000, 2, RW, 'EPERM'],
  ])('%s is refused and nothing is pinned', ([, iova, npage, prot, code]) => {
    const { vdev, file } = pinning();
    expect(thrown(() => pinPages(vdev, iova, npage, prot))).toBe(code);
    expect(vdev.core.leaks().map(({ kind }) => kind)).not.toContain('pin');
    file.close();
  });

  test('without dmaUnmap it is EINVAL', () => {
    const { vdev, file } = opened(testCore().core);
    file.mapDma({ iova: 0x10000, size: 0x1000, flags: RW, memory: memory() });
    expect(thrown(() => pinPages(vdev, 0x10000, 1, RW))).toBe('EINVAL');
  });

  test('gives a view of each page, which an unmap takes back', () => {
    const { vdev, file } = pinning();
    const pages = pinPages(vdev, 0x11000, 2, RW);
    dmaRw(vdev, 0x12000, Uint8Array.of(7), true);
    expect([pages.length, pages[1]?.[0]]).toEqual([2, 7]);
    expect(file.unmapDma({ iova: 0x10000, size: 0x4000 })).toEqual({ size: 0x4000 });
    expect(vdev.core.leaks().map(({ kind }) => kind)).not.toContain('pin');
  });

  test('a page pinned twice is unpinned twice', () => {
    const { vdev } = pinning();
    pinPages(vdev, 0x10000, 1, RW);
    pinPages(vdev, 0x10000, 1, RW);
    unpinPages(vdev, 0x10000, 1);
    expect(vdev.core.leaks().map(({ kind }) => kind)).toContain('pin');
    unpinPages(vdev, 0x10000, 1);
    expect(vdev.core.leaks().map(({ kind }) => kind)).not.toContain('pin');
  });

  test('what is pinned after the last close is dropped and logged', () => {
    const { vdev, file, lines } = pinning();
    pinPages(vdev, 0x10000, 2, RW);
    file.close();
    expect(lines.map(({ text }) => text)).toEqual([
      'c0: vfio0 (plain) detached with 0x2000 bytes at 0x10000 pinned',
    ]);
    expect(vdev.core.leaks().map(({ kind }) => kind)).not.toContain('pin');
  });

  test('is possible from openDevice on and until closeDevice returns', () => {
    const codes: unknown[] = [];
    const pin = ({ vdev }: { readonly vdev: VfioDevice }): void => {
      codes.push(
        thrown(() => pinPages(vdev, 0x90000, 1, RW)),
        thrown(() => unpinPages(vdev, 0, 1)),
      );
    };
    const { core, lines } = testCore();
    opened(core, { openDevice: pin, closeDevice: pin, dmaUnmap() {} }).file.close();
    expect([codes, lines]).toEqual([['EINVAL', undefined, 'EINVAL', undefined], []]);
  });
});

describe('dmaRw', () => {
  test.for<[string, number, unknown, boolean, string]>([
    ['no buffer', 0x10000, null, true, 'EINVAL'],
    ['an array', 0x10000, [1], true, 'EINVAL'],
    ['an empty buffer', 0x10000, new Uint8Array(0), true, 'EINVAL'],
    ['NaN', Number.NaN, new Uint8Array(1), true, 'EINVAL'],
    ['a negative address', -1, new Uint8Array(1), true, 'EINVAL'],
    ['a fraction', 0x10000 + 0.5, new Uint8Array(1), true, 'EINVAL'],
    ['not mapped', 0xffff, new Uint8Array(2), false, 'EINVAL'],
    ['past the end', 0x14fff, new Uint8Array(2), false, 'EINVAL'],
    ['a write of what is read only', 0x13fff, new Uint8Array(2), true, 'EPERM'],
  ])('%s is refused', async ([, iova, buf, write, code]) => {
    const { vdev } = pinning();
    expect(thrown(() => dmaRw(vdev, iova, wrong<Uint8Array>(buf), write))).toBe(code);
    expect(await rejected(dmaRwAsync(vdev, iova, wrong<Uint8Array>(buf), write))).toBe(code);
  });

  test('crosses from one mapping to the next', () => {
    const { vdev } = pinning();
    dmaRw(vdev, 0x13fff, Uint8Array.of(9), true);
    const into = new Uint8Array(2);
    dmaRw(vdev, 0x13fff, into, false);
    expect([...into]).toEqual([9, 0]);
  });
});

describe('dmaView', () => {
  test.for<[string, number, number, number]>([
    ['NaN', Number.NaN, 4, RW],
    ['a fraction', 0x10000 + 0.5, 4, RW],
    ['no length', 0x10000, 0, RW],
    ['a fraction of a byte', 0x10000, 1.5, RW],
    ['two mappings', 0x13fff, 2, 1],
    ['a permission that is not there', 0x14000, 4, RW],
  ])('%s has none', ([, iova, length, prot]) => {
    expect(dmaView(pinning().vdev, iova, length, prot)).toBeUndefined();
  });

  test('is guest memory itself', () => {
    const { vdev } = pinning();
    dmaView(vdev, 0x10004, 4, RW)?.fill(5);
    const into = new Uint8Array(1);
    dmaRw(vdev, 0x10007, into, false);
    expect(into[0]).toBe(5);
  });
});
