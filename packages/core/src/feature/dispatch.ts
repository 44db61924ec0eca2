// VFIO_DEVICE_FEATURE: what all features have in common, and the way to each.

import type { FeatureRequest } from '../access.ts';
import { VfioError } from '../errno.ts';
import {
  VFIO_DEVICE_FEATURE_DMA_LOGGING_REPORT,
  VFIO_DEVICE_FEATURE_DMA_LOGGING_START,
  VFIO_DEVICE_FEATURE_DMA_LOGGING_STOP,
  VFIO_DEVICE_FEATURE_GET,
  VFIO_DEVICE_FEATURE_MASK,
  VFIO_DEVICE_FEATURE_MIG_DATA_SIZE,
  VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE,
  VFIO_DEVICE_FEATURE_MIGRATION,
  VFIO_DEVICE_FEATURE_PROBE,
  VFIO_DEVICE_FEATURE_SET,
} from '../uapi.ts';
import { FEATURE_HEADER_SIZE } from './check.ts';
import { featureLoggingReport, featureLoggingStart, featureLoggingStop } from './logging.ts';
import { featureMigDataSize, featureMigDeviceState, featureMigration } from './migration.ts';
import type { CheckedRequest, FeatureOptions, FeatureTarget } from './target.ts';

const OPS = VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_SET;
const KNOWN_FLAGS = VFIO_DEVICE_FEATURE_MASK | OPS | VFIO_DEVICE_FEATURE_PROBE;
const U32_MAX = 0xffff_ffff;

/**
 * Serves one feature request. Counterpart of `vfio_ioctl_device_feature()`.
 *
 * @returns the data part of the reply: of a GET what was asked for, of a SET or PROBE the request's own data
 * @throws `EINVAL` malformed, unsupported operation, unknown feature and no handler; `ENOTTY` unknown or absent
 * feature; and what the feature gives
 */
export function dispatchFeature(
  target: FeatureTarget,
  request: FeatureRequest,
  options: FeatureOptions = {},
): Uint8Array {
  const checked = checkHeader(request);
  switch (checked.flags & VFIO_DEVICE_FEATURE_MASK) {
    case VFIO_DEVICE_FEATURE_MIGRATION:
      return featureMigration(target, checked);
    case VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE:
      return featureMigDeviceState(target, checked);
    case VFIO_DEVICE_FEATURE_DMA_LOGGING_START:
      return featureLoggingStart(target, checked, options);
    case VFIO_DEVICE_FEATURE_DMA_LOGGING_STOP:
      return featureLoggingStop(target, checked);
    case VFIO_DEVICE_FEATURE_DMA_LOGGING_REPORT:
      return featureLoggingReport(target, checked, options);
    case VFIO_DEVICE_FEATURE_MIG_DATA_SIZE:
      return featureMigDataSize(target, checked);
    default:
      return driverFeature(target, checked);
  }
}

function checkHeader(request: FeatureRequest): CheckedRequest {
  const { flags, data = new Uint8Array(0) } = request;
  const argsz = request.argsz ?? FEATURE_HEADER_SIZE + data.length;
  if (!Number.isInteger(argsz) || argsz < FEATURE_HEADER_SIZE || argsz > U32_MAX) {
    throw invalid(`argsz ${argsz}`);
  }
  if (!Number.isInteger(flags) || flags < 0 || flags > U32_MAX || (flags & ~KNOWN_FLAGS) !== 0) {
    throw invalid(`flags 0x${flags.toString(16)}`);
  }
  if ((flags & VFIO_DEVICE_FEATURE_PROBE) === 0 && (flags & OPS) === OPS) {
    throw invalid('GET and SET at once');
  }
  return { flags, argsz, data: data.subarray(0, argsz - FEATURE_HEADER_SIZE) };
}

function driverFeature(target: FeatureTarget, request: CheckedRequest): Uint8Array {
  const { ops, self } = target;
  const feature = request.flags & VFIO_DEVICE_FEATURE_MASK;
  if (ops.deviceFeature === undefined) throw invalid(`no feature ${feature}`);
  if ((request.flags & (OPS | VFIO_DEVICE_FEATURE_PROBE)) === 0) {
    throw invalid('neither GET nor SET nor PROBE');
  }
  return ops.deviceFeature(self, request);
}

function invalid(fact: string): VfioError {
  return new VfioError('EINVAL', 'feature', fact);
}
