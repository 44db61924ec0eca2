import { describe, expect, test } from 'vitest';
import type { FaultPoint } from '../../src/core.ts';
import { VfioError } from '../../src/errno.ts';
import { FakeDriver, LARGE, makeBus, makeParent, errno, SMALL, UUID_A, UUID_B } from './fixture.ts';
import type { MdevDriver } from '../../src/mdev/driver.ts';

describe('create', () => {
  test.each([
    ['35 characters', UUID_A.slice(1)],
    ['38 characters', `${UUID_A}\n\n`],
    ['36 characters that are no uuid', 'x'.repeat(36)],
  ])('refuses %s with EINVAL', async (_what, text) => {
    const { bus, driver, small } = makeParent();
    await expect(small.create(text)).rejects.toMatchObject(errno('EINVAL'));
    expect(small.availableInstances).toBe(4);
    expect(bus.devices).toEqual([]);
    expect(driver.calls).toEqual([]);
  });

  test('refuses a uuid that is taken, in either case and under any parent, with EEXIST', async () => {
    const { bus, driver, small, large } = makeParent();
    await small.create(UUID_A);
    const [elsewhere] = bus.registerParent('p1', driver, [SMALL]).types;
    await expect(small.create(UUID_A)).rejects.toMatchObject(errno('EEXIST'));
    await expect(large.create(UUID_A.toUpperCase())).rejects.toMatchObject(errno('EEXIST'));
    await expect(elsewhere?.create(`${UUID_A}\n`) ?? Promise.resolve()).rejects.toMatchObject(
      errno('EEXIST'),
    );
    expect(small.availableInstances).toBe(3);
  });

  test('refuses more than maxInstances over all types with EUSERS', async () => {
    const { small, large } = makeParent({}, new FakeDriver('fake', 1));
    await small.create(UUID_A);
    expect(large.availableInstances).toBe(0);
    await expect(large.create(UUID_B)).rejects.toMatchObject(errno('EUSERS'));
  });

  test('looks for a duplicate before it looks at the limit', async () => {
    const { small } = makeParent({}, new FakeDriver('fake', 1));
    await small.create(UUID_A);
    await expect(small.create(UUID_A)).rejects.toMatchObject(errno('EEXIST'));
  });

  test('counts instances for each parent apart', async () => {
    const { bus, driver, small } = makeParent({}, new FakeDriver('fake', 1));
    await small.create(UUID_A);
    const [elsewhere] = bus.registerParent('p1', driver, [SMALL]).types;
    expect(elsewhere?.availableInstances).toBe(1);
  });

  test('counts nothing where the driver has getAvailable', async () => {
    const { bus } = makeBus();
    const driver: MdevDriver = {
      name: 'budget',
      deviceApi: 'vfio-pci',
      getAvailable: (type) => type.directory.length,
      probe: () => undefined,
      remove: async () => {},
    };
    bus.registerDriver(driver);
    const parent = bus.registerParent('p0', driver, [SMALL]);
    await parent.create('budget-small', UUID_A);
    await parent.create('budget-small', UUID_B);
    expect(parent.types[0]?.availableInstances).toBe('budget-small'.length);
  });

  test('makes an active mdev that is found by its uuid', async () => {
    const { core, bus, parent, small } = makeParent();
    const mdev = await small.create(`${UUID_A.toUpperCase()}\n`);
    expect(mdev).toMatchObject({ name: UUID_A, core, parent, type: small, state: 'active' });
    expect(bus.device(UUID_A.toUpperCase())).toBe(mdev);
    expect(parent.devices).toEqual([mdev]);
    expect(small.devices).toEqual([mdev]);
    expect(small.availableInstances).toBe(3);
  });

  test("by the name of a type's directory refuses an unknown one with ENOENT", async () => {
    const { parent } = makeParent();
    await expect(parent.create('fake-huge', UUID_A)).rejects.toMatchObject(errno('ENOENT'));
    await expect(parent.create('small', UUID_A)).rejects.toMatchObject(errno('ENOENT'));
    expect((await parent.create('fake-large', UUID_A)).type.definition).toBe(LARGE);
  });

  test('passes the error of probe through and undoes the rest', async () => {
    const { core, bus, driver, small } = makeParent();
    driver.probeError = new VfioError('ENOMEM', 'probe', 'no memory');
    await expect(small.create(UUID_A)).rejects.toBe(driver.probeError);
    expect(driver.calls).toEqual([`probe ${UUID_A}`]);
    expect(small.availableInstances).toBe(4);
    expect(bus.device(UUID_A)).toBeUndefined();
    expect(core.leaks()).toEqual([]);
    driver.probeError = undefined;
    await small.create(UUID_A);
  });

  test('refuses a remove while probe runs with EAGAIN', async () => {
    const { bus } = makeBus();
    const removes: Promise<void>[] = [];
    const driver: MdevDriver = {
      name: 'hasty',
      deviceApi: 'vfio-ap',
      maxInstances: 1,
      probe: (mdev) => {
        removes.push(mdev.remove());
      },
      remove: async () => {},
    };
    bus.registerDriver(driver);
    const creating = bus.registerParent('p0', driver, [SMALL]).create('hasty-small', UUID_A);
    await expect(Promise.all(removes)).rejects.toMatchObject(errno('EAGAIN'));
    expect(removes.length).toBe(1);
    await expect(creating).resolves.toMatchObject({ state: 'active' });
  });

  test('gives the instance back only with the last reference when probe leaves one behind', async () => {
    const { core, bus } = makeBus();
    const held: { put(): void }[] = [];
    const driver: MdevDriver = {
      name: 'leaky',
      deviceApi: 'vfio-pci',
      maxInstances: 1,
      probe(mdev) {
        mdev.get();
        held.push(mdev);
        throw new VfioError('EIO', 'probe', 'failed');
      },
      remove: async () => {},
    };
    bus.registerDriver(driver);
    const type = bus.registerParent('p0', driver, [SMALL]).types[0];
    await expect(type?.create(UUID_A) ?? Promise.resolve()).rejects.toMatchObject(errno('EIO'));
    expect(type?.availableInstances).toBe(0);
    expect(core.leaks()).toMatchObject([{ kind: 'mdev' }]);
    held.forEach((mdev) => mdev.put());
    expect(type?.availableInstances).toBe(1);
    expect(core.leaks()).toEqual([]);
  });
});

describe('a fault', () => {
  const points: [FaultPoint, string[]][] = [
    ['mdev-alloc', []],
    ['mdev-add', []],
    ['mdev-links', [`probe ${UUID_A}`, `remove ${UUID_A}`, `gone ${UUID_A}`]],
  ];

  test.each(points)('at %s is the error of create and leaves nothing', async (point, calls) => {
    const fault = new VfioError('ENOMEM', point, 'injected');
    let armed = true;
    const { core, bus, driver, parent, small } = makeParent({
      fault: (at) => {
        if (armed && at === point) throw fault;
      },
    });
    await expect(small.create(UUID_A)).rejects.toBe(fault);
    expect(driver.calls).toEqual(calls);
    expect(small.availableInstances).toBe(4);
    expect(bus.device(UUID_A)).toBeUndefined();
    expect(parent.devices).toEqual([]);
    expect(core.leaks()).toEqual([]);

    armed = false;
    await expect(small.create(UUID_A)).resolves.toMatchObject({ state: 'active' });
    await parent.unregister();
  });

  test('at mdev-links has been undone, remove included, when create rejects', async () => {
    const users = Promise.withResolvers<void>();
    const driver = new FakeDriver();
    const { parent, small } = makeParent(
      {
        fault: (at) => {
          if (at !== 'mdev-links') return;
          const [mdev] = parent.devices;
          if (mdev !== undefined) mdev.instance.inUse = users.promise;
          throw new VfioError('ENOMEM', at, 'injected');
        },
      },
      driver,
    );
    const failed = small.create(UUID_A).catch(() => driver.calls.push('rejected'));
    users.resolve();
    await failed;
    expect(driver.calls).toEqual([
      `probe ${UUID_A}`,
      `remove ${UUID_A}`,
      `gone ${UUID_A}`,
      'rejected',
    ]);
  });
});
