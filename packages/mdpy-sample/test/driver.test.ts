import { isErrno, MdevBus, MdevSysfs, VfioError, type CoreOptions } from '@vfio-ts/core';
import { describe, expect, test } from 'vitest';
import {
  mdpyDriver,
  registerMdpy,
  unregisterMdpy,
  type MdpyDriverOptions,
  type MdpyParent,
} from '../src/index.ts';
import { errno, expectNothingLeft, testCore, type TestCore } from './support.ts';

const TYPES = 'mdpy/mdev_supported_types';

interface Registered extends AsyncDisposable {
  readonly host: TestCore;
  readonly bus: MdevBus;
  readonly sysfs: MdevSysfs;
  readonly parent: MdpyParent;
}

function registered(options?: MdpyDriverOptions, coreOptions?: CoreOptions): Registered {
  const host = testCore(coreOptions);
  const bus = new MdevBus(host.core);
  const parent = registerMdpy(bus, options);
  return {
    host,
    bus,
    sysfs: new MdevSysfs(bus),
    parent,
    async [Symbol.asyncDispose]() {
      await unregisterMdpy(bus, parent);
      expect([bus.parents, bus.drivers, bus.devices]).toEqual([[], [], []]);
      expectNothingLeft(host);
    },
  };
}

function uuid(number: number): string {
  return `83b8f4f2-509f-382f-3c1e-${number.toString(16).padStart(12, '0')}`;
}

function instances({ parent }: Registered): number[] {
  return parent.types.map((type) => type.availableInstances);
}

describe('the files of a type', () => {
  for (const [directory, resolution] of [
    ['mdpy-vga', '640x480'],
    ['mdpy-xga', '1024x768'],
    ['mdpy-hd', '1920x1080'],
  ] as const) {
    test(`${directory} says what it is`, async () => {
      await using mdpy = registered();
      const file = (name: string): string => mdpy.sysfs.read(`${TYPES}/${directory}/${name}`);
      expect(file('description')).toBe(`virtual display, ${resolution} framebuffer\n`);
      expect(file('device_api')).toBe('vfio-pci\n');
      expect(file('name')).toBe(`${directory.slice(5)}\n`);
      expect(file('available_instances')).toBe('4\n');
    });

    test(`a ${directory} created through its file says its resolution`, async () => {
      await using mdpy = registered();
      await mdpy.sysfs.write(`${TYPES}/${directory}/create`, `${uuid(1)}\n`);
      expect(mdpy.sysfs.read(`mdpy/${uuid(1)}/vendor/resolution`)).toBe(`${resolution}\n`);
      await expect(mdpy.sysfs.write(`mdpy/${uuid(1)}/vendor/resolution`, 'x')).rejects.toThrow(
        errno('EACCES'),
      );
    });
  }
});

describe('how many there can be', () => {
  test('four displays of all types together, then EUSERS', async () => {
    await using mdpy = registered();
    for (const [index, type] of ['mdpy-vga', 'mdpy-hd', 'mdpy-xga', 'mdpy-vga'].entries()) {
      expect(instances(mdpy)).toEqual([4 - index, 4 - index, 4 - index]);
      // oxlint-disable-next-line no-await-in-loop
      await mdpy.parent.create(type, uuid(index));
    }
    expect(instances(mdpy)).toEqual([0, 0, 0]);
    await expect(mdpy.parent.create('mdpy-vga', uuid(4))).rejects.toThrow(errno('EUSERS'));
    expect(mdpy.parent.devices.length).toBe(4);
  });

  test('a display that is removed makes room for another', async () => {
    await using mdpy = registered({ maxDevices: 1 });
    const first = await mdpy.parent.create('mdpy-vga', uuid(1));
    await expect(mdpy.parent.create('mdpy-vga', uuid(2))).rejects.toThrow(errno('EUSERS'));
    await first.remove();
    expect(instances(mdpy)).toEqual([1, 1, 1]);
    await mdpy.parent.create('mdpy-vga', uuid(2));
  });

  test.each([-1, 0.5, Number.NaN])(
    'a limit of %d is EINVAL, and nothing is registered',
    (maxDevices) => {
      const bus = new MdevBus(testCore().core);
      expect(() => registerMdpy(bus, { maxDevices })).toThrow(errno('EINVAL'));
      expect([bus.parents, bus.drivers]).toEqual([[], []]);
    },
  );
});

describe('what fails leaves nothing', () => {
  test.each(['alloc', 'index', 'group', 'device-add', 'mdev-add', 'mdev-links'] as const)(
    'a create that fails at %s',
    async (point) => {
      const fault = (passed: string): void => {
        if (passed === point) throw new VfioError('ENOSPC', point, 'made to fail');
      };
      await using mdpy = registered({}, { fault });
      await expect(mdpy.parent.create('mdpy-xga', uuid(1))).rejects.toThrow(errno('ENOSPC'));
      expectNothingLeft(mdpy.host);
      expect(instances(mdpy)).toEqual([4, 4, 4]);
    },
  );

  test('a create without memory', async () => {
    await using mdpy = registered();
    mdpy.host.memory.failIn(0);
    await expect(mdpy.parent.create('mdpy-xga', uuid(1))).rejects.toThrow(errno('ENOMEM'));
    expectNothingLeft(mdpy.host);
    expect(instances(mdpy)).toEqual([4, 4, 4]);
  });

  test('a second registration is EBUSY and does not disturb the first', async () => {
    await using mdpy = registered();
    expect(() => registerMdpy(mdpy.bus)).toThrow(errno('EBUSY'));
    await mdpy.parent.create('mdpy-vga', uuid(1));
  });

  test('a parent of the same name is EEXIST, and the driver is not registered either', () => {
    const bus = new MdevBus(testCore().core);
    const other = { ...mdpyDriver(), name: 'other' };
    bus.registerDriver(other);
    bus.registerParent('mdpy', other, []);
    expect(() => registerMdpy(bus)).toThrow(errno('EEXIST'));
    expect(bus.drivers.map(({ name }) => name)).toEqual(['other']);
  });
});

test('unregistering removes every display and frees its memory', async () => {
  const mdpy = registered();
  await mdpy.parent.create('mdpy-vga', uuid(1));
  const { instance } = await mdpy.parent.create('mdpy-hd', uuid(2));
  const { device } = instance;
  await mdpy[Symbol.asyncDispose]();
  expect(device.framebuffer.length).toBe(0);
});

test('a type that does not exist is ENOENT', async () => {
  await using mdpy = registered();
  const error: unknown = await mdpy.parent.create('mdpy-4k', uuid(1)).catch((e: unknown) => e);
  expect(isErrno(error, 'ENOENT')).toBe(true);
});
