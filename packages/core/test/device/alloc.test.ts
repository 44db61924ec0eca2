import { describe, expect, test } from 'vitest';
import {
  allocDevice,
  assignDeviceSet,
  containerOf,
  registerEmulatedIommuDev,
  setupIrq,
  setupRegion,
  type FaultPoint,
  type ParentDevice,
  type VfioCore,
  type VfioDevice,
  type VfioDeviceOps,
} from '../../src/index.ts';
import { coreDevice } from '../../src/device/device.ts';
import { testCore } from '../support.ts';
import { device, memory, Plain, thrown, wrong } from './fixture.ts';

const boom = new Error('boom');

function throwBoom(): never {
  throw boom;
}

/** A parent that counts, as a bus does. */
function countingParent(core: VfioCore): ParentDevice & { references: number } {
  return {
    name: 'bus0',
    core,
    references: 0,
    get() {
      this.references++;
    },
    put() {
      this.references--;
    },
  };
}

describe('allocDevice', () => {
  test('takes parent, index, core device, constructor and init in this order', () => {
    const { core } = testCore({ fault: (point) => void order.push(point) });
    const order: string[] = [];
    class Noisy {
      readonly vdev: VfioDevice;
      constructor(vdev: VfioDevice) {
        order.push(`constructor of ${vdev.name}, ${vdev.state}`);
        this.vdev = vdev;
      }
    }
    const init = ({ vdev }: Noisy): void => void order.push(`init, ${vdev.state}`);
    const parent = { name: 'p', core, get: () => void order.push('get'), put() {} };
    const ref = allocDevice(Noisy, 'vdev', parent, { name: 'noisy', init });
    const made = 'constructor of vfio0, initialising';
    expect(order).toEqual(['get', 'alloc', 'index', made, 'init, initialising']);
    expect(ref.device.vdev.state).toBe('allocated');
  });

  const failures: readonly [string, (core: VfioCore, parent: ParentDevice) => unknown][] = [
    ['constructor', (_, parent) => allocDevice(Throwing, 'vdev', parent, { name: 'throwing' })],
    ['init', (core, parent) => device(core, { init: throwBoom }, parent)],
  ];
  class Throwing extends Plain {
    constructor(vdev: VfioDevice) {
      super(vdev);
      throw boom;
    }
  }
  test.for(failures)('an error of the %s comes out unchanged and leaves nothing', ([, alloc]) => {
    const { core } = testCore();
    const parent = countingParent(core);
    expect(thrown(() => alloc(core, parent))).toBe(boom);
    expect([parent.references, core.leaks()]).toEqual([0, []]);
    expect(device(core).device.vdev.index).toBe(0);
  });

  test.for(['alloc', 'index'] as const)('a fault at %s leaves nothing and calls no init', (at) => {
    let faulty = true;
    const fault = (point: FaultPoint): void => {
      if (faulty && point === at) throw boom;
    };
    const { core } = testCore({ fault });
    const parent = countingParent(core);
    let inits = 0;
    expect(thrown(() => device(core, { init: () => void inits++ }, parent))).toBe(boom);
    expect([parent.references, inits, core.leaks()]).toEqual([0, 0, []]);
    faulty = false;
    expect(device(core).device.vdev.index).toBe(0);
  });

  test('a parent that refuses its reference stops before anything is taken', () => {
    const { core } = testCore();
    const parent = { name: 'p', core, get: throwBoom, put: () => void puts++ };
    let puts = 0;
    expect(thrown(() => device(core, {}, parent))).toBe(boom);
    expect(puts).toBe(0);
    expect(device(core).device.vdev.index).toBe(0);
  });

  test('ENOSPC when all indexes are taken, until one is put', () => {
    const { core } = testCore({ maxDevices: 2 });
    const first = device(core);
    device(core);
    expect(thrown(() => device(core))).toBe('ENOSPC');
    first.put();
    expect(device(core).device.vdev.name).toBe('vfio0');
  });

  test('an init that fails after set-up leaves its set and closes its region memory', () => {
    const { core } = testCore();
    const mate = device(core, { init: ({ vdev }) => assignDeviceSet(vdev, 'slot') });
    const behind = memory();
    const view = behind.bytes;
    const init = ({ vdev }: Plain): void => {
      assignDeviceSet(vdev, 'slot');
      setupRegion(vdev, 0, { size: 4096, flags: 3, memory: behind });
      throw boom;
    };
    expect(thrown(() => device(core, { init }))).toBe(boom);
    expect(view.length).toBe(0);
    const { deviceSet } = coreDevice(mate.device.vdev, 'test');
    expect(deviceSet?.members.map(({ name }) => name)).toEqual(['vfio0']);
    mate.put();
    expect(core.leaks()).toEqual([]);
  });

  test('release is not called when init throws', () => {
    let releases = 0;
    const { core } = testCore();
    thrown(() => device(core, { init: throwBoom, release: () => void releases++ }));
    expect(releases).toBe(0);
  });

  test('a device kept from a failed init is ENODEV', () => {
    let kept: VfioDevice | undefined;
    const init = ({ vdev }: Plain): void => {
      kept = vdev;
      throw boom;
    };
    const { core } = testCore();
    thrown(() => device(core, { init }));
    expect(thrown(() => setupIrq(wrong<VfioDevice>(kept), 0, { count: 1 }))).toBe('ENODEV');
  });

  test('a clean-up that fails too is joined to the error of init, and goes on', () => {
    const { core } = testCore();
    const second = new Error('second');
    const close = (): never => {
      throw second;
    };
    const behind = { ...memory(), size: 4096, close };
    const parent = countingParent(core);
    const init = ({ vdev }: Plain): void => {
      setupRegion(vdev, 0, { size: 4096, flags: 3, memory: behind });
      throw boom;
    };
    const error = thrown(() => device(core, { init }, parent));
    expect(error).toMatchObject({ name: 'SuppressedError', error: second, suppressed: boom });
    expect([parent.references, device(core).device.vdev.index]).toEqual([0, 0]);
  });

  test('a device cannot be registered from its init', () => {
    const { core } = testCore();
    const alloc = (): unknown =>
      device(core, { init: ({ vdev }) => registerEmulatedIommuDev(vdev) });
    expect(thrown(alloc)).toBe('EINVAL');
  });

  const { core } = testCore();
  const parent = core.parent('p');
  const ops: VfioDeviceOps<Plain> = { name: 'plain' };
  const migration = { flags: 1, getState: () => 'RUNNING', setState() {}, getDataSize: () => 0 };
  test.for<[string, () => unknown]>([
    ['no class', () => allocDevice(wrong<typeof Plain>(null), 'vdev', parent, ops)],
    ['no parent', () => allocDevice(Plain, 'vdev', wrong<ParentDevice>(null), ops)],
    ['a parent without core', () => allocDevice(Plain, 'vdev', wrong<ParentDevice>({}), ops)],
    ['no callbacks', () => allocDevice(Plain, 'vdev', parent, wrong<typeof ops>(undefined))],
    ['callbacks without name', () => device(core, { name: wrong<string>(1) })],
    ['an unknown device api', () => device(core, { deviceApi: wrong<'vfio-pci'>('vfio-isa') })],
    ['a callback that is no function', () => device(core, { init: wrong<() => void>(1) })],
    ['half a pair', () => device(core, { closeDevice: wrong<() => void>(undefined) })],
    [
      'three of the iommufd callbacks',
      () => device(core, { attachIoas: wrong<() => void>(undefined) }),
    ],
    ['migration without states', () => device(core, { migration: wrong({ flags: 1 }) })],
    ['migration that is null', () => device(core, { migration: wrong(null) })],
    [
      'migration without STOP_COPY',
      () => device(core, { migration: wrong({ ...migration, flags: 2 }) }),
    ],
    ['logging without stop', () => device(core, { log: wrong({ logStart() {} }) })],
  ])('%s is EINVAL', ([, alloc]) => {
    expect(thrown(alloc)).toBe('EINVAL');
    expect(core.leaks()).toEqual([]);
  });

  test('whole migration callbacks are accepted', () => {
    using made = device(core, { migration: wrong(migration) });
    expect(made.device.vdev.state).toBe('allocated');
  });
});

describe('containerOf', () => {
  const { core } = testCore();

  test.for([null, undefined, 1, {}, new Plain(wrong<VfioDevice>(null))])(
    '%o is EINVAL',
    (value) => {
      expect(thrown(() => containerOf(wrong<VfioDevice>(value), Plain))).toBe('EINVAL');
    },
  );

  test('no class is EINVAL', () => {
    using ref = device(core);
    expect(thrown(() => containerOf(ref.device.vdev, wrong<typeof Plain>(null)))).toBe('EINVAL');
  });

  test('is ENODEV after release', () => {
    const ref = device(core);
    const { vdev } = ref.device;
    ref.put();
    expect(thrown(() => containerOf(vdev, Plain))).toBe('ENODEV');
  });

  test('knows a device of another copy of core by its brand', () => {
    const own = new Plain(wrong<VfioDevice>(null));
    const foreign = {
      '@vfio-ts/core/device': true,
      life: { tag: 'allocated' },
      self: own,
      name: 'x',
    };
    expect(containerOf(wrong<VfioDevice>(foreign), Plain)).toBe(own);
  });
});
