// DEVICE_GET_INFO, DEVICE_GET_IRQ_INFO and DEVICE_RESET.

import type { Call, HandlerEntry } from '../call.ts';
import { HEADER_SIZE } from '../header.ts';
import {
  DEVICE_INFO_SIZE,
  IRQ_INFO_SIZE,
  encodeDeviceInfo,
  encodeIrqInfo,
} from '../messages/device-info.ts';
import { VFIO_USER } from '../protocol.ts';

/** The handlers of this file. */
export const deviceInfoHandlers: readonly HandlerEntry[] = [
  [VFIO_USER.DEVICE_GET_INFO, { minPayload: DEVICE_INFO_SIZE, handle: getInfo }],
  [
    VFIO_USER.DEVICE_GET_IRQ_INFO,
    { minPayload: IRQ_INFO_SIZE, handle: getIrqInfo, standIn: noIrqs },
  ],
  [VFIO_USER.DEVICE_RESET, { minPayload: 0, handle: () => 0, settle: reset }],
];

function getInfo({ client, request, reply }: Call): number {
  const info = client.device.access.getInfo(request.view.getUint32(HEADER_SIZE, true));
  encodeDeviceInfo(reply.view, HEADER_SIZE, info);
  return DEVICE_INFO_SIZE;
}

function getIrqInfo({ client, request, reply }: Call): number {
  const argsz = request.view.getUint32(HEADER_SIZE, true);
  const index = request.view.getUint32(HEADER_SIZE + 8, true);
  encodeIrqInfo(reply.view, HEADER_SIZE, client.device.access.getIrqInfo(index, argsz));
  return IRQ_INFO_SIZE;
}

/** An index with no interrupts. */
function noIrqs({ request, reply }: Call): number {
  const index = request.view.getUint32(HEADER_SIZE + 8, true);
  encodeIrqInfo(reply.view, HEADER_SIZE, { argsz: IRQ_INFO_SIZE, flags: 0, index, count: 0 });
  return IRQ_INFO_SIZE;
}

/** Resets the device, once it has come to rest. */
function reset({ client: { device } }: Call, isWanted: () => boolean): Promise<void> | undefined {
  const resting = device.quiesce?.();
  if (resting === undefined) return device.access.reset();
  return resting.then(() => (isWanted() ? device.access.reset() : undefined));
}
