import { describe, expect, test } from 'vitest';
import {
  deviceGroup,
  registerEmulatedIommuDev,
  REQUEST_INTERVAL_MS,
  setupRegion,
  unregisterGroupDev,
  type DeviceFile,
  type VfioDevice,
} from '../../src/index.ts';
import {
  device,
  memory,
  opened,
  registered,
  rejected,
  thrown,
  wrong,
  type Opened,
  type SomeOps,
} from '../device/fixture.ts';
import { testCore, type TestCore } from '../support.ts';

const boom = new Error('boom');

interface Used extends Opened, TestCore {
  readonly requests: number[];
}

/** An open device whose driver notes the requests to let go. */
function used(ops: SomeOps = {}): Used {
  const made = testCore();
  const requests: number[] = [];
  const request: SomeOps['request'] = (_, count) => void requests.push(count);
  return { ...made, requests, ...opened(made.core, { request, ...ops }) };
}

/** Whether a promise has settled by now. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  return Promise.race([promise.then(() => true), Promise.resolve().then(() => false)]);
}

function throwBoom(): never {
  throw boom;
}

const withMemory: SomeOps['init'] = ({ vdev }) => {
  setupRegion(vdev, 0, { size: 4096, flags: 7, memory: memory() });
};

describe('unregisterGroupDev', () => {
  test('of a device nobody uses asks nobody and starts no timer', async () => {
    const { core, clock } = testCore();
    let requests = 0;
    const { vdev } = registered(core, { request: () => void requests++ });
    await unregisterGroupDev(vdev);
    expect([requests, clock.pending, vdev.state]).toEqual([0, 0, 'unregistered']);
  });

  test('asks at once, then each 10 s, until the last file is closed', async () => {
    const { vdev, file, clock, requests } = used();
    const promise = unregisterGroupDev(vdev);
    expect([requests, vdev.state]).toEqual([[0], 'unregistering']);
    clock.advance(REQUEST_INTERVAL_MS - 1);
    expect(requests).toEqual([0]);
    clock.advance(1);
    clock.advance(2 * REQUEST_INTERVAL_MS);
    expect(requests).toEqual([0, 1, 2, 3]);
    expect(await isSettled(promise)).toBe(false);
    file.close();
    await promise;
    clock.advance(10 * REQUEST_INTERVAL_MS);
    expect([requests.length, clock.pending, vdev.state]).toEqual([4, 0, 'unregistered']);
  });

  test('waits for every file of the device', async () => {
    const { vdev, file, group } = used();
    const second = group.openDevice(vdev);
    const promise = unregisterGroupDev(vdev);
    file.close();
    expect(await isSettled(promise)).toBe(false);
    second.close();
    await promise;
    expect(vdev.state).toBe('unregistered');
  });

  test('a request that closes the last file ends the wait, without a timer', async () => {
    const kept: { file?: DeviceFile } = {};
    const { vdev, clock, file } = used({ request: () => kept.file?.close() });
    kept.file = file;
    await unregisterGroupDev(vdev);
    expect([vdev.state, clock.pending]).toEqual(['unregistered', 0]);
  });

  test('a request that throws is logged, and the asking goes on', () => {
    let calls = 0;
    const { vdev, clock, lines } = used({
      request() {
        calls++;
        throw boom;
      },
    });
    void unregisterGroupDev(vdev);
    clock.advance(REQUEST_INTERVAL_MS);
    expect([calls, lines.map(({ level }) => level)]).toEqual([2, ['error', 'error']]);
  });

  test('a request that unregisters gets EINVAL', async () => {
    const second: Promise<void>[] = [];
    const { vdev, file } = used({
      request: (self) => void second.push(unregisterGroupDev(self.vdev)),
    });
    const promise = unregisterGroupDev(vdev);
    const codes = await Promise.all(second.map((each) => rejected(each)));
    file.close();
    await promise;
    expect(codes).toEqual(['EINVAL']);
  });

  test('a driver without request still waits', async () => {
    const { vdev, file } = used({ request: wrong<() => void>(undefined) });
    const promise = unregisterGroupDev(vdev);
    expect(await isSettled(promise)).toBe(false);
    file.close();
    await promise;
    expect(vdev.state).toBe('unregistered');
  });

  test('a mapping that outlives its file holds the device', async () => {
    const { core } = testCore();
    const { vdev, file } = opened(core, { init: withMemory });
    const mapping = file.mmap(0, 0, 4096);
    file.close();
    const promise = unregisterGroupDev(vdev);
    expect([await isSettled(promise), mapping.bytes.length]).toEqual([false, 4096]);
    mapping.unmap();
    await promise;
    expect(mapping.bytes.length).toBe(0);
  });

  test('an open file works on, and there are no new ones', () => {
    const { vdev, file, group } = used();
    void unregisterGroupDev(vdev);
    expect(file.getInfo().numRegions).toBe(9);
    expect(thrown(() => group.openDevice(vdev.name))).toBe('ENODEV');
    expect(thrown(() => group.openDevice(vdev))).toBe('ENODEV');
    expect(thrown(() => deviceGroup(vdev))).toBe('ENODEV');
  });

  test.for([
    ['resolves', () => Promise.resolve()],
    ['rejects', () => Promise.reject(boom)],
  ] as const)('an interruption that %s warns once and the wait goes on', async ([, interrupt]) => {
    const { vdev, file, lines } = used();
    const promise = unregisterGroupDev(vdev, { interrupted: interrupt() });
    await Promise.resolve();
    await Promise.resolve();
    expect(lines.map(({ level }) => level)).toEqual(['warn']);
    expect(await isSettled(promise)).toBe(false);
    file.close();
    await promise;
    expect(lines.length).toBe(1);
  });

  test('an interruption after the end is no news', async () => {
    const { vdev, file, lines } = used();
    const { promise: interrupted, resolve } = Promise.withResolvers<void>();
    const promise = unregisterGroupDev(vdev, { interrupted });
    file.close();
    await promise;
    resolve();
    await interrupted;
    expect(lines).toEqual([]);
  });

  test('a closeDevice that throws still ends the wait', async () => {
    const { vdev, file } = used({
      closeDevice() {
        throw boom;
      },
    });
    const promise = unregisterGroupDev(vdev);
    expect(thrown(() => file.close())).toBe(boom);
    await promise;
    expect(vdev.state).toBe('unregistered');
  });

  test('from within openDevice it waits for the open that runs', async () => {
    const { core } = testCore();
    const waits: Promise<void>[] = [];
    const { vdev, file } = opened(core, {
      openDevice: (self) => void waits.push(unregisterGroupDev(self.vdev)),
    });
    expect(vdev.state).toBe('unregistering');
    file.close();
    await Promise.all(waits);
    expect(vdev.state).toBe('unregistered');
  });

  test('a bus that fails to take the device away is logged and stops nothing', async () => {
    const { core, lines } = testCore();
    const { vdev } = device(core, {}, { name: 'bus', core, deviceRemoved: throwBoom }).device;
    registerEmulatedIommuDev(vdev);
    await unregisterGroupDev(vdev);
    expect([vdev.state, lines.map(({ level }) => level)]).toEqual(['unregistered', ['error']]);
  });

  test('is refused for all but a registered device', async () => {
    const { core } = testCore();
    const ref = device(core);
    const { vdev } = ref.device;
    expect(await rejected(unregisterGroupDev(vdev))).toBe('EINVAL');
    registerEmulatedIommuDev(vdev);
    await unregisterGroupDev(vdev);
    expect(await rejected(unregisterGroupDev(vdev))).toBe('EINVAL');
    ref.put();
    expect(await rejected(unregisterGroupDev(vdev))).toBe('ENODEV');
    expect(await rejected(unregisterGroupDev(wrong<VfioDevice>({})))).toBe('EINVAL');
  });
});
