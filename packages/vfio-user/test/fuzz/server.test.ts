import { conformance } from '@vfio-ts/conformance';
import { referenceHarness } from '@vfio-ts/conformance/reference-device';
import { describe } from 'vitest';
import { overTheWire } from '../../src/testing.ts';
import { fuzzServer } from './fuzz-server.ts';

fuzzServer(referenceHarness);

// In this process, after millions of messages, as good as in a fresh one.
describe('after all that', () => {
  const only = ['info', 'reset', 'DMA access', 'migration data'];
  const isLong = process.env['VFIO_TS_FUZZ'] !== undefined;
  conformance(overTheWire(referenceHarness), isLong ? {} : { only });
});
