// DEVICE_SET_IRQS. Everything is checked before a descriptor becomes a signal.

import {
  IRQ_SET_SIZE,
  VFIO_IRQ_SET_ACTION_TRIGGER,
  VFIO_IRQ_SET_ACTION_TYPE_MASK,
  VFIO_IRQ_SET_DATA_BOOL,
  VFIO_IRQ_SET_DATA_EVENTFD,
  VFIO_IRQ_SET_DATA_NONE,
  VFIO_IRQ_SET_DATA_TYPE_MASK,
  VFIO_PCI_ERR_IRQ_INDEX,
  VFIO_PCI_REQ_IRQ_INDEX,
  VfioError,
  type EventSignal,
} from '@vfio-ts/core';
import type { Call, HandlerEntry } from '../call.ts';
import { HEADER_SIZE } from '../header.ts';
import { decodeIrqSet, type IrqSetHead } from '../messages/irq.ts';
import { VFIO_USER } from '../protocol.ts';

/** The handlers of this file. */
export const irqHandlers: readonly HandlerEntry[] = [
  [VFIO_USER.DEVICE_SET_IRQS, { minPayload: IRQ_SET_SIZE, handle: setIrqs }],
];

const DATA_AT = HEADER_SIZE + IRQ_SET_SIZE;

function setIrqs(call: Call): number {
  const head = decodeIrqSet(call.request.view, HEADER_SIZE);
  check(call, head);
  const { flags, index, start, count } = head;
  const { access } = call.client.device;
  switch (flags & VFIO_IRQ_SET_DATA_TYPE_MASK) {
    case VFIO_IRQ_SET_DATA_BOOL: {
      const bools = call.request.bytes.slice(DATA_AT, DATA_AT + count);
      access.setIrqs({ flags, index, start, count, bools });
      break;
    }
    case VFIO_IRQ_SET_DATA_EVENTFD:
      setSignals(call, head);
      break;
    default:
      access.setIrqs({ flags, index, start, count });
  }
  return 0;
}

/** No descriptor at all de-assigns the range. */
function setSignals(call: Call, { flags, index, start, count }: IrqSetHead): void {
  const signals: (EventSignal | null)[] = [];
  try {
    for (const fd of call.fds.all) {
      signals.push(call.host.eventSignal(fd));
      call.fds.take(fd);
    }
    while (signals.length < count) signals.push(null);
    call.client.device.access.setIrqs({ flags, index, start, count, signals });
  } catch (error) {
    for (const signal of signals) signal?.close();
    throw error;
  }
}

/** The checks of libvfio-user's `device_irqs_set_validate()`, in its order. */
function check(call: Call, head: IrqSetHead): void {
  const { argsz, flags, index, start, count } = head;
  const data = flags & VFIO_IRQ_SET_DATA_TYPE_MASK;
  const action = flags & VFIO_IRQ_SET_ACTION_TYPE_MASK;
  if (argsz < IRQ_SET_SIZE) throw refuse(`argsz ${argsz} is below ${IRQ_SET_SIZE}`);
  if (data === VFIO_IRQ_SET_DATA_BOOL && call.payloadLength !== IRQ_SET_SIZE + count) {
    throw refuse(`${call.payloadLength - IRQ_SET_SIZE} bytes of data for ${count} irqs`);
  }
  const irqs = call.client.device.access.getIrqInfo(index).count;
  if ((flags & ~(data | action)) !== 0 || !isOneBit(action) || !isOneBit(data)) {
    throw refuse(`flags 0x${flags.toString(16)} are not one action and one kind of data`);
  }
  if (start >= irqs || count > irqs - start) {
    throw refuse(`irqs ${start}+${count} of index ${index} are past its ${irqs}`);
  }
  if (call.client.isPci && (index === VFIO_PCI_ERR_IRQ_INDEX || index === VFIO_PCI_REQ_IRQ_INDEX)) {
    if (action !== VFIO_IRQ_SET_ACTION_TRIGGER) throw refuse(`index ${index} cannot be masked`);
  }
  if (count === 0 && (start !== 0 || data !== VFIO_IRQ_SET_DATA_NONE)) {
    throw refuse('no irq is named');
  }
  if (count === 0 && action !== VFIO_IRQ_SET_ACTION_TRIGGER) throw refuse('no irq is named');
  const fds = call.fds.count;
  if (fds !== 0 && (data !== VFIO_IRQ_SET_DATA_EVENTFD || fds !== count)) {
    throw refuse(`${fds} descriptors for ${count} irqs`);
  }
}

function isOneBit(bits: number): boolean {
  return bits !== 0 && (bits & (bits - 1)) === 0;
}

function refuse(fact: string): VfioError {
  return new VfioError('EINVAL', 'setIrqs', fact);
}
