// DEVICE_GET_REGION_INFO. The descriptor travels with the reply that has room for everything.

import {
  REGION_INFO_SIZE,
  VFIO_REGION_INFO_FLAG_CAPS,
  VFIO_REGION_INFO_FLAG_MMAP,
  type RegionInfo,
} from '@vfio-ts/core';
import type { Call, HandlerEntry } from '../call.ts';
import type { Fd } from '../fd.ts';
import { HEADER_SIZE } from '../header.ts';
import { encodeRegionInfo } from '../messages/region-info.ts';
import { VFIO_USER } from '../protocol.ts';

/** The handlers of this file. */
export const regionInfoHandlers: readonly HandlerEntry[] = [
  [VFIO_USER.DEVICE_GET_REGION_INFO, { minPayload: REGION_INFO_SIZE, handle: getRegionInfo }],
];

function getRegionInfo(call: Call): number {
  const { client, request, reply } = call;
  const argsz = request.view.getUint32(HEADER_SIZE, true);
  const index = request.view.getUint32(HEADER_SIZE + 8, true);
  const info = client.device.access.getRegionInfo(index, argsz);
  const mapping = mappable(call, info);
  // Unlike the kernel's, a reply without room for the chain does not say that there is one: argsz does.
  const fits = info.argsz <= argsz;
  let flags = info.flags;
  if (!fits) flags &= ~VFIO_REGION_INFO_FLAG_CAPS;
  if (mapping === undefined) flags &= ~VFIO_REGION_INFO_FLAG_MMAP;
  if (fits && mapping !== undefined) call.replyFds = [mapping.fd];
  reply.reserve(HEADER_SIZE + REGION_INFO_SIZE + info.caps.length);
  return encodeRegionInfo(reply.bytes, reply.view, HEADER_SIZE, {
    ...info,
    flags,
    capOffset: fits ? info.capOffset : 0,
    offset: mapping?.offset ?? info.offset,
  });
}

/** The descriptor of a region that the client can map; without one the MMAP flag would be a lie. */
function mappable(call: Call, info: RegionInfo): { fd: Fd; offset: number } | undefined {
  if ((info.flags & VFIO_REGION_INFO_FLAG_MMAP) === 0 || call.client.peer.maxMsgFds === 0) {
    return undefined;
  }
  const region = call.client.device.regionMemory(info.index);
  const fd = region && call.host.memoryFd(region.memory);
  return region && fd && { fd, offset: region.offset };
}
