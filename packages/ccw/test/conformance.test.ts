import { conformance } from '@vfio-ts/conformance';
import { overTheWire } from '@vfio-ts/vfio-user/testing';
import { ccwHarness } from './support/harness.ts';

conformance(ccwHarness);
conformance(overTheWire(ccwHarness));
