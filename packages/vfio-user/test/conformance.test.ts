// Everything the shared suite knows about a device, of a device that has everything, over the wire.

import { conformance } from '@vfio-ts/conformance';
import { referenceHarness } from '@vfio-ts/conformance/reference-device';
import { overTheWire } from '../src/testing.ts';

conformance(overTheWire(referenceHarness));
