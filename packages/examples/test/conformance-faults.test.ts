// What the shared suite says of faults, as the guide to it tells.
import { inspect } from 'node:util';
import { Collector, conformance, type DeviceHarness } from '@vfio-ts/conformance';
import { crcOps, type CrcDevice } from '../src/crc-device.ts';
import { expect, test } from 'vitest';
import { harness } from './crc-harness.ts';

/** Runs the suite here and now, and gives what failed and why. */
async function failures(changed: DeviceHarness<CrcDevice>): Promise<string[]> {
  const collector = new Collector();
  conformance(changed, { api: collector, sequences: 10, cycles: 10 });
  const results = await collector.run();
  return results.flatMap(({ title, error }) =>
    error === undefined ? [] : [`${title}: ${inspect(error)}`],
  );
}

test('of the engine as it is: nothing', async () => {
  expect(await failures(harness)).toEqual([]);
});

test('a reset that forgets the registers', async () => {
  const forgetful = { ...crcOps, reset: ({ config }: CrcDevice) => config.reset() };
  expect(await failures({ ...harness, ops: forgetful })).toEqual([
    expect.stringMatching(/^\[83\] everything a guest can see is as it was at first: /u),
  ]);
});

test('memory that does not come back', async () => {
  const leaking = {
    ...crcOps,
    init(crc: CrcDevice) {
      crc.init();
      crc.vdev.core.memory.alloc('scratch', 4096);
    },
  };
  const found = await failures({ ...harness, ops: leaking });
  const said = expect.stringContaining('LeakError: left behind:\n  memory: scratch');
  expect(found).toContainEqual(said);
});

test('a harness that keeps quiet about the reset', async () => {
  const untrue = { ...harness, supports: { ...harness.supports, reset: false } };
  expect(await failures(untrue)).toEqual([
    expect.stringMatching(/^\[51\] the flags say PCI and RESET exactly when the device is/u),
    expect.stringMatching(/^\[83\] a device without reset refuses one and stays as it is: /u),
    expect.stringMatching(/Counterexample: .*"op":"alloc".*"op":"register".*"op":"open".*"reset"/u),
  ]);
});
