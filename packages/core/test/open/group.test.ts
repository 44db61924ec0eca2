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
  type FaultPoint,
  type GroupFile,
  type VfioDevice,
} from '../../src/index.ts';
import {
  device,
  memory,
  opened,
  registered,
  thrown,
  wrong,
  type SomeOps,
} from '../device/fixture.ts';
import { testCore } from '../support.ts';

const boom = new Error('boom');

describe('opening a group', () => {
  test('without a device is ENODEV', async () => {
    const { vdev } = registered(testCore().core);
    const group = deviceGroup(vdev);
    await unregisterGroupDev(vdev);
    expect(thrown(() => group.open())).toBe('ENODEV');
  });

  test('twice is EBUSY, until the first is closed', () => {
    const { vdev } = registered(testCore().core);
    const group = deviceGroup(vdev);
    const first = group.open();
    expect(thrown(() => group.open())).toBe('EBUSY');
    first.close();
    expect(thrown(() => group.open())).toBeUndefined();
  });

  test('is EBUSY while a member is bound through its character device', () => {
    const { core } = testCore({ iommufd: true });
    const { vdev } = registered(core);
    const cdev = openDeviceCdev(vdev);
    const group = deviceGroup(vdev);
    group.open().close();
    cdev.bindIommufd({ iommufd: new Iommufd(core, 'i') });
    expect(thrown(() => group.open())).toBe('EBUSY');
    cdev.close();
    expect(thrown(() => group.open())).toBeUndefined();
  });

  test('without IOMMU is EPERM for all but the privileged', () => {
    const { core } = testCore({ noIommu: true });
    const { vdev } = device(core).device;
    registerGroupDev(vdev);
    expect(thrown(() => deviceGroup(vdev).open())).toBe('EPERM');
    expect(thrown(() => deviceGroup(vdev).open({ rawIo: true }))).toBeUndefined();
  });
});

function open(): { group: GroupFile; vdev: VfioDevice; container: Container } {
  const { core } = testCore();
  const { vdev } = registered(core);
  return { group: deviceGroup(vdev).open(), vdev, container: new Container(core, 'c') };
}

describe('setContainer', () => {
  test('a second one is EINVAL', () => {
    const { group, container } = open();
    group.setContainer(container);
    expect(thrown(() => group.setContainer(container))).toBe('EINVAL');
  });

  test.for([null, undefined, 3, {}, { ioas: {}, isOpen: true }])('%o is EBADFD', (value) => {
    expect(thrown(() => open().group.setContainer(wrong<Container>(value)))).toBe('EBADFD');
  });

  test('a closed one is EBADF', () => {
    const { group, container } = open();
    container.close();
    expect(thrown(() => group.setContainer(container))).toBe('EBADF');
  });

  test('on a closed group file is EBADF', () => {
    const { group, container } = open();
    group.close();
    expect(thrown(() => group.setContainer(container))).toBe('EBADF');
  });

  test('on a group without devices is ENODEV', async () => {
    const { group, container, vdev } = open();
    await unregisterGroupDev(vdev);
    expect(thrown(() => group.setContainer(container))).toBe('ENODEV');
  });
});

describe('unsetContainer', () => {
  test('without one is EINVAL, with an open device EBUSY, else it is gone', () => {
    const { group, file, vdev } = opened(testCore().core);
    expect(thrown(() => group.unsetContainer())).toBe('EBUSY');
    file.close();
    group.unsetContainer();
    expect(thrown(() => group.unsetContainer())).toBe('EINVAL');
    expect(thrown(() => group.openDevice(vdev))).toBe('EINVAL');
  });
});

describe('openDevice', () => {
  test('without a container is EINVAL', () => {
    const { vdev } = registered(testCore().core);
    expect(thrown(() => deviceGroup(vdev).open().openDevice(vdev))).toBe('EINVAL');
  });

  test('with a container that has been closed is EINVAL', () => {
    const { group, container, vdev } = opened(testCore().core);
    container.close();
    expect(thrown(() => group.openDevice(vdev))).toBe('EINVAL');
  });

  test('of an unknown name or a foreign device is ENODEV, of no device EINVAL', () => {
    const { core } = testCore();
    const { group } = opened(core);
    expect(thrown(() => group.openDevice('vfio9'))).toBe('ENODEV');
    expect(thrown(() => group.openDevice(registered(core).vdev))).toBe('ENODEV');
    expect(thrown(() => group.openDevice(wrong<VfioDevice>(null)))).toBe('EINVAL');
  });

  test.for<[string, SomeOps['match'], unknown]>([
    ['positive', () => 1, undefined],
    ['0', () => 0, 'ENODEV'],
    ['negative', () => -16, 'EBUSY'],
    ['an unknown negative number', () => -4000, 'EINVAL'],
  ])('match %s', ([, match, code]) => {
    const { group } = opened(testCore().core, { match: wrong<() => number>(match) });
    expect(thrown(() => group.openDevice('anything'))).toBe(code);
    group.close();
  });

  test('match that throws', () => {
    const match = (): never => {
      throw boom;
    };
    const { group, file } = opened(testCore().core, { match });
    expect(thrown(() => group.openDevice('anything'))).toBe(boom);
    file.close();
    expect(thrown(() => group.unsetContainer())).toBeUndefined();
  });

  test('a second file shares the open, and the last close closes', () => {
    const calls: string[] = [];
    const { group, vdev, file } = opened(testCore().core, {
      openDevice: () => void calls.push('open'),
      closeDevice: () => void calls.push('close'),
    });
    const second = group.openDevice(vdev.name);
    file.close();
    expect(calls).toEqual(['open']);
    second.close();
    expect(calls).toEqual(['open', 'close']);
  });

  test('a fault after the open closes the device again', () => {
    const calls: string[] = [];
    let faulty = true;
    const fault = (point: FaultPoint): void => {
      if (faulty && point === 'device-file') throw boom;
    };
    const { core } = testCore({ fault });
    const { vdev } = registered(core, {
      openDevice: () => void calls.push('open'),
      closeDevice: () => void calls.push('close'),
    });
    const group = deviceGroup(vdev).open();
    group.setContainer(new Container(core, 'c'));
    expect(thrown(() => group.openDevice(vdev))).toBe(boom);
    expect([calls, thrown(() => group.unsetContainer())]).toEqual([['open', 'close'], undefined]);
    faulty = false;
    group.setContainer(new Container(core, 'c'));
    expect(group.openDevice(vdev).isOpen).toBe(true);
  });

  test('a callback that closes the group file leaves it to the device file', () => {
    const { core } = testCore();
    const kept: { group?: GroupFile } = {};
    const { vdev } = registered(core, { openDevice: () => kept.group?.close() });
    const group = deviceGroup(vdev).open();
    kept.group = group;
    group.setContainer(new Container(core, 'c'));
    const file = group.openDevice(vdev);
    expect(thrown(() => deviceGroup(vdev).open())).toBe('EBUSY');
    file.close();
    const next = deviceGroup(vdev).open();
    expect(core.leaks().filter(({ kind }) => kind === 'group-file').length).toBe(1);
    next.close();
  });
});

describe('closing a group file', () => {
  test('every call after it is EBADF', () => {
    const { group, vdev, file, container } = opened(testCore().core);
    group.close();
    for (const call of [
      () => group.setContainer(container),
      () => group.unsetContainer(),
      () => group.setKvm(undefined),
      () => group.openDevice(vdev),
    ]) {
      expect(thrown(call)).toBe('EBADF');
    }
    expect(file.getInfo().argsz).toBe(16);
  });

  test('the group is busy until the last device file is closed', () => {
    const { group, vdev, file, ref } = opened(testCore().core);
    group.close();
    group.close();
    expect(thrown(() => deviceGroup(vdev).open())).toBe('EBUSY');
    file.close();
    file.close();
    expect(thrown(() => deviceGroup(vdev).open().close())).toBeUndefined();
    expect(ref.device.vdev.core.leaks().map(({ kind }) => kind)).toEqual(['device']);
  });
});

describe('Container', () => {
  test('close unmaps everything, once', () => {
    const { container, file, vdev } = opened(testCore().core);
    file.mapDma({ iova: 0, size: 4096, flags: 3, memory: memory() });
    container.close();
    container.close();
    expect([container.isOpen, container.ioas.mappingCount]).toEqual([false, 0]);
    expect(vdev.core.leaks().map(({ kind }) => kind)).not.toContain('dma-mapping');
  });

  test('a close from within dmaUnmap leaves to the unmap what it began with', () => {
    const { core } = testCore();
    const kept: { container?: Container } = {};
    const { container, file, vdev } = opened(core, {
      dmaUnmap: () => {
        kept.container?.close();
        unpinPages(vdev, 0, 1);
      },
    });
    kept.container = container;
    for (const iova of [0, 0x10000]) file.mapDma({ iova, size: 4096, flags: 3, memory: memory() });
    pinPages(vdev, 0, 1, 3);
    file.unmapDma({ iova: 0, size: 4096 });
    expect([container.isOpen, container.ioas.mappingCount]).toEqual([false, 0]);
  });
});
