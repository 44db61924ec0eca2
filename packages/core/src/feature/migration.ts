// MIGRATION, MIG_DEVICE_STATE and MIG_DATA_SIZE.

import { VfioError } from '../errno.ts';
import type { MigrationSession } from '../migration/session.ts';
import { migrationStateName, migrationStateNumber } from '../migration/states.ts';
import { VFIO_DEVICE_FEATURE_GET, VFIO_DEVICE_FEATURE_SET } from '../uapi.ts';
import { checkFeature } from './check.ts';
import { decodeMigState, encodeMigState, encodeU64, MIG_STATE_SIZE, U64_SIZE } from './layouts.ts';
import type { CheckedRequest, FeatureTarget } from './target.ts';

const NO_FD = -1;

/**
 * Counterpart of `vfio_ioctl_device_feature_migration()`.
 *
 * @throws `ENOTTY` no migration; `EINVAL`
 */
export function featureMigration(target: FeatureTarget, request: CheckedRequest): Uint8Array {
  const session = sessionOf(target);
  if (checkFeature(request.flags, request.argsz, VFIO_DEVICE_FEATURE_GET, U64_SIZE) === 'probe') {
    return request.data.slice();
  }
  return encodeU64(session.flags);
}

/**
 * Counterpart of `vfio_ioctl_device_feature_mig_device_state()`.
 *
 * @throws `ENOTTY` no migration; `EINVAL`; what `MigrationSession.setState` gives
 */
export function featureMigDeviceState(target: FeatureTarget, request: CheckedRequest): Uint8Array {
  const { flags, argsz, data } = request;
  const session = sessionOf(target);
  const supported = VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_SET;
  if (checkFeature(flags, argsz, supported, MIG_STATE_SIZE) === 'probe') return data.slice();
  if ((flags & VFIO_DEVICE_FEATURE_GET) !== 0) {
    return encodeMigState({ deviceState: migrationStateNumber(session.state), dataFd: NO_FD });
  }
  const { deviceState } = decodeMigState(data);
  const state = migrationStateName(deviceState);
  if (state === undefined) {
    throw new VfioError('EINVAL', 'feature', `0x${deviceState.toString(16)} is no device state`);
  }
  session.setState(state);
  return data.slice();
}

/**
 * Counterpart of `vfio_ioctl_device_feature_migration_data_size()`.
 *
 * @throws `ENOTTY` no migration; `EINVAL`; what the driver throws
 */
export function featureMigDataSize(target: FeatureTarget, request: CheckedRequest): Uint8Array {
  const session = sessionOf(target);
  if (checkFeature(request.flags, request.argsz, VFIO_DEVICE_FEATURE_GET, U64_SIZE) === 'probe') {
    return request.data.slice();
  }
  return encodeU64(session.dataSize());
}

function sessionOf({ ops, migration }: FeatureTarget): MigrationSession {
  if (ops.migration === undefined || migration === undefined) {
    throw new VfioError('ENOTTY', 'feature', 'the device cannot migrate');
  }
  return migration;
}
