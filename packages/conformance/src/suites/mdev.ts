// Mediated devices: statements 48, 49 and 108 to 111. A driver without mediated devices of its own gets a bus driver
// that makes its device, so that its life cycle is seen from the bus too.

import {
  MdevBus,
  MdevSysfs,
  REQUEST_INTERVAL_MS,
  unregisterGroupDev,
  type ErrnoCode,
  type MdevDevice,
  type MdevDriver,
  type MdevParent,
  type MdevTypeDefinition,
  type Ref,
  type VfioDevice,
} from '@vfio-ts/core';
import { expect } from 'vitest';
import { isSettled, outcome, refused } from '../assert.ts';
import { MAX_DEVICES, type TestContext } from '../context.ts';
import type { MdevDirectory, MdevHooks } from '../device-under-test.ts';
import type { DeviceHarness } from '../harness.ts';
import { declareSuite, type SuiteOptions, type SuiteTests } from '../suite.ts';

/** A device as a mediated device: made by a UUID, removed by a write. */
export function mdevSuite<T extends object>(
  harness: DeviceHarness<T>,
  options: SuiteOptions = {},
): void {
  declareSuite('mediated devices', harness, options, (tests) => {
    creating(tests);
    removing(tests);
    parents(tests);
    directories(tests);
  });
}

/** The n-th UUID. */
function uuid(n: number): string {
  return `83b8f4f2-509f-382f-3c1e-e6bfe0fa${n.toString(16).padStart(4, '0')}`;
}

/** The path of what sysfs shows of a type. */
const TYPES = 'mdev_supported_types';

interface Fixture {
  readonly bus: MdevBus;
  readonly parent: MdevParent;
  readonly sysfs: MdevSysfs;
  /** The first type's directory. */
  readonly directory: string;
}

/** A bus with one parent; everything is removed at the end. */
function setUp<T extends object>(t: TestContext<T>): Fixture {
  const bus = new MdevBus(t.core);
  hooksOf(t).register(bus);
  const [parent] = bus.parents;
  const [type] = parent?.types ?? [];
  if (parent === undefined || type === undefined) throw new TypeError('no parent with a type');
  t.defer('unregister the parent', async () => {
    if (bus.parents.length === 0) return;
    const done = parent.unregister();
    if (!(await isSettled(done))) throw new TypeError('the parent cannot be unregistered');
    await done;
  });
  const directory = `${parent.name}/${TYPES}/${type.directory}`;
  return { bus, parent, sysfs: new MdevSysfs(bus), directory };
}

function create({ sysfs, directory }: Fixture, n: number): Promise<number> {
  return sysfs.write(`${directory}/create`, uuid(n));
}

function available({ sysfs, directory }: Fixture): number {
  return Number(sysfs.read(`${directory}/available_instances`));
}

/** The VFIO device of a created mdev. */
function deviceOf({ bus }: Fixture, n: number): { mdev: MdevDevice; vdev: VfioDevice } {
  const mdev = bus.device(uuid(n));
  const vdev = mdev?.vfioDevice;
  if (mdev === undefined || vdev === undefined) throw new TypeError('the mdev has no device');
  return { mdev, vdev };
}

function creating<T extends object>({ test, harness }: SuiteTests<T>): void {
  const malformed = [
    ['35 characters', uuid(1).slice(1)],
    ['38 characters', `${uuid(1)}\n\n`],
    ['no UUID', 'x'.repeat(36)],
    ['a UUID without hyphens', uuid(1).replaceAll('-', '0')],
  ] as const;
  for (const [what, text] of malformed) {
    test(`[108] create with ${what} is EINVAL`, async (t) => {
      const fixture = setUp(t);
      await refused('EINVAL', () => fixture.sysfs.write(`${fixture.directory}/create`, text));
      expect(fixture.bus.devices).toEqual([]);
    });
  }

  test('[108] create takes a UUID with and without a newline, and a second one is EEXIST', async (t) => {
    const fixture = setUp(t);
    const { sysfs, directory } = fixture;
    expect(await create(fixture, 1)).toBe(36);
    await refused('EEXIST', () => create(fixture, 1));
    await refused('EEXIST', () => sysfs.write(`${directory}/create`, uuid(1).toUpperCase()));
    if (available(fixture) > 0) {
      expect(await sysfs.write(`${directory}/create`, `${uuid(2)}\n`)).toBe(37);
    }
  });

  const limits = Object.values(harness.mdev?.directories ?? {});
  if (limits.every(({ availableInstances }) => availableInstances <= MAX_DEVICES)) {
    test('[108] create with no instance left is refused and changes nothing', async (t) => {
      const fixture = setUp(t);
      let made = 0;
      // oxlint-disable-next-line no-await-in-loop
      while (available(fixture) > 0) await create(fixture, ++made);
      await refused(harness.mdev?.limitError ?? 'EUSERS', () => create(fixture, made + 1));
      expect(fixture.bus.devices.length).toBe(made);
    });
  }

  test('[108] the error of the probe is the error of create, and nothing is left', async (t) => {
    const fixture = setUp(t);
    const before = available(fixture);
    t.failAt('device-add', 'EACCES');
    await refused('EACCES', () => create(fixture, 1));
    expect(available(fixture)).toBe(before);
    expect(t.memory.alive).toEqual([]);
    await create(fixture, 1);
  });
}

function removing<T extends object>({ test, harness }: SuiteTests<T>): void {
  // The bus counts mdevs; a driver that says itself what is available counts its devices.
  const countsMdevs = harness.mdev?.limitError === undefined;

  test('[109] available_instances falls with each create and rises with remove and last put', async (t) => {
    const fixture = setUp(t);
    const before = available(fixture);
    await create(fixture, 1);
    expect(available(fixture)).toBe(before - 1);
    const { mdev } = deviceOf(fixture, 1);
    mdev.get();
    await mdev.remove();
    expect(available(fixture)).toBe(countsMdevs ? before - 1 : before);
    mdev.put();
    expect(available(fixture)).toBe(before);
  });

  test('[109] rounds of create, open, close and remove leave nothing behind', async (t) => {
    const fixture = setUp(t);
    const before = available(fixture);
    for (let round = 0; round < 20; round++) {
      // One round after the other.
      // oxlint-disable-next-line no-await-in-loop
      await create(fixture, 1);
      // oxlint-disable-next-line no-await-in-loop
      await t.openInProcess(deviceOf(fixture, 1).vdev).close();
      // oxlint-disable-next-line no-await-in-loop
      await fixture.sysfs.write(`${fixture.parent.name}/${uuid(1)}/remove`, '1');
    }
    expect(available(fixture)).toBe(before);
    expect(t.memory.alive).toEqual([]);
    expect(t.logger.at('error')).toEqual([]);
  });

  test('[110] remove: text is EINVAL, 0 does nothing, 1 removes, and then it is ENODEV', async (t) => {
    const fixture = setUp(t);
    await create(fixture, 1);
    const path = `${fixture.parent.name}/${uuid(1)}/remove`;
    const { mdev } = deviceOf(fixture, 1);
    await refused('EINVAL', () => fixture.sysfs.write(path, 'yes'));
    expect(await fixture.sysfs.write(path, '0')).toBe(1);
    expect(fixture.bus.device(uuid(1))).toBe(mdev);
    expect(await fixture.sysfs.write(path, '1')).toBe(1);
    expect(fixture.bus.device(uuid(1))).toBe(undefined);
    await refused('ENODEV', () => mdev.remove());
  });

  test('[48] remove with an open file waits for the close; a second one meanwhile is EAGAIN', async (t) => {
    const fixture = setUp(t);
    await create(fixture, 1);
    const { mdev, vdev } = deviceOf(fixture, 1);
    const session = t.openInProcess(vdev);
    const done = mdev.remove();
    expect(await isSettled(done)).toBe(false);
    await refused('EAGAIN', () => mdev.remove());
    t.clock.advance(2 * REQUEST_INTERVAL_MS);
    expect(await isSettled(done)).toBe(false);
    await session.close();
    expect(await isSettled(done)).toBe(true);
    expect(fixture.bus.device(uuid(1))).toBe(undefined);
    expect(vdev.state).toBe('released');
  });
}

function parents<T extends object>({ test }: SuiteTests<T>): void {
  test('[49] unregister of the parent removes every child', async (t) => {
    const fixture = setUp(t);
    const made = Math.min(available(fixture), 2);
    for (let n = 1; n <= made; n++) {
      // oxlint-disable-next-line no-await-in-loop
      await create(fixture, n);
    }
    const vdevs = Array.from({ length: made }, (_, i) => deviceOf(fixture, i + 1).vdev);
    await fixture.parent.unregister();
    expect(fixture.bus.devices).toEqual([]);
    expect(fixture.bus.parents).toEqual([]);
    expect(vdevs.map(({ state }) => state)).toEqual(vdevs.map(() => 'released'));
  });

  test('[49] a create while the parent unregisters is ENODEV', async (t) => {
    const fixture = setUp(t);
    await create(fixture, 1);
    // As in the kernel, a bus that counts instances does so before it looks at the parent.
    const codes: ErrnoCode[] = available(fixture) === 0 ? ['ENODEV', 'EUSERS'] : ['ENODEV'];
    const session = t.openInProcess(deviceOf(fixture, 1).vdev);
    const done = fixture.parent.unregister();
    expect(await isSettled(done)).toBe(false);
    const [type] = fixture.parent.types;
    await refused(codes, () => type?.create(uuid(2)));
    await session.close();
    await done;
    expect(await outcome(() => type?.create(uuid(3)))).toBe('ENODEV');
  });
}

function directories<T extends object>({ test }: SuiteTests<T>): void {
  test('[111] the type directories are the ones documented, with their contents', async (t) => {
    const fixture = setUp(t);
    const { parent, sysfs } = fixture;
    const expected = hooksOf(t).directories;
    const names = sysfs.list(`${parent.name}/${TYPES}`).map(({ name }) => name);
    expect(names.toSorted()).toEqual(Object.keys(expected).toSorted());
    for (const [name, contents] of Object.entries(expected)) {
      const path = `${parent.name}/${TYPES}/${name}`;
      const { attributes = {}, ...files } = contents;
      expect(directoryOf(sysfs, path)).toEqual(files);
      // One instance at a time: types may share a budget.
      // oxlint-disable-next-line no-await-in-loop
      await sysfs.write(`${path}/create`, uuid(1));
      for (const [file, text] of Object.entries(attributes)) {
        expect(sysfs.read(`${parent.name}/${uuid(1)}/${file}`)).toBe(text);
      }
      expect(sysfs.list(`${path}/devices`).map((entry) => entry.name)).toEqual([uuid(1)]);
      // oxlint-disable-next-line no-await-in-loop
      await sysfs.write(`${parent.name}/${uuid(1)}/remove`, '1');
    }
  });
}

function directoryOf(sysfs: MdevSysfs, path: string): MdevDirectory {
  const read = (name: string): string => sysfs.read(`${path}/${name}`).trimEnd();
  const files = new Set(sysfs.list(path).map(({ name }) => name));
  return {
    name: read('name'),
    deviceApi: read('device_api'),
    availableInstances: Number(read('available_instances')),
    ...(files.has('description') ? { description: read('description') } : {}),
  };
}

const GENERIC_INSTANCES = 3;

/** The driver's own mediated devices, or generic ones of its device. */
function hooksOf<T extends object>(t: TestContext<T>): MdevHooks {
  return t.harness.mdev ?? genericHooks(t);
}

function genericHooks<T extends object>(t: TestContext<T>): MdevHooks {
  const { harness, core } = t;
  const deviceApi = harness.ops.deviceApi ?? 'vfio-pci';
  const driver: MdevDriver<MdevTypeDefinition, Ref<T>> = {
    name: 'conformance',
    deviceApi,
    maxInstances: GENERIC_INSTANCES,
    probe(mdev) {
      const ref = harness.create({ core, parent: () => mdev }, harness.ops);
      try {
        t.register(t.vdev(ref));
        return ref;
      } catch (error) {
        ref.put();
        throw error;
      }
    },
    async remove(_mdev, ref) {
      await unregisterGroupDev(t.vdev(ref));
      ref.put();
    },
  };
  return {
    register(bus) {
      bus.registerDriver(driver);
      bus.registerParent('conformance0', driver, [{ sysfsName: 'device' }]);
    },
    directories: {
      'conformance-device': {
        name: 'device',
        deviceApi,
        availableInstances: GENERIC_INSTANCES,
      },
    },
  };
}
