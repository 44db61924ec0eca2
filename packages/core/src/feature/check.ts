import { VfioError } from '../errno.ts';
import {
  VFIO_DEVICE_FEATURE_GET,
  VFIO_DEVICE_FEATURE_PROBE,
  VFIO_DEVICE_FEATURE_SET,
} from '../uapi.ts';

/** Bytes of argsz and flags, in front of the data of every feature. */
export const FEATURE_HEADER_SIZE = 8;

/**
 * Tells what to do about a feature request. Counterpart of `vfio_check_feature()`.
 *
 * @param flags - of the request
 * @param argsz - of the request, header included
 * @param supportedOps - `VFIO_DEVICE_FEATURE_GET` and `_SET` as the feature has them
 * @param minsz - bytes of data the feature needs at least, header not included
 * @returns `'probe'`: the feature is there, nothing more to do; `'go'`: go on
 * @throws `EINVAL` an operation the feature lacks, none at all, too little room
 */
export function checkFeature(
  flags: number,
  argsz: number,
  supportedOps: number,
  minsz: number,
): 'probe' | 'go' {
  const ops = VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_SET;
  if ((flags & ops & ~supportedOps) !== 0) {
    throw new VfioError('EINVAL', 'feature', `flags 0x${flags.toString(16)}: no such operation`);
  }
  if ((flags & VFIO_DEVICE_FEATURE_PROBE) !== 0) return 'probe';
  if ((flags & ops) === 0) {
    throw new VfioError('EINVAL', 'feature', 'neither GET nor SET nor PROBE');
  }
  if (argsz - FEATURE_HEADER_SIZE < minsz) {
    const needs = FEATURE_HEADER_SIZE + minsz;
    throw new VfioError('EINVAL', 'feature', `argsz ${argsz} is below ${needs}`);
  }
  return 'go';
}
