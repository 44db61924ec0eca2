import { describe, expect, test } from 'vitest';
import { allocDevice, wrapOps, type VfioDevice, type VfioDeviceOps } from '../src/index.ts';
import { testCore } from './support.ts';

class Plain {
  readonly vdev: VfioDevice;

  constructor(vdev: VfioDevice) {
    this.vdev = vdev;
  }
}

function alloc(ops: VfioDeviceOps<Plain>) {
  return allocDevice(Plain, 'vdev', testCore().core.parent('p'), ops);
}

describe('wrapOps', () => {
  test('the next call goes to the new table', () => {
    const calls: string[] = [];
    const ref = alloc({ name: 'plain', release: () => void calls.push('old') });
    wrapOps(ref.device.vdev, (ops) => ({ ...ops, release: () => void calls.push('new') }));
    ref.put();
    expect(calls).toEqual(['new']);
  });

  test('a wrapper reaches the table before it', () => {
    const calls: string[] = [];
    const ref = alloc({ name: 'plain', release: () => void calls.push('old') });
    wrapOps(ref.device.vdev, (ops) => ({
      ...ops,
      release: (device) => {
        calls.push('new');
        ops.release?.(device);
      },
    }));
    ref.put();
    expect(calls).toEqual(['new', 'old']);
  });

  test.each([
    ['reset comes', { name: 'plain' }, { name: 'plain', reset: () => undefined }],
    ['reset goes', { name: 'plain', reset: () => undefined }, { name: 'plain' }],
  ])('EINVAL where %s', (_, before, after) => {
    using ref = alloc(before);
    expect(() => wrapOps(ref.device.vdev, () => after)).toThrow(
      expect.objectContaining({ code: 'EINVAL' }),
    );
  });

  test('ENODEV after the release', () => {
    const ref = alloc({ name: 'plain' });
    const { vdev } = ref.device;
    ref.put();
    expect(() => wrapOps(vdev, (ops) => ops)).toThrow(expect.objectContaining({ code: 'ENODEV' }));
  });
});
