import { describe, expect, test } from 'vitest';
import {
  Container,
  deviceGroup,
  Iommufd,
  openDeviceCdev,
  pinPages,
  registerGroupDev,
  unpinPages,
  unregisterGroupDev,
  type AttachRequest,
  type BindIommufdRequest,
  type CdevFile,
  type VfioDevice,
} from '../../src/index.ts';
import { device, memory, registered, thrown, wrong, type SomeOps } from '../device/fixture.ts';
import { testCore, type TestCore } from '../support.ts';

interface Made extends TestCore {
  readonly vdev: VfioDevice;
  readonly cdev: CdevFile;
  readonly iommufd: Iommufd;
}

function made(ops: SomeOps = {}): Made {
  const base = testCore({ trace: true, iommufd: true });
  const { vdev } = registered(base.core, ops);
  return { ...base, vdev, cdev: openDeviceCdev(vdev), iommufd: new Iommufd(base.core, 'i0') };
}

/** A bound and attached file with one page of guest memory. */
function attached(ops: SomeOps = {}): Made {
  const all = made(ops);
  all.cdev.bindIommufd({ iommufd: all.iommufd });
  all.cdev.attach();
  all.cdev.mapDma({ iova: 0, size: 4096, flags: 3, memory: memory() });
  return all;
}

describe('openDeviceCdev', () => {
  test('of a device that is not registered is ENODEV', () => {
    const { core } = testCore({ iommufd: true });
    expect(thrown(() => openDeviceCdev(device(core).device.vdev))).toBe('ENODEV');
  });

  test('of an unregistered device is ENODEV', async () => {
    const { vdev, cdev } = made();
    cdev.close();
    await unregisterGroupDev(vdev);
    expect(thrown(() => openDeviceCdev(vdev))).toBe('ENODEV');
  });

  test('in a core without iommufd is ENOTTY', () => {
    expect(thrown(() => openDeviceCdev(registered(testCore().core).vdev))).toBe('ENOTTY');
  });

  test('of a device without IOMMU is ENODEV: it is no way round the privilege', () => {
    const { core } = testCore({ iommufd: true, noIommu: true });
    const { vdev } = device(core).device;
    registerGroupDev(vdev);
    expect(thrown(() => openDeviceCdev(vdev))).toBe('ENODEV');
  });

  test('a file that is not bound holds the registration', async () => {
    const requests: number[] = [];
    const { vdev, cdev } = made({ request: (_, count) => void requests.push(count) });
    const promise = unregisterGroupDev(vdev);
    expect([vdev.state, requests]).toEqual(['unregistering', [0]]);
    cdev.close();
    await promise;
    expect(vdev.state).toBe('unregistered');
  });
});

describe('before bind', () => {
  test.for<[string, (cdev: CdevFile) => unknown]>([
    ['getInfo', (cdev) => cdev.getInfo()],
    ['getRegionInfo', (cdev) => cdev.getRegionInfo(0)],
    ['getIrqInfo', (cdev) => cdev.getIrqInfo(0)],
    ['setIrqs', (cdev) => cdev.setIrqs({ flags: 0x21, index: 0, start: 0, count: 0 })],
    ['read', (cdev) => cdev.read(0, 0, new Uint8Array(1))],
    ['write', (cdev) => cdev.write(0, 0, new Uint8Array(1))],
    ['mmap', (cdev) => cdev.mmap(0, 0, 4096)],
    ['reset', (cdev) => cdev.reset()],
    ['feature', (cdev) => cdev.feature({ flags: 0x10001 })],
    ['readMigrationData', (cdev) => cdev.readMigrationData(new Uint8Array(1))],
    ['writeMigrationData', (cdev) => cdev.writeMigrationData(new Uint8Array(1))],
    ['mapDma', (cdev) => cdev.mapDma({ iova: 0, size: 4096, flags: 3, memory: memory() })],
    ['unmapDma', (cdev) => cdev.unmapDma({ iova: 0, size: 4096 })],
    ['queryGfxPlane', (cdev) => cdev.queryGfxPlane({ flags: 4 })],
    ['region', (cdev) => cdev.region(0)],
    ['attach', (cdev) => cdev.attach()],
    ['detach', (cdev) => cdev.detach()],
  ])('%s is EINVAL, and EBADF once the file is closed', ([, call]) => {
    const { cdev } = made();
    expect(thrown(() => call(cdev))).toBe('EINVAL');
    cdev.close();
    expect(thrown(() => call(cdev))).toBe('EBADF');
  });
});

describe('bindIommufd', () => {
  test.for<[string, Partial<Record<keyof BindIommufdRequest, unknown>> | null]>([
    ['no request', null],
    ['a short argsz', { argsz: 15 }],
    ['NaN argsz', { argsz: Number.NaN }],
    ['flags', { flags: 1 }],
    ['flags that are null', { flags: null }],
    ['no iommufd', { iommufd: undefined }],
    ['a container', { iommufd: new Container(testCore().core, 'c') }],
  ])('%s is EINVAL', ([, request]) => {
    const { cdev, iommufd, vdev } = made();
    const whole = request === null ? null : { iommufd, ...request };
    expect(thrown(() => cdev.bindIommufd(wrong<BindIommufdRequest>(whole)))).toBe('EINVAL');
    expect(thrown(() => deviceGroup(vdev).open().close())).toBeUndefined();
    expect(cdev.bindIommufd({ iommufd })).toBe(0);
  });

  test('a closed iommufd is EINVAL', () => {
    const { cdev, iommufd } = made();
    iommufd.close();
    expect(thrown(() => cdev.bindIommufd({ iommufd }))).toBe('EINVAL');
  });

  test('twice is EINVAL', () => {
    const { cdev, iommufd } = made();
    cdev.bindIommufd({ iommufd });
    expect(thrown(() => cdev.bindIommufd({ iommufd }))).toBe('EINVAL');
  });

  test('of a second file is EINVAL while the first is bound', () => {
    const { cdev, iommufd, vdev } = made();
    const second = openDeviceCdev(vdev);
    cdev.bindIommufd({ iommufd });
    expect(thrown(() => second.bindIommufd({ iommufd }))).toBe('EINVAL');
    cdev.close();
    expect(thrown(() => second.bindIommufd({ iommufd }))).toBeUndefined();
  });

  test('is EBUSY while the group is open', () => {
    const { cdev, iommufd, vdev } = made();
    const group = deviceGroup(vdev).open();
    expect(thrown(() => cdev.bindIommufd({ iommufd }))).toBe('EBUSY');
    group.close();
    expect(thrown(() => cdev.bindIommufd({ iommufd }))).toBeUndefined();
  });

  test('is ENODEV while the device unregisters', () => {
    const { cdev, iommufd, vdev } = made();
    void unregisterGroupDev(vdev);
    expect(thrown(() => cdev.bindIommufd({ iommufd }))).toBe('ENODEV');
  });

  test('an open that fails leaves the file unbound and the group free', () => {
    let faulty = true;
    const boom = new Error('boom');
    const { cdev, iommufd, vdev } = made({
      openDevice() {
        if (faulty) throw boom;
      },
    });
    expect(thrown(() => cdev.bindIommufd({ iommufd }))).toBe(boom);
    expect(thrown(() => cdev.getInfo())).toBe('EINVAL');
    expect(thrown(() => deviceGroup(vdev).open().close())).toBeUndefined();
    faulty = false;
    expect(thrown(() => cdev.bindIommufd({ iommufd }))).toBeUndefined();
  });

  test('openDevice can neither close the file nor open the group', () => {
    const codes: unknown[] = [];
    const kept: { cdev?: CdevFile } = {};
    const { cdev, iommufd, vdev } = made({
      openDevice(self) {
        codes.push(thrown(() => kept.cdev?.close()));
        codes.push(thrown(() => deviceGroup(self.vdev).open()));
      },
    });
    kept.cdev = cdev;
    cdev.bindIommufd({ iommufd });
    expect(codes).toEqual(['EDEADLK', 'EBUSY']);
    cdev.close();
    expect(vdev.core.leaks().map(({ kind }) => kind)).toEqual(['device']);
  });
});

describe('attach and detach', () => {
  test.for<AttachRequest>([{ argsz: 7 }, { flags: 1 }, { argsz: Number.NaN }])(
    '%o is EINVAL',
    (request) => {
      const { cdev, iommufd } = made();
      cdev.bindIommufd({ iommufd });
      expect(thrown(() => cdev.attach(request))).toBe('EINVAL');
      expect(thrown(() => cdev.detach(request))).toBe('EINVAL');
    },
  );

  test('without an address space the DMA calls are EINVAL', () => {
    const { cdev, iommufd } = made();
    cdev.bindIommufd({ iommufd });
    expect(cdev.ioas).toBeUndefined();
    expect(thrown(() => cdev.unmapDma({ iova: 0, size: 4096 }))).toBe('EINVAL');
    cdev.attach();
    expect(cdev.ioas).toBe(iommufd.ioas);
  });

  test('the callbacks come in pairs, and a second attach or detach does nothing', () => {
    const calls: string[] = [];
    const { cdev, iommufd } = made({
      bindIommufd: (_, given) => void calls.push(given === iommufd ? 'bind' : 'bind?'),
      attachIoas: (_, given) => void calls.push(given === iommufd.ioas ? 'attach' : 'attach?'),
      detachIoas: () => void calls.push('detach'),
      unbindIommufd: () => void calls.push('unbind'),
    });
    cdev.bindIommufd({ iommufd });
    for (let i = 0; i < 2; i++) cdev.attach();
    for (let i = 0; i < 2; i++) cdev.detach();
    cdev.attach();
    cdev.close();
    expect(calls).toEqual(['bind', 'attach', 'detach', 'attach', 'detach', 'unbind']);
  });

  test('a second attach keeps what is pinned', () => {
    const { cdev, vdev } = attached({ dmaUnmap() {} });
    pinPages(vdev, 0, 1, 3);
    cdev.attach();
    expect(vdev.core.leaks().map(({ kind }) => kind)).toContain('pin');
  });

  test('detach tells the driver to unpin everything, without an error in the log', () => {
    const told: number[][] = [];
    const { cdev, vdev, lines } = attached({
      dmaUnmap(self, iova, length) {
        told.push([iova, length]);
        unpinPages(self.vdev, 0, 1);
      },
    });
    pinPages(vdev, 0, 1, 3);
    cdev.detach();
    expect([told, lines]).toEqual([[[0, 2 ** 52]], []]);
    expect(thrown(() => pinPages(vdev, 0, 1, 3))).toBe('EINVAL');
  });

  test('detach from a driver that throws or keeps its pins is logged and done', () => {
    const { cdev, vdev, lines } = attached({
      dmaUnmap() {
        throw new Error('boom');
      },
    });
    pinPages(vdev, 0, 1, 3);
    cdev.detach();
    expect(lines.map(({ text }) => text)).toEqual([
      'vfio0: dmaUnmap failed',
      'i0: vfio0 (plain) detached with 0x1000 bytes at 0x0 pinned',
    ]);
    expect(cdev.ioas).toBeUndefined();
  });

  test('an attachIoas that throws leaves the device detached', () => {
    const boom = new Error('boom');
    const { cdev, iommufd } = made({
      attachIoas() {
        throw boom;
      },
    });
    cdev.bindIommufd({ iommufd });
    expect(thrown(() => cdev.attach())).toBe(boom);
    expect(cdev.ioas).toBeUndefined();
    expect(thrown(() => cdev.close())).toBeUndefined();
  });

  test('attach to a closed iommufd is EINVAL', () => {
    const { cdev, iommufd } = made();
    cdev.bindIommufd({ iommufd });
    iommufd.close();
    expect(thrown(() => cdev.attach())).toBe('EINVAL');
  });
});
