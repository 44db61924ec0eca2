import { describe, expect, test } from 'vitest';
import {
  assignDeviceSet,
  deviceGroup,
  deviceSetOpenCount,
  registerEmulatedIommuDev,
  Container,
  type DeviceFile,
  type VfioCore,
  type VfioDevice,
} from '../../src/index.ts';
import { testCore } from '../support.ts';
import { device, registered, thrown, wrong, type SomeOps } from './fixture.ts';

function member(core: VfioCore, id: string | undefined, ops: SomeOps = {}): VfioDevice {
  const init = ({ vdev }: { readonly vdev: VfioDevice }): void => {
    if (id !== undefined) assignDeviceSet(vdev, id);
  };
  return registered(core, { init, ...ops }).vdev;
}

function open(core: VfioCore, vdev: VfioDevice): DeviceFile {
  const group = deviceGroup(vdev).open();
  group.setContainer(new Container(core, 'c'));
  return group.openDevice(vdev);
}

describe('assignDeviceSet', () => {
  test.for([null, undefined])('no id is EINVAL: %o', (id) => {
    const { core } = testCore();
    const call = (): void => assignDeviceSet(device(core).device.vdev, wrong<string>(id));
    expect(thrown(call)).toBe('EINVAL');
  });

  test('a second set is EINVAL', () => {
    const { vdev } = device(testCore().core).device;
    assignDeviceSet(vdev, 'a');
    expect(thrown(() => assignDeviceSet(vdev, 'a'))).toBe('EINVAL');
  });

  test('after registration it is EINVAL', () => {
    const { vdev } = registered(testCore().core);
    expect(thrown(() => assignDeviceSet(vdev, 'a'))).toBe('EINVAL');
  });

  test('after a refused registration it is still possible', () => {
    let faulty = true;
    const fault = (): void => {
      if (faulty) throw new Error('boom');
    };
    const { core } = testCore({ fault: (point) => point === 'device-add' && fault() });
    const { vdev } = device(core).device;
    thrown(() => registerEmulatedIommuDev(vdev));
    faulty = false;
    expect(thrown(() => assignDeviceSet(vdev, 'a'))).toBeUndefined();
  });

  test('the same id in another core is another set', () => {
    const one = testCore().core;
    const other = testCore().core;
    open(one, member(one, 'slot'));
    expect(deviceSetOpenCount(member(other, 'slot'))).toBe(0);
  });

  test('the last member takes the set with it', () => {
    const { core } = testCore();
    const ref = device(core);
    assignDeviceSet(ref.device.vdev, 'slot');
    ref.put();
    expect(deviceSetOpenCount(member(core, 'slot'))).toBe(0);
  });
});

describe('deviceSetOpenCount', () => {
  test('is the sum over the members', () => {
    const { core } = testCore();
    const one = member(core, 'slot');
    const other = member(core, 'slot');
    const file = open(core, one);
    open(core, other);
    expect([deviceSetOpenCount(one), deviceSetOpenCount(other)]).toEqual([2, 2]);
    file.close();
    expect(deviceSetOpenCount(one)).toBe(1);
  });

  test('is that of the device alone without a set', () => {
    const { core } = testCore();
    open(core, member(core, undefined));
    expect(deviceSetOpenCount(device(core).device.vdev)).toBe(0);
  });

  test('counts the open and the close that run', () => {
    const { core } = testCore();
    const counts: number[] = [];
    const note: SomeOps['openDevice'] = ({ vdev }) => void counts.push(deviceSetOpenCount(vdev));
    open(core, member(core, undefined, { openDevice: note, closeDevice: note })).close();
    expect(counts).toEqual([1, 1]);
  });

  test('is ENODEV after release', () => {
    const ref = device(testCore().core);
    const { vdev } = ref.device;
    ref.put();
    expect(thrown(() => deviceSetOpenCount(vdev))).toBe('ENODEV');
  });
});

describe('opens and closes of one set', () => {
  test('an open of a member from within an open of another is EDEADLK', () => {
    const { core } = testCore();
    const inner = member(core, 'slot');
    let code: unknown;
    const outer = member(core, 'slot', {
      openDevice: () => void (code = thrown(() => open(core, inner))),
    });
    open(core, outer);
    expect([code, deviceSetOpenCount(inner)]).toEqual(['EDEADLK', 1]);
  });

  test('a close from within an open is EDEADLK and leaves the file open', () => {
    const { core } = testCore();
    const file = open(core, member(core, 'slot'));
    let code: unknown;
    const closing = { openDevice: () => void (code = thrown(() => file.close())) };
    const outer = open(core, member(core, 'slot', closing));
    expect([code, file.isOpen, file.getInfo().numIrqs]).toEqual(['EDEADLK', true, 5]);
    file.close();
    outer.close();
    expect(core.leaks().map(({ kind }) => kind)).not.toContain('device-file');
  });

  test('devices without a set do not exclude each other', () => {
    const { core } = testCore();
    const inner = member(core, undefined);
    let code: unknown = 'not called';
    open(
      core,
      member(core, undefined, {
        openDevice: () => void (code = thrown(() => open(core, inner))),
      }),
    );
    expect(code).toBeUndefined();
  });

  test('the set is free again after an open that threw', () => {
    const { core } = testCore();
    const failing = member(core, 'slot', {
      openDevice() {
        throw new Error('boom');
      },
    });
    thrown(() => open(core, failing));
    expect(open(core, member(core, 'slot')).isOpen).toBe(true);
  });
});
