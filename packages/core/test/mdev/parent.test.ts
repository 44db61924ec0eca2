import { describe, expect, test } from 'vitest';
import { VfioError } from '../../src/errno.ts';
import { MdevBus } from '../../src/mdev/bus.ts';
import type { MdevDriver } from '../../src/mdev/driver.ts';
import {
  FakeDriver,
  makeBus,
  makeParent,
  errno,
  SMALL,
  UUID_A,
  UUID_B,
  UUID_C,
} from './fixture.ts';

describe('registerParent', () => {
  test("offers the types in the driver's order and tells the listener", () => {
    const { bus, parent, uevents } = makeParent();
    expect(parent.types.map((type) => type.directory)).toEqual(['fake-small', 'fake-large']);
    expect(parent.types.map((type) => type.name)).toEqual(['small', 'Large one']);
    expect(parent.types.map((type) => type.deviceApi)).toEqual(['vfio-pci', 'vfio-pci']);
    expect(bus.parent('p0')).toBe(parent);
    expect(uevents).toEqual([
      { action: 'change', parent: 'p0', env: { MDEV_STATE: 'registered' } },
    ]);
  });

  test.each(['', '.', '..', 'a/b', 'a\0b'])('refuses the name %j with EINVAL', (name) => {
    const { bus, driver } = makeParent();
    expect(() => bus.registerParent(name, driver, [SMALL])).toThrow(errno('EINVAL'));
  });

  test('refuses a type that has no usable name with EINVAL', () => {
    const { bus, driver } = makeParent();
    expect(() => bus.registerParent('p1', driver, [{ sysfsName: 'a/b', width: 1 }])).toThrow(
      errno('EINVAL'),
    );
  });

  test('refuses a name twice and a type twice with EEXIST', () => {
    const { bus, driver, parent, uevents } = makeParent();
    expect(() => bus.registerParent('p0', driver, [SMALL])).toThrow(errno('EEXIST'));
    expect(() => bus.registerParent('p1', driver, [SMALL, SMALL])).toThrow(errno('EEXIST'));
    expect(bus.parents).toEqual([parent]);
    expect(uevents.length).toBe(1);
  });

  test('refuses a driver that is not registered with ENODEV', async () => {
    const { bus, driver } = makeParent();
    expect(() => bus.registerParent('p1', new FakeDriver('stranger'), [SMALL])).toThrow(
      errno('ENODEV'),
    );
    await bus.unregisterDriver(driver);
    expect(() => bus.registerParent('p1', driver, [SMALL])).toThrow(errno('ENODEV'));
  });

  test("hands the driver's own parent device to probe", async () => {
    const { bus } = makeBus();
    const subchannel = { name: '0.0.313f', schid: 0x1_0000 };
    const driver: MdevDriver<typeof SMALL, number, typeof subchannel> = {
      name: 'vfio_ccw',
      deviceApi: 'vfio-ccw',
      maxInstances: 1,
      probe: (mdev) => mdev.parent.device.schid,
      remove: async () => {},
    };
    bus.registerDriver(driver);
    const parent = bus.registerParentDevice(subchannel, driver, [SMALL]);
    const mdev = await parent.create('vfio_ccw-small', UUID_A);
    expect(mdev.instance).toBe(0x1_0000);
    expect(parent.device).toBe(subchannel);
  });

  test('succeeds although the listener throws', () => {
    const { core, log } = makeBus();
    const bus = new MdevBus(core, {
      uevent: () => {
        throw new Error('deaf');
      },
    });
    const driver = new FakeDriver();
    bus.registerDriver(driver);
    bus.registerParent('p0', driver, [SMALL]);
    expect(bus.parents.length).toBe(1);
    expect(log).toContainEqual(expect.objectContaining({ level: 'warn', component: 'p0' }));
  });
});

describe('unregister of a parent', () => {
  test('removes every child, oldest first, then the parent', async () => {
    const { core, bus, driver, parent, small, large, uevents } = makeParent();
    await small.create(UUID_B);
    await large.create(UUID_A);
    await parent.unregister();
    expect(driver.calls.slice(2)).toEqual([
      `remove ${UUID_B}`,
      `gone ${UUID_B}`,
      `remove ${UUID_A}`,
      `gone ${UUID_A}`,
    ]);
    expect(bus.parents).toEqual([]);
    expect(bus.devices).toEqual([]);
    expect(core.leaks()).toEqual([]);
    expect(uevents.map((event) => event.env.MDEV_STATE)).toEqual(['registered', 'unregistered']);
  });

  test('waits for a child in use; creates and removes meanwhile are ENODEV', async () => {
    const { bus, driver, parent, small, uevents } = makeParent();
    const a = await small.create(UUID_A);
    const b = await small.create(UUID_B);
    const users = Promise.withResolvers<void>();
    a.instance.inUse = users.promise;
    const leaving = bus.unregisterParent(parent);
    expect(parent.isUnregistering).toBe(true);
    await expect(small.create(UUID_C)).rejects.toMatchObject(errno('ENODEV'));
    await expect(a.remove()).rejects.toMatchObject(errno('EAGAIN'));
    await expect(b.remove()).rejects.toMatchObject(errno('ENODEV'));
    await expect(parent.unregister()).rejects.toMatchObject(errno('ENODEV'));
    expect(b.state).toBe('active');
    expect(bus.parent('p0')).toBe(parent);
    expect(uevents.length).toBe(1);
    users.resolve();
    await leaving;
    expect(driver.calls.at(-1)).toBe(`gone ${UUID_B}`);
    expect(small.availableInstances).toBe(4);
    expect(bus.parent('p0')).toBeUndefined();
  });

  test('waits for a remove that is under way and removes that mdev once', async () => {
    const { driver, parent, small } = makeParent();
    const a = await small.create(UUID_A);
    const users = Promise.withResolvers<void>();
    a.instance.inUse = users.promise;
    const removing = a.remove();
    const leaving = parent.unregister();
    users.resolve();
    await Promise.all([removing, leaving]);
    expect(small.availableInstances).toBe(4);
    expect(driver.calls).toEqual([`probe ${UUID_A}`, `remove ${UUID_A}`, `gone ${UUID_A}`]);
  });

  test('that probe asks for waits for the create and removes its mdev', async () => {
    const { bus } = makeBus();
    const leaving: Promise<void>[] = [];
    const driver: MdevDriver = {
      name: 'shy',
      deviceApi: 'vfio-pci',
      maxInstances: 1,
      probe: (mdev) => {
        leaving.push(mdev.parent.unregister());
      },
      remove: async () => {},
    };
    bus.registerDriver(driver);
    const mdev = await bus.registerParent('p0', driver, [SMALL]).create('shy-small', UUID_A);
    await Promise.all(leaving);
    expect(mdev.state).toBe('released');
    expect(bus.parents).toEqual([]);
  });

  test('waits for a create that is being undone', async () => {
    const { bus, driver, parent, small } = makeParent({
      fault: (at) => {
        if (at === 'mdev-links') throw new VfioError('ENOMEM', at, 'injected');
      },
    });
    const [failed] = await Promise.allSettled([small.create(UUID_A), parent.unregister()]);
    expect(small.availableInstances).toBe(4);
    expect(driver.calls.at(-1)).toBe(`gone ${UUID_A}`);
    expect(bus.parents).toEqual([]);
    expect(failed).toMatchObject({ status: 'rejected', reason: errno('ENOMEM') });
  });

  test('leaves a referenced child alive and its uuid taken', async () => {
    const { bus, driver, parent, small } = makeParent();
    const mdev = await small.create(UUID_A);
    mdev.get();
    await parent.unregister();
    const again = bus.registerParent('p0', driver, [SMALL]);
    await expect(again.create('fake-small', UUID_A)).rejects.toMatchObject(errno('EEXIST'));
    mdev.put();
    await again.create('fake-small', UUID_A);
    expect(again.types[0]?.availableInstances).toBe(3);
  });

  test('makes a create under its types ENODEV for good', async () => {
    const { parent, small } = makeParent();
    await parent.unregister();
    await expect(small.create(UUID_A)).rejects.toMatchObject(errno('ENODEV'));
    expect(small.availableInstances).toBe(4);
  });
});
