import { describe, expect, test } from 'vitest';
import type { MdevDriver } from '../../src/mdev/driver.ts';
import { MdevSysfs } from '../../src/mdev/sysfs.ts';
import { errno, makeBus, SMALL, UUID_A, type FakeHandle, type FakeType } from './fixture.ts';

async function makeMdev() {
  const calls: string[] = [];
  const storing = Promise.withResolvers<void>();
  const driver: MdevDriver<FakeType, FakeHandle> = {
    name: 'fake',
    deviceApi: 'vfio-pci',
    maxInstances: 1,
    probe: (mdev) => ({ uuid: mdev.name, width: mdev.type.definition.width, value: '0' }),
    async remove(_mdev, handle) {
      calls.push(`remove ${handle.value}`);
      await handle.inUse;
    },
    attributes: {
      vendor: { resolution: { show: (_mdev, handle) => `${handle.width}x480\n` } },
      '': {
        value: {
          show: (_mdev, handle) => `${handle.value}\n`,
          store(_mdev, handle, value) {
            if (value === 'bad') throw new Error('bad');
            handle.value = value;
          },
        },
        slow: {
          async store(_mdev, handle, value) {
            await storing.promise;
            handle.value = value;
            calls.push('stored');
          },
        },
        long: { show: () => 'x'.repeat(5000) },
      },
    },
  };
  const fixture = makeBus();
  fixture.bus.registerDriver(driver);
  const mdev = await fixture.bus.registerParent('p0', driver, [SMALL]).create('fake-small', UUID_A);
  return { ...fixture, mdev, calls, storing, sysfs: new MdevSysfs(fixture.bus) };
}

describe('attributes', () => {
  test('are shown and stored with the instance of probe', async () => {
    const { mdev } = await makeMdev();
    expect(mdev.show('vendor', 'resolution')).toBe('640x480\n');
    await mdev.store('', 'value', '7');
    expect(mdev.instance.value).toBe('7');
    expect(mdev.show('', 'value')).toBe('7\n');
  });

  test.each([
    ['an unknown attribute', 'vendor', 'colour', 'ENOENT'],
    ['an unknown group', 'nobody', 'resolution', 'ENOENT'],
    ['a name every object has', '', 'toString', 'ENOENT'],
    ['a group every object has', 'constructor', 'name', 'ENOENT'],
    ['one that can only be written', '', 'slow', 'EACCES'],
  ] as const)('show of %s throws', async (_what, group, name, code) => {
    const { mdev } = await makeMdev();
    expect(() => mdev.show(group, name)).toThrow(errno(code));
  });

  test('store of one that can only be read is EACCES', async () => {
    const { mdev } = await makeMdev();
    await expect(mdev.store('vendor', 'resolution', '1')).rejects.toMatchObject(errno('EACCES'));
  });

  test('pass the error of the driver through', async () => {
    const { mdev } = await makeMdev();
    await expect(mdev.store('', 'value', 'bad')).rejects.toThrow('bad');
  });

  test('are gone once remove has started and ENODEV once it is over', async () => {
    const { mdev } = await makeMdev();
    const users = Promise.withResolvers<void>();
    mdev.instance.inUse = users.promise;
    const removing = mdev.remove();
    expect(mdev.attributes).toEqual({});
    expect(() => mdev.show('', 'value')).toThrow(errno('ENOENT'));
    users.resolve();
    await removing;
    expect(() => mdev.show('', 'value')).toThrow(errno('ENODEV'));
    await expect(mdev.store('', 'value', '1')).rejects.toMatchObject(errno('ENODEV'));
  });

  test("that are being stored hold the driver's remove back", async () => {
    const { mdev, calls, storing } = await makeMdev();
    const stored = mdev.store('', 'slow', '9');
    const removing = mdev.remove();
    storing.resolve();
    await Promise.all([stored, removing]);
    expect(calls).toEqual(['stored', 'remove 9']);
  });

  test('that fail to store do not stop the remove', async () => {
    const { mdev, calls, storing } = await makeMdev();
    const stored = mdev.store('', 'slow', '9');
    const removing = mdev.remove();
    storing.reject(new Error('no'));
    await expect(stored).rejects.toThrow('no');
    await removing;
    expect(calls).toEqual(['remove 0']);
  });

  test('are files of the mdev: a group a directory, the group without name its own', async () => {
    const { sysfs } = await makeMdev();
    expect(sysfs.list(`p0/${UUID_A}/vendor`)).toEqual([
      { kind: 'file', name: 'resolution', path: `p0/${UUID_A}/vendor/resolution`, mode: 0o444 },
    ]);
    expect(sysfs.list(`p0/${UUID_A}`)).toEqual(
      expect.arrayContaining([
        { kind: 'file', name: 'value', path: `p0/${UUID_A}/value`, mode: 0o644 },
        { kind: 'file', name: 'slow', path: `p0/${UUID_A}/slow`, mode: 0o200 },
      ]),
    );
    expect(await sysfs.write(`p0/${UUID_A}/value`, '12')).toBe(2);
    expect(sysfs.read(`p0/${UUID_A}/value`)).toBe('12\n');
  });

  test('are cut after a page less one', async () => {
    const { sysfs } = await makeMdev();
    expect(sysfs.read(`p0/${UUID_A}/long`).length).toBe(4095);
  });
});
