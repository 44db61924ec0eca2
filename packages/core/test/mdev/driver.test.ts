import { describe, expect, test } from 'vitest';
import { FakeDriver, LARGE, makeBus, makeParent, errno, SMALL, UUID_A, UUID_B } from './fixture.ts';
import type { MdevDriver } from '../../src/mdev/driver.ts';

const base = {
  name: 'd',
  deviceApi: 'vfio-pci',
  maxInstances: 1,
  probe() {},
  async remove() {},
} as const;

/** As plain JavaScript would hand it over. */
function untyped(change: object): MdevDriver {
  return Object.assign({}, base, change);
}

describe('registerDriver', () => {
  test.each([
    ['no device api', { deviceApi: undefined }],
    ['an unknown device api', { deviceApi: 'vfio-usb' }],
    ['an empty name', { name: '' }],
    ['a name with a slash', { name: 'a/b' }],
    ['neither maxInstances nor getAvailable', { maxInstances: undefined }],
    ['negative maxInstances', { maxInstances: -1 }],
    ['fractional maxInstances', { maxInstances: 1.5 }],
    ['an attribute that can neither be read nor written', { attributes: { g: { a: {} } } }],
    ['an attribute with a slash', { attributes: { g: { 'a/b': { show: () => '' } } } }],
    ['a group with a slash', { attributes: { 'g/h': {} } }],
    ["a group over the bus's own file", { attributes: { remove: {} } }],
    [
      "an attribute over the bus's own link",
      { attributes: { '': { mdev_type: { show: () => '' } } } },
    ],
  ])('refuses %s with EINVAL', (_what, change) => {
    const { bus } = makeBus();
    expect(() => bus.registerDriver(untyped(change))).toThrow(errno('EINVAL'));
    expect(bus.drivers).toEqual([]);
  });

  test('refuses a name twice with EBUSY', () => {
    const { bus, driver } = makeParent();
    expect(() => bus.registerDriver(new FakeDriver(driver.name))).toThrow(errno('EBUSY'));
    expect(() => bus.registerDriver(driver)).toThrow(errno('EBUSY'));
    expect(bus.drivers).toEqual([driver]);
  });

  test('binds no mdev that exists already', async () => {
    const { bus, small } = makeParent();
    const mdev = await small.create(UUID_A);
    const late = new FakeDriver('late');
    bus.registerDriver(late);
    expect(late.calls).toEqual([]);
    expect(mdev.driver?.name).toBe('fake');
  });
});

describe('probe', () => {
  test('is offered to the driver of the parent and to no other', async () => {
    const { bus, driver } = makeParent();
    const other = new FakeDriver('other');
    bus.registerDriver(other);
    const parent = bus.registerParent('p1', other, [SMALL]);
    await parent.create('other-small', UUID_A);
    expect(driver.calls).toEqual([]);
    expect(other.calls).toEqual([`probe ${UUID_A}`]);
  });

  test('that fails is not followed by another driver', async () => {
    const { bus, driver, small } = makeParent();
    const other = new FakeDriver('other');
    bus.registerDriver(other);
    driver.probeError = new Error('no');
    await expect(small.create(UUID_A)).rejects.toBe(driver.probeError);
    expect(other.calls).toEqual([]);
  });

  test('gets the type the driver gave and its result is the instance', async () => {
    const { large } = makeParent();
    const mdev = await large.create(UUID_A);
    expect(mdev.instance).toEqual({ uuid: UUID_A, width: LARGE.width, value: '0' });
  });

  test('has run before create returns its promise', () => {
    const { driver, small } = makeParent();
    void small.create(UUID_A);
    void small.create(UUID_B);
    expect(driver.calls).toEqual([`probe ${UUID_A}`, `probe ${UUID_B}`]);
  });
});

describe('unregisterDriver', () => {
  test('unbinds the newest mdev first and leaves the mdevs on the bus', async () => {
    const { bus, driver, small } = makeParent();
    const a = await small.create(UUID_A);
    await small.create(UUID_B);
    await bus.unregisterDriver(driver);
    expect(driver.calls.slice(2)).toEqual([
      `remove ${UUID_B}`,
      `gone ${UUID_B}`,
      `remove ${UUID_A}`,
      `gone ${UUID_A}`,
    ]);
    expect(bus.devices.map((mdev) => mdev.name)).toEqual([UUID_A, UUID_B]);
    expect(a.driver).toBeUndefined();
    expect(() => a.instance).toThrow(errno('ENODEV'));
  });

  test('makes a create ENODEV and takes nothing', async () => {
    const { core, bus, driver, small } = makeParent();
    await bus.unregisterDriver(driver);
    await expect(small.create(UUID_A)).rejects.toMatchObject(errno('ENODEV'));
    expect(small.availableInstances).toBe(4);
    expect(core.leaks()).toEqual([]);
  });

  test('leaves an mdev that can be removed without calling the driver', async () => {
    const { bus, driver, small } = makeParent();
    const mdev = await small.create(UUID_A);
    await bus.unregisterDriver(driver);
    const calls = driver.calls.length;
    await mdev.remove();
    expect(driver.calls.length).toBe(calls);
    expect(small.availableInstances).toBe(4);
  });

  test('waits for an mdev in use, keeps its name meanwhile and refuses creates', async () => {
    const { bus, driver, small } = makeParent();
    const mdev = await small.create(UUID_A);
    const users = Promise.withResolvers<void>();
    mdev.instance.inUse = users.promise;
    const leaving = bus.unregisterDriver(driver);
    expect(() => bus.registerDriver(new FakeDriver())).toThrow(errno('EBUSY'));
    await expect(small.create(UUID_B)).rejects.toMatchObject(errno('ENODEV'));
    await expect(bus.unregisterDriver(driver)).rejects.toMatchObject(errno('EINVAL'));
    users.resolve();
    await leaving;
    bus.registerDriver(new FakeDriver());
  });

  test('shares the wait with a remove of the same mdev', async () => {
    const { bus, driver, small } = makeParent();
    const mdev = await small.create(UUID_A);
    await Promise.all([mdev.remove(), bus.unregisterDriver(driver)]);
    expect(driver.calls.slice(1)).toEqual([`remove ${UUID_A}`, `gone ${UUID_A}`]);
  });

  test('lets the same driver register again and serve its parents', async () => {
    const { bus, driver, small } = makeParent();
    await bus.unregisterDriver(driver);
    bus.registerDriver(driver);
    await small.create(UUID_A);
    expect(driver.calls).toEqual([`probe ${UUID_A}`]);
  });

  test('refuses a driver that is not registered with EINVAL', async () => {
    const { bus, driver } = makeParent();
    await expect(bus.unregisterDriver(new FakeDriver(driver.name))).rejects.toMatchObject(
      errno('EINVAL'),
    );
    expect(bus.drivers).toEqual([driver]);
  });
});
