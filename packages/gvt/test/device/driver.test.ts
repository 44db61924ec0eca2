// vGPUs on the mdev bus.

import { MdevBus, MdevSysfs, VfioError, type MdevDriver } from '@vfio-ts/core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { registerGvt, unregisterGvt, type GvtParent } from '../../src/index.ts';
import { FakeGpu } from './fake-gpu.ts';
import { errno, expectNothingLeft, MB, testCore, type TestCore } from './support.ts';

const NAME = '0000:00:02.0';

interface Registered extends AsyncDisposable {
  readonly host: TestCore;
  readonly bus: MdevBus;
  readonly gpu: FakeGpu;
  readonly sysfs: MdevSysfs;
  readonly parent: GvtParent;
}

function registered(apertureMb = 256, host: TestCore = testCore()): Registered {
  const bus = new MdevBus(host.core);
  const gpu = new FakeGpu({ aperture: apertureMb * MB });
  const parent = registerGvt(bus, gpu);
  return {
    host,
    bus,
    gpu,
    sysfs: new MdevSysfs(bus),
    parent,
    async [Symbol.asyncDispose]() {
      await unregisterGvt(bus, parent);
      expect([bus.parents, bus.drivers, bus.devices]).toEqual([[], [], []]);
      expect(gpu.alive).toEqual([]);
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

/** `ok`, or the code of the error. */
async function outcomeOf(promise: Promise<unknown> | undefined): Promise<string> {
  try {
    await promise;
    return 'ok';
  } catch (error) {
    return error instanceof VfioError ? error.code : String(error);
  }
}

describe('the files', () => {
  test('of a type say what it is', async () => {
    await using gvt = registered();
    const file = (name: string): string =>
      gvt.sysfs.read(`${NAME}/mdev_supported_types/i915-GVTg_V5_4/${name}`);
    expect(file('name')).toBe('GVTg_V5_4\n');
    expect(file('device_api')).toBe('vfio-pci\n');
    expect(file('available_instances')).toBe('1\n');
    expect(file('description').split('\n')[0]).toBe('low_gm_size: 128MB');
  });

  test('of a vGPU say its id', async () => {
    await using gvt = registered();
    await gvt.parent.create('i915-GVTg_V5_8', uuid(1));
    await gvt.parent.create('i915-GVTg_V5_8', uuid(2));
    expect(gvt.sysfs.read(`${NAME}/${uuid(2)}/intel_vgpu/vgpu_id`)).toBe('2\n');
    await expect(gvt.sysfs.write(`${NAME}/${uuid(2)}/intel_vgpu/vgpu_id`, '1')).rejects.toThrow(
      errno('EACCES'),
    );
  });
});

describe('how many there can be', () => {
  test('depends on what is taken, whatever type it is of', async () => {
    await using gvt = registered(512);
    expect(instances(gvt)).toEqual([6, 3, 1]);
    const first = await gvt.parent.create('i915-GVTg_V5_4', uuid(1));
    expect(instances(gvt)).toEqual([4, 2, 1]);
    await gvt.parent.create('i915-GVTg_V5_2', uuid(2));
    expect(instances(gvt)).toEqual([0, 0, 0]);
    await expect(gvt.parent.create('i915-GVTg_V5_8', uuid(3))).rejects.toThrow(errno('ENOSPC'));
    expect(gvt.parent.devices.length).toBe(2);
    await first.remove();
    expect(instances(gvt)).toEqual([2, 1, 0]);
  });

  test('seven of the smallest type on the largest GPU', async () => {
    await using gvt = registered(1024);
    for (let n = 1; n <= 7; n++) {
      // oxlint-disable-next-line no-await-in-loop
      await gvt.parent.create('i915-GVTg_V5_8', uuid(n));
    }
    expect(instances(gvt)).toEqual([0, 0, 0, 0]);
    await expect(gvt.parent.create('i915-GVTg_V5_8', uuid(8))).rejects.toThrow(errno('ENOSPC'));
  });
});

type Step = readonly [what: 'create' | 'remove', which: number];
const steps = fc.array<Step>(
  fc.tuple(fc.constantFrom('create', 'create', 'remove'), fc.nat({ max: 7 })),
  { maxLength: 30 },
);

test('any order of creates and removes never over-commits and gives everything back', async () => {
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(256, 512, 1024), steps, async (aperture, order) => {
      await using gvt = registered(aperture);
      const fresh = instances(gvt);
      for (const [n, [what, which]] of order.entries()) {
        const { devices, types } = gvt.parent;
        const device = devices[which % Math.max(1, devices.length)];
        const type = types[which % types.length];
        const act = what === 'remove' ? device?.remove() : type?.create(uuid(n));
        // oxlint-disable-next-line no-await-in-loop
        expect(await outcomeOf(act)).toMatch(what === 'remove' ? /^ok$/u : /^(?:ok|ENOSPC)$/u);
        expect(gvt.gpu.alive.length).toBe(gvt.parent.devices.length);
        const low = gvt.gpu.alive.reduce((sum, { share }) => sum + share.aperture.size, 128 * MB);
        const high = gvt.gpu.alive.reduce((sum, { share }) => sum + share.hidden.size, 384 * MB);
        expect(low).toBeLessThanOrEqual(aperture * MB);
        expect(high).toBeLessThanOrEqual((4096 - aperture) * MB);
      }
      // oxlint-disable-next-line no-await-in-loop
      for (const device of gvt.parent.devices) await device.remove();
      expect(instances(gvt)).toEqual(fresh);
    }),
    { numRuns: 30 },
  );
});

describe('what fails leaves nothing', () => {
  test.each(['alloc', 'index', 'group', 'device-add', 'mdev-add', 'mdev-links'] as const)(
    'a create that fails at %s',
    async (point) => {
      const fault = (passed: string): void => {
        if (passed === point) throw new VfioError('EBUSY', point, 'made to fail');
      };
      await using gvt = registered(256, testCore({ fault }));
      await expect(gvt.parent.create('i915-GVTg_V5_8', uuid(1))).rejects.toThrow(errno('EBUSY'));
      expectNothingLeft(gvt.host);
      expect(gvt.gpu.alive).toEqual([]);
      expect(instances(gvt)).toEqual([2, 1]);
    },
  );

  test('a second registration is EBUSY and does not disturb the first', async () => {
    await using gvt = registered();
    expect(() => registerGvt(gvt.bus, gvt.gpu)).toThrow(errno('EBUSY'));
    await gvt.parent.create('i915-GVTg_V5_8', uuid(1));
  });

  test('a parent of the same name is EEXIST, and the driver is not registered either', () => {
    const bus = new MdevBus(testCore().core);
    const other: MdevDriver = {
      name: 'other',
      deviceApi: 'vfio-pci',
      maxInstances: 1,
      probe: () => undefined,
      remove: async () => {},
    };
    bus.registerDriver(other);
    bus.registerParent(NAME, other, []);
    expect(() => registerGvt(bus, new FakeGpu())).toThrow(errno('EEXIST'));
    expect(bus.drivers.map(({ name }) => name)).toEqual(['other']);
  });
});

test('unregistering removes every vGPU', async () => {
  const gvt = registered();
  await gvt.parent.create('i915-GVTg_V5_8', uuid(1));
  await gvt.parent.create('i915-GVTg_V5_8', uuid(2));
  await gvt[Symbol.asyncDispose]();
  expect(gvt.gpu.made.map(({ calls }) => calls)).toEqual([['close'], ['close']]);
});
