import { VfioError, type VfioDeviceOps } from '@vfio-ts/core';
import { expect, test } from 'vitest';
import { Collector, conformance } from '../src/index.ts';
import {
  referenceHarness,
  referenceOps,
  type ReferenceDevice,
} from '../src/reference-device/index.ts';

async function errorOf(harness: typeof referenceHarness): Promise<string> {
  const api = new Collector();
  conformance(harness, { api, only: ['random sequences'], sequences: 300 });
  const [result] = await api.run();
  return String(result?.error);
}

function withOps(ops: Partial<VfioDeviceOps<ReferenceDevice>>): typeof referenceHarness {
  return { ...referenceHarness, ops: Object.assign({}, referenceOps, ops) };
}

const FAULTY = [
  { what: 'a reset that forgets the memory', harness: withOps({ reset() {} }) },
  { what: 'interrupts that get lost', harness: { ...referenceHarness, triggerIrq() {} } },
  {
    what: 'a close that fails',
    harness: withOps({
      closeDevice() {
        throw new VfioError('EIO', 'closeDevice', 'made to fail');
      },
    }),
  },
  {
    what: 'an untrue manifest',
    harness: { ...referenceHarness, supports: { ...referenceHarness.supports, reset: false } },
  },
];

test.each(FAULTY)(
  'random sequences find $what, and print how to repeat it',
  async ({ harness }) => {
    expect(await errorOf(harness)).toMatch(/seed: -?\d+, path: "/u);
  },
);

test('only must name suites there are', () => {
  const api = new Collector();
  expect(() => conformance(referenceHarness, { api, only: ['no such suite'] })).toThrow(RangeError);
});
