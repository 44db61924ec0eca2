// MIG_DATA_READ and MIG_DATA_WRITE: the migration stream in pieces.

import { VfioError } from '@vfio-ts/core';
import type { Call, HandlerEntry } from '../call.ts';
import { HEADER_SIZE } from '../header.ts';
import { MIG_DATA_SIZE } from '../messages/feature.ts';
import { VFIO_USER } from '../protocol.ts';

/** The handlers of this file. */
export const migrationHandlers: readonly HandlerEntry[] = [
  [VFIO_USER.MIG_DATA_READ, { minPayload: MIG_DATA_SIZE, handle: readData }],
  [VFIO_USER.MIG_DATA_WRITE, { minPayload: MIG_DATA_SIZE, handle: writeData }],
];

const DATA_AT = HEADER_SIZE + MIG_DATA_SIZE;

function readData(call: Call): number {
  const { client, reply } = call;
  const size = checkSize(call);
  reply.reserve(DATA_AT + size);
  const { bytes, view } = reply;
  const done = client.device.access.readMigrationData(bytes.subarray(DATA_AT, DATA_AT + size));
  const sent = client.profile.wholeMigrationReplies ? size : done;
  bytes.fill(0, DATA_AT + done, DATA_AT + sent);
  view.setUint32(HEADER_SIZE, MIG_DATA_SIZE + sent, true);
  view.setUint32(HEADER_SIZE + 4, done, true);
  return MIG_DATA_SIZE + sent;
}

function writeData(call: Call): number {
  const { access } = call.client.device;
  const size = checkSize(call);
  if (call.payloadLength < MIG_DATA_SIZE + size) {
    throw new VfioError('EINVAL', 'writeMigrationData', `data is short of ${size} bytes`);
  }
  const done = access.writeMigrationData(call.request.bytes.slice(DATA_AT, DATA_AT + size));
  if (done !== size) {
    throw new VfioError('EIO', 'writeMigrationData', `${done} of ${size} bytes taken`);
  }
  return 0;
}

/** Bytes of data, within what both sides take in one message. */
function checkSize({ request, limits, client }: Call): number {
  const argsz = request.view.getUint32(HEADER_SIZE, true);
  const size = request.view.getUint32(HEADER_SIZE + 4, true);
  if (size > Math.min(limits.maxDataXferSize, client.peer.maxDataXferSize)) {
    throw new VfioError('EINVAL', 'migrationData', `${size} bytes are too many`);
  }
  if (argsz < MIG_DATA_SIZE + size) {
    throw new VfioError('EINVAL', 'migrationData', `argsz ${argsz} is short of ${size} bytes`);
  }
  return size;
}
