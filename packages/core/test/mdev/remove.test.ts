import { describe, expect, test } from 'vitest';
import { makeParent, errno, UUID_A } from './fixture.ts';

describe('writeRemove', () => {
  test.each(['', 'yes', '-1', '1 ', '0x', '08', '18446744073709551616'])(
    'refuses %j with EINVAL and removes nothing',
    async (text) => {
      const { small } = makeParent();
      const mdev = await small.create(UUID_A);
      await expect(mdev.writeRemove(text)).rejects.toMatchObject(errno('EINVAL'));
      expect(mdev.state).toBe('active');
    },
  );

  test.each(['0', '0\n', '0x0', '000'])('takes %j without effect', async (text) => {
    const { driver, small } = makeParent();
    const mdev = await small.create(UUID_A);
    expect(await mdev.writeRemove(text)).toBe(text.length);
    expect(mdev.state).toBe('active');
    expect(driver.calls).toEqual([`probe ${UUID_A}`]);
  });

  test.each(['1', '1\n', '+2', '0x10', '010'])('removes at %j', async (text) => {
    const { bus, small } = makeParent();
    const mdev = await small.create(UUID_A);
    expect(await mdev.writeRemove(text)).toBe(text.length);
    expect(bus.device(UUID_A)).toBeUndefined();
  });
});

describe('remove', () => {
  test('calls the driver once with its instance and gives everything back', async () => {
    const { core, bus, driver, parent, small } = makeParent();
    const mdev = await small.create(UUID_A);
    mdev.instance.value = 'kept';
    await mdev.remove();
    expect(driver.calls).toEqual([`probe ${UUID_A}`, `remove ${UUID_A}`, `gone ${UUID_A}`]);
    expect(mdev.state).toBe('released');
    expect(parent.devices).toEqual([]);
    expect(bus.devices).toEqual([]);
    expect(small.availableInstances).toBe(4);
    expect(core.leaks()).toEqual([]);
  });

  test('waits for a device in use; a second remove meanwhile is EAGAIN', async () => {
    const { driver, small } = makeParent();
    const mdev = await small.create(UUID_A);
    const users = Promise.withResolvers<void>();
    mdev.instance.inUse = users.promise;
    const first = mdev.remove();
    await expect(mdev.remove()).rejects.toMatchObject(errno('EAGAIN'));
    await expect(mdev.writeRemove('1')).rejects.toMatchObject(errno('EAGAIN'));
    expect(mdev.state).toBe('removing');
    expect(driver.calls).not.toContain(`gone ${UUID_A}`);
    expect(small.availableInstances).toBe(3);
    users.resolve();
    await first;
    expect(driver.calls.filter((call) => call === `remove ${UUID_A}`).length).toBe(1);
  });

  test('of an mdev that is gone is ENODEV', async () => {
    const { small } = makeParent();
    const mdev = await small.create(UUID_A);
    await mdev.remove();
    await expect(mdev.remove()).rejects.toMatchObject(errno('ENODEV'));
  });

  test('of an mdev whose uuid lives again is ENODEV and touches nothing', async () => {
    const { small } = makeParent();
    const old = await small.create(UUID_A);
    await old.remove();
    const young = await small.create(UUID_A);
    await expect(old.remove()).rejects.toMatchObject(errno('ENODEV'));
    expect(young.state).toBe('active');
  });

  test('goes on when the driver throws, and logs it', async () => {
    const { driver, log, small } = makeParent();
    const mdev = await small.create(UUID_A);
    const error = new Error('broken driver');
    driver.remove = async () => {
      throw error;
    };
    await mdev.remove();
    expect(mdev.state).toBe('released');
    expect(small.availableInstances).toBe(4);
    expect(log).toContainEqual(
      expect.objectContaining({ level: 'error', component: UUID_A, error }),
    );
  });

  test('calls the remove the driver has now, not the one it was registered with', async () => {
    const { driver, small } = makeParent();
    const mdev = await small.create(UUID_A);
    driver.remove = async (_mdev, handle) => {
      driver.calls.push(`new remove ${handle.uuid}`);
    };
    await mdev.remove();
    expect(driver.calls).toEqual([`probe ${UUID_A}`, `new remove ${UUID_A}`]);
  });
});

describe('a reference', () => {
  test('keeps instance and uuid until the last put', async () => {
    const { core, bus, small } = makeParent();
    const mdev = await small.create(UUID_A);
    mdev.get();
    mdev.get();
    await mdev.remove();
    expect(mdev.state).toBe('removed');
    expect(bus.device(UUID_A)).toBeUndefined();
    expect(small.availableInstances).toBe(3);
    await expect(small.create(UUID_A)).rejects.toMatchObject(errno('EEXIST'));
    await expect(mdev.remove()).rejects.toMatchObject(errno('EAGAIN'));
    expect(core.leaks()).toMatchObject([
      { kind: 'mdev', what: `${UUID_A} (fake-small, removed, 2 references)` },
    ]);

    mdev.put();
    expect(small.availableInstances).toBe(3);
    mdev.put();
    expect(small.availableInstances).toBe(4);
    expect(core.leaks()).toEqual([]);
    await small.create(UUID_A);
  });

  test("put without a get is EINVAL and does not take the bus's own", async () => {
    const { small } = makeParent();
    const mdev = await small.create(UUID_A);
    expect(() => mdev.put()).toThrow(errno('EINVAL'));
    mdev.get();
    mdev.put();
    expect(() => mdev.put()).toThrow(errno('EINVAL'));
    expect(mdev.state).toBe('active');
  });

  test('cannot be taken once the last is gone', async () => {
    const { small } = makeParent();
    const mdev = await small.create(UUID_A);
    await mdev.remove();
    expect(() => mdev.get()).toThrow(errno('ENODEV'));
    expect(() => mdev.put()).toThrow(errno('EINVAL'));
    expect(small.availableInstances).toBe(4);
  });

  test('carries the stack of create when the core traces', async () => {
    const { core, small } = makeParent({ trace: true });
    await small.create(UUID_A);
    expect(core.leaks()[0]?.stack).toContain('createMdev');
  });
});
