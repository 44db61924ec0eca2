import { conformance } from '@vfio-ts/conformance';
import { overTheWire } from '@vfio-ts/vfio-user/testing';
import { harness } from './crc-harness.ts';

conformance(harness);
conformance(overTheWire(harness));
