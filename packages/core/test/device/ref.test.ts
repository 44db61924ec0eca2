import { describe, expect, test } from 'vitest';
import {
  assignDeviceSet,
  registerEmulatedIommuDev,
  setupRegion,
  unregisterGroupDev,
  type VfioDevice,
} from '../../src/index.ts';
import { testCore } from '../support.ts';
import { device, memory, registered, thrown, type Plain } from './fixture.ts';

const boom = new Error('boom');

describe('put', () => {
  test('releases at the last of several references, once', () => {
    const { core } = testCore();
    let releases = 0;
    const first = device(core, { release: () => void releases++ });
    const second = first.get();
    first.put();
    expect([releases, second.device.vdev.state]).toEqual([0, 'allocated']);
    second.put();
    expect(releases).toBe(1);
  });

  test('a second put is EINVAL, names the first one, and takes no reference of others', () => {
    const { core } = testCore();
    const first = device(core);
    using other = first.get();
    (function thePutter() {
      first.put();
    })();
    expect(() => first.put()).toThrow(
      /EINVAL: put: vfio0: second put .*the first put was at\n.*thePutter/s,
    );
    expect(other.device.vdev.state).toBe('allocated');
  });

  test('a second put names no stack while the core does not trace', () => {
    const first = device(testCore({}).core);
    first.put();
    expect(() => first.put()).toThrow(/second put of one reference$/);
  });

  test('is EBUSY for the last reference of a registered device, and changes nothing', async () => {
    const { core } = testCore();
    const { ref, vdev } = registered(core);
    expect(thrown(() => ref.put())).toBe('EBUSY');
    expect([ref.device.vdev, vdev.state]).toEqual([vdev, 'registered']);
    await unregisterGroupDev(vdev);
    ref.put();
    expect(vdev.state).toBe('released');
  });

  test('the device leaves its set and frees its index before release, its memory after', () => {
    const { core } = testCore();
    const behind = memory();
    const seen: unknown[] = [];
    const ref = device(core, {
      init: ({ vdev }) => {
        assignDeviceSet(vdev, 'slot');
        setupRegion(vdev, 0, { size: 4096, flags: 3, memory: behind });
      },
      release: ({ vdev }) => {
        const next = device(core, { init: (mate) => assignDeviceSet(mate.vdev, 'slot') });
        seen.push(next.device.vdev.index, vdev.state, behind.bytes.length);
        next.put();
      },
    });
    const view = behind.bytes;
    ref.put();
    expect(seen).toEqual([0, 'releasing', 4096]);
    expect(view.length).toBe(0);
  });

  test('a release that throws has released, and its error comes out', () => {
    const { core } = testCore();
    let puts = 0;
    const parent = { name: 'p', core, get() {}, put: () => void puts++ };
    const release = (): never => {
      throw boom;
    };
    const ref = device(core, { release }, parent);
    const { vdev } = ref.device;
    expect(thrown(() => ref.put())).toBe(boom);
    expect([vdev.state, puts, core.leaks()]).toEqual(['released', 1, []]);
  });

  test('region memory that fails to close does not keep the rest', () => {
    const { core } = testCore();
    const good = memory();
    const view = good.bytes;
    const close = (): never => {
      throw boom;
    };
    const ref = device(core, {
      init: ({ vdev }) => {
        const bad = { ...memory(), size: 4096, close };
        setupRegion(vdev, 0, { size: 4096, flags: 3, memory: bad });
        setupRegion(vdev, 1, { size: 4096, flags: 3, memory: good });
      },
    });
    expect(thrown(() => ref.put())).toBe(boom);
    expect([view.length, core.leaks()]).toEqual([0, []]);
  });

  test.for<[string, (vdev: VfioDevice) => void]>([
    ['registered', (vdev) => registerEmulatedIommuDev(vdev)],
    ['put into a set', (vdev) => assignDeviceSet(vdev, 'late')],
    ['given a region', (vdev) => setupRegion(vdev, 0, { size: 4096, flags: 3 })],
  ])('a device cannot be %s in its release', ([, take]) => {
    let code: unknown;
    const release = ({ vdev }: Plain): void => void (code = thrown(() => take(vdev)));
    const ref = device(testCore().core, { release });
    ref.put();
    expect(code).toBe('EINVAL');
  });
});

describe('a reference that has been put', () => {
  test.for(['device', 'get'] as const)('gives EINVAL for %s while the device lives', (use) => {
    const first = device(testCore().core);
    using other = first.get();
    first.put();
    expect(thrown(() => (use === 'device' ? first.device : first.get()))).toBe('EINVAL');
    expect(other.device.vdev.state).toBe('allocated');
  });

  test.for(['device', 'get'] as const)('gives ENODEV for %s after release', (use) => {
    const first = device(testCore().core);
    first.put();
    expect(thrown(() => (use === 'device' ? first.device : first.get()))).toBe('ENODEV');
  });
});

describe('leaks', () => {
  test('name a device that is alive, and who made it', () => {
    const { core } = testCore();
    const ref = device(core);
    const [leak, ...others] = core.leaks();
    expect(leak?.what).toBe('vfio0 (plain) under p, allocated: 1 references, 0 opens');
    expect(leak?.stack).toContain('ref.test.ts');
    expect(others).toEqual([]);
    ref.put();
    expect(core.leaks()).toEqual([]);
  });
});
