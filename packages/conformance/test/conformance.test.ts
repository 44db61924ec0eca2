import { conformance } from '../src/index.ts';
import { referenceHarness } from '../src/reference-device/index.ts';

conformance(referenceHarness);
