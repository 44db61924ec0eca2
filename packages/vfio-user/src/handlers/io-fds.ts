// DEVICE_GET_REGION_IO_FDS: descriptors by which a client tells the device of writes without messages.

import { VfioError, type IoEvent } from '@vfio-ts/core';
import type { Call, HandlerEntry } from '../call.ts';
import type { Fd } from '../fd.ts';
import { HEADER_SIZE } from '../header.ts';
import { encodeIoFdEntry, IO_FD_ENTRY_SIZE, IO_FDS_SIZE } from '../messages/io-fds.ts';
import { VFIO_USER } from '../protocol.ts';

/** The handlers of this file. */
export const ioFdsHandlers: readonly HandlerEntry[] = [
  [VFIO_USER.DEVICE_GET_REGION_IO_FDS, { minPayload: IO_FDS_SIZE, handle: getRegionIoFds }],
];

/** As libvfio-user: the newest place first, and all of them or none. */
function getRegionIoFds(call: Call): number {
  const { view } = call.request;
  const argsz = view.getUint32(HEADER_SIZE, true);
  const flags = view.getUint32(HEADER_SIZE + 4, true);
  const index = view.getUint32(HEADER_SIZE + 8, true);
  const count = view.getUint32(HEADER_SIZE + 12, true);
  if (argsz < IO_FDS_SIZE || argsz > call.limits.maxDataXferSize) throw refuse(`argsz ${argsz}`);
  if (flags !== 0 || count !== 0) throw refuse(`flags ${flags} and count ${count} are not 0`);
  const { device } = call.client;
  // Says what is wrong with an index that there is not.
  const { size } = device.access.getRegionInfo(index);
  if (size === 0) throw refuse(`region ${index} is not there`);
  const places = (device.ioEvents?.(index) ?? []).toReversed();
  const needed = IO_FDS_SIZE + places.length * IO_FD_ENTRY_SIZE;
  const given = needed <= argsz ? places : [];
  const payload = IO_FDS_SIZE + given.length * IO_FD_ENTRY_SIZE;
  const fds: Fd[] = [];
  call.reply.reserve(HEADER_SIZE + payload);
  for (const [i, place] of given.entries()) {
    const at = HEADER_SIZE + IO_FDS_SIZE + i * IO_FD_ENTRY_SIZE;
    const signal = addSignal(call, index, place, fds);
    encodeIoFdEntry(call.reply.view, at, place, signal, addShadow(call, place, fds));
  }
  if (fds.length > call.client.peer.maxMsgFds) {
    const fact = `${fds.length} descriptors, the client takes ${call.client.peer.maxMsgFds}`;
    throw new VfioError('EMSGSIZE', 'getRegionIoFds', fact);
  }
  call.replyFds = fds;
  call.reply.view.setUint32(HEADER_SIZE, needed, true);
  call.reply.view.setUint32(HEADER_SIZE + 4, 0, true);
  call.reply.view.setUint32(HEADER_SIZE + 8, index, true);
  call.reply.view.setUint32(HEADER_SIZE + 12, given.length, true);
  return payload;
}

function addSignal(call: Call, region: number, place: IoEvent, fds: Fd[]): number | undefined {
  if (place.signal === undefined) return undefined;
  return add(fds, call.ioSignals.fd(region, place.signal));
}

/** Memory without a descriptor cannot be shared: the place is one without a shadow then. */
function addShadow(call: Call, { shadow }: IoEvent, fds: Fd[]): number | undefined {
  const fd = shadow && call.host.memoryFd(shadow.memory);
  return fd && add(fds, fd);
}

/** The index of a descriptor in the reply, where each is once. */
function add(fds: Fd[], fd: Fd): number {
  const known = fds.indexOf(fd);
  return known < 0 ? fds.push(fd) - 1 : known;
}

function refuse(fact: string): VfioError {
  return new VfioError('EINVAL', 'getRegionIoFds', fact);
}
