// DEVICE_FEATURE.

import {
  VFIO_DEVICE_FEATURE_GET,
  VFIO_DEVICE_FEATURE_MASK,
  VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE,
  VFIO_DEVICE_FEATURE_PROBE,
  VFIO_DEVICE_FEATURE_SET,
  VfioError,
} from '@vfio-ts/core';
import type { Call, HandlerEntry } from '../call.ts';
import { HEADER_SIZE } from '../header.ts';
import { FEATURE_SIZE } from '../messages/feature.ts';
import { VFIO_USER } from '../protocol.ts';

/** The handlers of this file. */
export const featureHandlers: readonly HandlerEntry[] = [
  [VFIO_USER.DEVICE_FEATURE, { minPayload: FEATURE_SIZE, handle: feature, settle }],
];

/** Bits that a request has exactly which takes the device to another migration state. */
const SETS_STATE = VFIO_DEVICE_FEATURE_SET | VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE;
const DECIDES = VFIO_DEVICE_FEATURE_MASK | VFIO_DEVICE_FEATURE_SET | VFIO_DEVICE_FEATURE_PROBE;

function settle({ request, client }: Call): Promise<void> | undefined {
  const setsState = (request.view.getUint32(HEADER_SIZE + 4, true) & DECIDES) === SETS_STATE;
  return setsState ? client.device.quiesce?.() : undefined;
}

function feature(call: Call): number {
  const { request, reply, payloadLength } = call;
  const argsz = request.view.getUint32(HEADER_SIZE, true);
  const flags = request.view.getUint32(HEADER_SIZE + 4, true);
  const echoes = (flags & (VFIO_DEVICE_FEATURE_SET | VFIO_DEVICE_FEATURE_PROBE)) !== 0;
  if (argsz < FEATURE_SIZE || (echoes && argsz < payloadLength)) {
    throw new VfioError('EINVAL', 'feature', `argsz ${argsz} is too small`);
  }
  const data = request.bytes.slice(HEADER_SIZE + FEATURE_SIZE, HEADER_SIZE + payloadLength);
  // A claim of more room than a reply may use, or of more data than came, counts for nothing.
  const room = isGet(flags) ? FEATURE_SIZE + call.limits.maxDataXferSize : payloadLength;
  const answer = call.client.device.access.feature({ argsz: Math.min(argsz, room), flags, data });
  const out = echoes && answer.length !== data.length ? data : answer;
  reply.reserve(HEADER_SIZE + FEATURE_SIZE + out.length);
  reply.view.setUint32(HEADER_SIZE, echoes ? argsz : FEATURE_SIZE + out.length, true);
  reply.view.setUint32(HEADER_SIZE + 4, flags, true);
  reply.bytes.set(out, HEADER_SIZE + FEATURE_SIZE);
  return FEATURE_SIZE + out.length;
}

function isGet(flags: number): boolean {
  return (flags & VFIO_DEVICE_FEATURE_GET) !== 0 && (flags & VFIO_DEVICE_FEATURE_PROBE) === 0;
}
