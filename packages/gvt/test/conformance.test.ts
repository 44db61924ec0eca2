import { conformance } from '@vfio-ts/conformance';
import { overTheWire } from '@vfio-ts/vfio-user/testing';
import { harness, trappedHarness } from './harness.ts';

conformance(harness);
conformance(overTheWire(harness));
conformance(trappedHarness);
conformance(overTheWire(trappedHarness));
