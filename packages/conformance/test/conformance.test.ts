import { conformance } from '../src/index.ts';
import { bareHarness, referenceHarness, stopCopyHarness } from '../src/reference-device/index.ts';

conformance(referenceHarness);
conformance(stopCopyHarness);
conformance(bareHarness);
