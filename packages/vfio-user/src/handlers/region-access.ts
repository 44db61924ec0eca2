// REGION_READ and REGION_WRITE: the path that every access of a guest takes. Nothing is allocated for an
// access of register size.

import { VfioError } from '@vfio-ts/core';
import type { Call, HandlerEntry } from '../call.ts';
import { HEADER_SIZE } from '../header.ts';
import { REGION_ACCESS_SIZE, encodeRegionAccess } from '../messages/region-access.ts';
import { getU64 } from '../messages/u64.ts';
import { VFIO_USER } from '../protocol.ts';

/** The handlers of this file. */
export const regionAccessHandlers: readonly HandlerEntry[] = [
  [VFIO_USER.REGION_READ, { minPayload: REGION_ACCESS_SIZE, handle: regionRead, standIn: allOnes }],
  [
    VFIO_USER.REGION_WRITE,
    { minPayload: REGION_ACCESS_SIZE, handle: regionWrite, standIn: echoHead },
  ],
];

const REGION_AT = HEADER_SIZE + 8;
const COUNT_AT = HEADER_SIZE + 12;
const DATA_AT = HEADER_SIZE + REGION_ACCESS_SIZE;

function regionRead(call: Call): number {
  const { view } = call.request;
  const offset = getU64(view, HEADER_SIZE);
  const region = view.getUint32(REGION_AT, true);
  const count = checkCount(call);
  if (count === 0) return checkEmpty(call, region, offset);
  call.reply.reserve(DATA_AT + count);
  const into = call.replyData.of(call.reply.bytes, count);
  const done = call.client.device.access.read(region, offset, into);
  if (done !== count) throw new VfioError('EIO', 'regionRead', `${done} of ${count} bytes read`);
  encodeRegionAccess(call.reply.view, HEADER_SIZE, offset, region, count);
  return REGION_ACCESS_SIZE + count;
}

function regionWrite(call: Call): number {
  const { view } = call.request;
  const offset = getU64(view, HEADER_SIZE);
  const region = view.getUint32(REGION_AT, true);
  const count = checkCount(call);
  if (call.payloadLength !== REGION_ACCESS_SIZE + count) {
    const data = call.payloadLength - REGION_ACCESS_SIZE;
    throw new VfioError('EINVAL', 'regionWrite', `${data} bytes of data for a count of ${count}`);
  }
  if (count === 0) return checkEmpty(call, region, offset);
  const from = call.requestData.of(call.request.bytes, count);
  const done = call.client.device.access.write(region, offset, from);
  if (done !== count)
    throw new VfioError('EIO', 'regionWrite', `${done} of ${count} bytes written`);
  encodeRegionAccess(call.reply.view, HEADER_SIZE, offset, region, count);
  return REGION_ACCESS_SIZE;
}

function checkCount({ request, limits }: Call): number {
  const count = request.view.getUint32(COUNT_AT, true);
  if (count > limits.maxDataXferSize) {
    throw new VfioError('EINVAL', 'regionAccess', `count 0x${count.toString(16)} is too large`);
  }
  return count;
}

/**
 * An access of no bytes is checked as any other, reaches no device, and has a reply without payload, but for a client
 * that waits for the head of every reply.
 */
function checkEmpty(call: Call, region: number, offset: number): number {
  const { size } = call.client.device.access.getRegionInfo(region);
  if (offset > size) {
    throw new VfioError(
      'EINVAL',
      'regionAccess',
      `offset 0x${offset.toString(16)} is past the end`,
    );
  }
  return call.client.profile.waitsAfterError ? echoHead(call) : 0;
}

function allOnes(call: Call): number {
  const count = checkCount(call);
  call.reply.reserve(DATA_AT + count);
  call.reply.bytes.fill(0xff, DATA_AT, DATA_AT + count);
  return echoHead(call) + count;
}

function echoHead({ request, reply }: Call): number {
  reply.bytes.set(request.bytes.subarray(HEADER_SIZE, DATA_AT), HEADER_SIZE);
  return REGION_ACCESS_SIZE;
}
