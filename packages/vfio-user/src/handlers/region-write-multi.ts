// REGION_WRITE_MULTI: writes of register size that a client has gathered.

import { VfioError } from '@vfio-ts/core';
import type { Call, HandlerEntry } from '../call.ts';
import { HEADER_NO_REPLY, HEADER_SIZE, messageFlags } from '../header.ts';
import { getU64, getU64Rounded, setU64 } from '../messages/u64.ts';
import { MULTI_WRITE_DATA, MULTI_WRITE_SIZE, WRITE_MULTI_SIZE } from '../messages/write-multi.ts';
import { MAX_MULTI_WRITES, MAX_MULTI_WRITE_SIZE, VFIO_USER } from '../protocol.ts';

/** The handlers of this file. */
export const regionWriteMultiHandlers: readonly HandlerEntry[] = [
  [VFIO_USER.REGION_WRITE_MULTI, { minPayload: WRITE_MULTI_SIZE, handle: writeMulti }],
];

/**
 * Does the writes in their order. The first that fails ends it: the reply says how many were done, or is the error
 * where none was. Without a reply they are what QEMU would have posted one by one: each stands for itself.
 */
function writeMulti(call: Call): number {
  if (!call.client.writeMultiple) throw refuse('was not agreed on');
  const writes = checkCount(call);
  for (let index = 0; index < writes; index++) checkWrite(call, index);
  const isPosted = (messageFlags(call.request.view) & HEADER_NO_REPLY) !== 0;
  let done = 0;
  let failure: unknown;
  for (let index = 0; index < writes; index++) {
    try {
      write(call, index);
      done++;
    } catch (error) {
      failure ??= error;
      if (!isPosted) break;
    }
  }
  if (done < writes) {
    if (done === 0 || isPosted) throw failure;
    const fact = `write ${done} of ${writes} failed, the rest was not tried`;
    call.logger.log('debug', 'regionWriteMulti', () => fact, failure);
  }
  setU64(call.reply.view, HEADER_SIZE, done);
  return WRITE_MULTI_SIZE;
}

function checkCount({ request, payloadLength }: Call): number {
  const writes = getU64Rounded(request.view, HEADER_SIZE);
  if (writes > MAX_MULTI_WRITES) throw refuse(`${writes} writes are too many`);
  if (payloadLength !== WRITE_MULTI_SIZE + MULTI_WRITE_SIZE * writes) {
    throw refuse(`payload of ${payloadLength} bytes for ${writes} writes`);
  }
  return writes;
}

function checkWrite({ request }: Call, index: number): void {
  const at = entryAt(index);
  getU64(request.view, at);
  const count = request.view.getUint32(at + 12, true);
  if (count === 0 || count > MAX_MULTI_WRITE_SIZE) throw refuse(`a write of ${count} bytes`);
}

function write({ client, request }: Call, index: number): void {
  const at = entryAt(index);
  const offset = getU64(request.view, at);
  const region = request.view.getUint32(at + 8, true);
  const count = request.view.getUint32(at + 12, true);
  const from = request.bytes.subarray(at + MULTI_WRITE_DATA, at + MULTI_WRITE_DATA + count);
  const done = client.device.access.write(region, offset, from);
  if (done !== count) throw new VfioError('EIO', 'regionWriteMulti', `${done} of ${count} bytes`);
}

function entryAt(index: number): number {
  return HEADER_SIZE + WRITE_MULTI_SIZE + MULTI_WRITE_SIZE * index;
}

function refuse(fact: string): VfioError {
  return new VfioError('EINVAL', 'regionWriteMulti', fact);
}
