import { describe, expect, test } from 'vitest';
import {
  deviceGroup,
  registerEmulatedIommuDev,
  registerGroupDev,
  setupIrq,
  unregisterGroupDev,
  type FaultPoint,
  type IommuGroup,
  type ParentDevice,
  type VfioCore,
  type VfioDevice,
} from '../../src/index.ts';
import { device, thrown, wrong } from '../device/fixture.ts';
import { testCore } from '../support.ts';

const GROUP: IommuGroup = { id: 7, cacheCoherent: true };
const boom = new Error('boom');

function physical(core: VfioCore, iommuGroup: IommuGroup = GROUP): VfioDevice {
  const parent: ParentDevice = { name: '0000:00:01.0', core, iommuGroup };
  return device(core, {}, parent).device.vdev;
}

describe('registerEmulatedIommuDev', () => {
  test('puts each device into a group of its own', () => {
    const { core } = testCore();
    const [one, other] = [device(core).device.vdev, device(core).device.vdev];
    registerEmulatedIommuDev(one);
    registerEmulatedIommuDev(other);
    expect(one.state).toBe('registered');
    expect(deviceGroup(one)).not.toBe(deviceGroup(other));
    expect(deviceGroup(one).name).toBe('vfio-noiommu/vfio0');
  });

  test.for(['group', 'device-add'] as const)(
    'a fault at %s leaves the device allocated',
    async (at) => {
      let faulty = true;
      const fault = (point: FaultPoint): void => {
        if (faulty && point === at) throw boom;
      };
      const { core } = testCore({ fault });
      let releases = 0;
      const ref = device(core, { release: () => void releases++ });
      const { vdev } = ref.device;
      expect(thrown(() => registerEmulatedIommuDev(vdev))).toBe(boom);
      expect([vdev.state, thrown(() => deviceGroup(vdev))]).toEqual(['allocated', 'ENODEV']);
      faulty = false;
      registerEmulatedIommuDev(vdev);
      await unregisterGroupDev(vdev);
      ref.put();
      expect([releases, core.leaks()]).toEqual([1, []]);
    },
  );

  test('a bus that refuses the device leaves it allocated', () => {
    const { core } = testCore();
    const deviceAdded = (): never => {
      throw boom;
    };
    const ref = device(core, {}, { name: 'bus', core, deviceAdded });
    const { vdev } = ref.device;
    expect(thrown(() => registerEmulatedIommuDev(vdev))).toBe(boom);
    expect([vdev.state, thrown(() => deviceGroup(vdev))]).toEqual(['allocated', 'ENODEV']);
    ref.put();
    expect(core.leaks()).toEqual([]);
  });

  test('a second registration is EINVAL, also after unregister', async () => {
    const { vdev } = device(testCore().core).device;
    registerEmulatedIommuDev(vdev);
    expect(thrown(() => registerEmulatedIommuDev(vdev))).toBe('EINVAL');
    await unregisterGroupDev(vdev);
    expect(thrown(() => registerEmulatedIommuDev(vdev))).toBe('EINVAL');
    expect(vdev.state).toBe('unregistered');
  });

  test('a released device is ENODEV, and what is no device EINVAL', () => {
    const ref = device(testCore().core);
    const { vdev } = ref.device;
    ref.put();
    expect(thrown(() => registerEmulatedIommuDev(vdev))).toBe('ENODEV');
    expect(thrown(() => registerEmulatedIommuDev(wrong<VfioDevice>(null)))).toBe('EINVAL');
  });

  test('with iommufd, a device without the four callbacks is EINVAL and a warning', () => {
    const { core, lines } = testCore({ iommufd: true });
    const none = wrong<() => void>(undefined);
    const without = { bindIommufd: none, unbindIommufd: none, attachIoas: none, detachIoas: none };
    const ref = device(core, without);
    expect(thrown(() => registerEmulatedIommuDev(ref.device.vdev))).toBe('EINVAL');
    expect(lines.map(({ level }) => level)).toEqual(['warn']);
    ref.put();
    expect(core.leaks()).toEqual([]);
  });

  test('closes the set-up', () => {
    const { vdev } = device(testCore().core).device;
    registerEmulatedIommuDev(vdev);
    expect(thrown(() => setupIrq(vdev, 0, { count: 1 }))).toBe('EINVAL');
  });
});

describe('registerGroupDev', () => {
  test('devices of one IOMMU group share a group', () => {
    const { core } = testCore();
    const [one, other] = [physical(core), physical(core)];
    registerGroupDev(one);
    registerGroupDev(other);
    expect(deviceGroup(one)).toBe(deviceGroup(other));
    expect(deviceGroup(one).name).toBe('7');
    expect(deviceGroup(one).devices.map(({ name }) => name)).toEqual(['vfio0', 'vfio1']);
  });

  test('the same IOMMU group in another core is another group', () => {
    const [one, other] = [physical(testCore().core), physical(testCore().core)];
    registerGroupDev(one);
    registerGroupDev(other);
    expect(deviceGroup(one)).not.toBe(deviceGroup(other));
  });

  test('no IOMMU group is EINVAL', () => {
    const { vdev } = device(testCore().core).device;
    expect(thrown(() => registerGroupDev(vdev))).toBe('EINVAL');
    expect(vdev.state).toBe('allocated');
  });

  test('no IOMMU group with no-IOMMU mode is a warning, and the group is privileged', () => {
    const { core, lines } = testCore({ noIommu: true });
    const { vdev } = device(core).device;
    registerGroupDev(vdev);
    expect([deviceGroup(vdev).name, deviceGroup(vdev).isNoIommu]).toEqual(['noiommu-0', true]);
    expect(lines.map(({ level }) => level)).toEqual(['warn']);
  });

  test('an IOMMU that is not cache coherent is EINVAL', () => {
    const vdev = physical(testCore().core, { id: 1, cacheCoherent: false });
    expect(thrown(() => registerGroupDev(vdev))).toBe('EINVAL');
  });

  test('the same parent twice in one group is EINVAL and a warning, until the first is gone', async () => {
    const { core, lines } = testCore();
    const parent: ParentDevice = { name: 'pci0', core, iommuGroup: GROUP };
    const [one, other] = [
      device(core, {}, parent).device.vdev,
      device(core, {}, parent).device.vdev,
    ];
    registerGroupDev(one);
    expect(thrown(() => registerGroupDev(other))).toBe('EINVAL');
    expect([lines.map(({ level }) => level), other.state]).toEqual([['warn'], 'allocated']);
    await unregisterGroupDev(one);
    registerGroupDev(other);
    expect(other.state).toBe('registered');
  });
});
