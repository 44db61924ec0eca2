// Subchannels as parents of mediated devices.

import { randomUUID } from 'node:crypto';
import { InProcessSession, isSettled } from '@vfio-ts/conformance';
import { ManualClock, RecordingLogger, TrackedMemory } from '@vfio-ts/conformance/fakes';
import { MdevBus, VfioCore, VfioError } from '@vfio-ts/core';
import { describe, expect, test } from 'vitest';
import { PMCW_QDIO, registerVfioCcw } from '../../src/index.ts';
import { errno } from '../support/open-ccw.ts';
import { ScriptedSubchannel } from '../support/scripted-subchannel.ts';

const TYPE = 'vfio_ccw-io';

function newBus(): MdevBus {
  const host = {
    clock: new ManualClock(),
    logger: new RecordingLogger(),
    memory: new TrackedMemory(),
  };
  return new MdevBus(new VfioCore(host));
}

const qdio = (): ScriptedSubchannel => {
  const subchannel = new ScriptedSubchannel('0.0.0002');
  subchannel.pmcw = { ...subchannel.pmcw, flags: PMCW_QDIO };
  return subchannel;
};
const absent = (): ScriptedSubchannel => {
  const subchannel = new ScriptedSubchannel('0.0.0002');
  subchannel.isGone = true;
  return subchannel;
};

test('each subchannel is a parent of its own name, with room for one device', async () => {
  const bus = newBus();
  const subchannels = [new ScriptedSubchannel('0.0.0001'), new ScriptedSubchannel('0.0.0002')];
  const ccw = registerVfioCcw(bus, subchannels);
  expect(bus.parents.map(({ name }) => name)).toEqual(['0.0.0001', '0.0.0002']);
  const [parent] = ccw.parents;
  expect(parent?.types.map(({ name }) => name)).toEqual(['I/O subchannel (Non-QDIO)']);
  const mdev = await parent?.create(TYPE, randomUUID());
  expect(mdev?.instance.device.subchannel).toBe(subchannels[0]);
  await expect(parent?.create(TYPE, randomUUID())).rejects.toThrow(errno('EUSERS'));
  await ccw.unregister();
  expect(bus.parents).toEqual([]);
  expect(bus.drivers).toEqual([]);
  expect(bus.core.leaks()).toEqual([]);
});

test('a subchannel stays disabled until its device is open', async () => {
  const bus = newBus();
  const subchannel = new ScriptedSubchannel();
  const ccw = registerVfioCcw(bus, [subchannel]);
  await ccw.parents[0]?.create(TYPE, randomUUID());
  expect(subchannel.calls).toEqual([]);
  await ccw.unregister();
});

describe('refused', () => {
  test.each([
    ['for QDIO', qdio, 'ENODEV'],
    ['that is gone', absent, 'ENODEV'],
    ['of a name that is taken', () => new ScriptedSubchannel('0.0.0001'), 'EEXIST'],
  ] as const)('is a subchannel %s, and nothing is registered then', async (_what, make, code) => {
    const bus = newBus();
    expect(() => registerVfioCcw(bus, [new ScriptedSubchannel('0.0.0001'), make()])).toThrow(
      errno(code),
    );
    await isSettled(Promise.resolve());
    expect(bus.parents).toEqual([]);
    expect(bus.drivers).toEqual([]);
  });

  test('is a second driver on one bus', async () => {
    const bus = newBus();
    const ccw = registerVfioCcw(bus, []);
    expect(() => registerVfioCcw(bus, [])).toThrow(errno('EBUSY'));
    await ccw.unregister();
  });
});

test('a subchannel that goes takes its parent with it, when its user has let go', async () => {
  const bus = newBus();
  const subchannel = new ScriptedSubchannel();
  const ccw = registerVfioCcw(bus, [subchannel]);
  const mdev = await ccw.parents[0]?.create(TYPE, randomUUID());
  const vdev = mdev?.vfioDevice;
  if (vdev === undefined) throw new VfioError('ENODEV', 'test', 'no device');
  const session = new InProcessSession(vdev);
  subchannel.unplug();
  await isSettled(Promise.resolve());
  expect(bus.parents.length).toBe(1);
  expect(() => session.access.write(1, 0, Uint8Array.of(0, 0, 0, 1))).toThrow(errno('EIO'));
  await session.close();
  await isSettled(new Promise(() => {}));
  expect(bus.parents).toEqual([]);
  await ccw.unregister();
  expect(bus.core.leaks()).toEqual([]);
});
