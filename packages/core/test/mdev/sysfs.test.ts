import { describe, expect, test } from 'vitest';
import { MdevSysfs } from '../../src/mdev/sysfs.ts';
import { errno, FakeDriver, makeParent, UUID_A } from './fixture.ts';

const TYPES = 'p0/mdev_supported_types';
const TYPE = `${TYPES}/fake-large`;

function makeSysfs(driver?: FakeDriver) {
  const fixture = makeParent({}, driver);
  return { ...fixture, sysfs: new MdevSysfs(fixture.bus) };
}

class Describing extends FakeDriver {
  showDescription(): string {
    return 'virtual display, 1920x1080 framebuffer\n';
  }
}

describe('the tree', () => {
  test('shows a parent, its types and their files', () => {
    const { sysfs } = makeSysfs();
    const shown = sysfs.walk().map(({ path, kind, ...rest }) => {
      const mode = 'mode' in rest ? rest.mode.toString(8) : kind;
      return `${path} ${mode}`;
    });
    expect(shown).toEqual([
      'p0 directory',
      `${TYPES} directory`,
      ...['fake-small', 'fake-large'].flatMap((name) => [
        `${TYPES}/${name} directory`,
        `${TYPES}/${name}/create 200`,
        `${TYPES}/${name}/name 444`,
        `${TYPES}/${name}/device_api 444`,
        `${TYPES}/${name}/available_instances 444`,
        `${TYPES}/${name}/devices directory`,
      ]),
    ]);
  });

  test('has a description only where the driver has one', () => {
    expect(makeSysfs(new Describing()).sysfs.read(`${TYPE}/description`)).toBe(
      'virtual display, 1920x1080 framebuffer\n',
    );
    expect(() => makeSysfs().sysfs.read(`${TYPE}/description`)).toThrow(errno('ENOENT'));
  });

  test('shows an mdev under its parent, with links both ways', async () => {
    const { sysfs } = makeSysfs();
    await sysfs.write(`${TYPE}/create`, UUID_A);
    expect(sysfs.list(`p0/${UUID_A}`)).toEqual([
      { kind: 'file', name: 'remove', path: `p0/${UUID_A}/remove`, mode: 0o200 },
      { kind: 'link', name: 'mdev_type', path: `p0/${UUID_A}/mdev_type`, target: TYPE },
    ]);
    expect(sysfs.list(`${TYPE}/devices`)).toEqual([
      { kind: 'link', name: UUID_A, path: `${TYPE}/devices/${UUID_A}`, target: `p0/${UUID_A}` },
    ]);
    expect(sysfs.list(`${TYPES}/fake-small/devices`)).toEqual([]);
  });

  test('follows links on the way to a file', async () => {
    const { sysfs } = makeSysfs();
    await sysfs.write(`${TYPE}/create`, UUID_A);
    expect(sysfs.read(`${TYPE}/devices/${UUID_A}/mdev_type/name`)).toBe('Large one\n');
    expect(sysfs.list(`p0/${UUID_A}/mdev_type`).length).toBe(5);
  });

  test('shows a directory without files while remove waits', async () => {
    const { bus, parent, sysfs } = makeSysfs();
    const mdev = await parent.create('fake-large', UUID_A);
    const users = Promise.withResolvers<void>();
    mdev.instance.inUse = users.promise;
    const removing = sysfs.write(`p0/${UUID_A}/remove`, '1\n');
    expect(sysfs.list(`p0/${UUID_A}`)).toEqual([]);
    expect(sysfs.list(`${TYPE}/devices`)).toEqual([]);
    await expect(sysfs.write(`p0/${UUID_A}/remove`, '1')).rejects.toMatchObject(errno('ENOENT'));
    users.resolve();
    expect(await removing).toBe(2);
    expect(() => sysfs.list(`p0/${UUID_A}`)).toThrow(errno('ENOENT'));
    expect(bus.devices).toEqual([]);
  });

  test('loses the parent when it is unregistered', async () => {
    const { parent, sysfs } = makeSysfs();
    await parent.unregister();
    expect(sysfs.list()).toEqual([]);
  });
});

describe('read', () => {
  test.each([
    ['name', 'Large one\n'],
    ['device_api', 'vfio-pci\n'],
    ['available_instances', '4\n'],
  ])("of a type's %s gives %j", (file, text) => {
    const { sysfs } = makeSysfs();
    expect(sysfs.read(`${TYPE}/${file}`)).toBe(text);
  });

  test('of available_instances falls by one for each create', async () => {
    const { sysfs } = makeSysfs();
    await sysfs.write(`${TYPE}/create`, `${UUID_A}\n`);
    expect(sysfs.read(`${TYPE}/available_instances`)).toBe('3\n');
    expect(sysfs.read(`${TYPES}/fake-small/available_instances`)).toBe('3\n');
  });

  test.each([
    ['nothing there', 'p0/nobody', 'ENOENT'],
    ['a file as a directory', `${TYPE}/name/more`, 'ENOENT'],
    ['dots', `${TYPE}/../fake-small/name`, 'ENOENT'],
    ['a write-only file', `${TYPE}/create`, 'EACCES'],
    ['a directory', TYPE, 'EINVAL'],
  ] as const)('of %s throws', (_what, path, code) => {
    const { sysfs } = makeSysfs();
    expect(() => sysfs.read(path)).toThrow(errno(code));
  });
});

describe('write', () => {
  test('to create returns what it consumed', async () => {
    const { bus, sysfs } = makeSysfs();
    expect(await sysfs.write(`${TYPE}/create`, `${UUID_A}\n`)).toBe(37);
    expect(bus.device(UUID_A)?.state).toBe('active');
  });

  test.each([
    ['create', 'not a uuid', 'EINVAL'],
    ['create', 'x'.repeat(5000), 'EINVAL'],
    ['name', 'new', 'EACCES'],
    ['devices', '1', 'EINVAL'],
    ['nothing', '1', 'ENOENT'],
  ] as const)('to %s of %j is refused', async (file, text, code) => {
    const { bus, sysfs } = makeSysfs();
    await expect(sysfs.write(`${TYPE}/${file}`, text)).rejects.toMatchObject(errno(code));
    expect(bus.devices).toEqual([]);
  });

  test('to create passes the errors of create through', async () => {
    const { sysfs } = makeSysfs(new FakeDriver('fake', 1));
    await sysfs.write(`${TYPE}/create`, UUID_A);
    await expect(sysfs.write(`${TYPE}/create`, UUID_A)).rejects.toMatchObject(errno('EEXIST'));
  });

  test('of nothing succeeds and does nothing', async () => {
    const { bus, sysfs } = makeSysfs();
    expect(await sysfs.write(`${TYPE}/create`, '')).toBe(0);
    expect(bus.devices).toEqual([]);
  });

  test('to remove with text is EINVAL and with 0 has no effect', async () => {
    const { bus, sysfs } = makeSysfs();
    await sysfs.write(`${TYPE}/create`, UUID_A);
    await expect(sysfs.write(`p0/${UUID_A}/remove`, 'yes')).rejects.toMatchObject(errno('EINVAL'));
    expect(await sysfs.write(`p0/${UUID_A}/remove`, '0\n')).toBe(2);
    expect(bus.device(UUID_A)?.state).toBe('active');
  });
});
