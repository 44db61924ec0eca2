// Splits one request for interrupts into the messages it takes.

import {
  IRQ_SET_SIZE,
  VFIO_IRQ_SET_DATA_EVENTFD,
  VFIO_IRQ_SET_DATA_TYPE_MASK,
  VfioError,
  type IrqSetRequest,
} from '@vfio-ts/core';
import type { Fd } from '../fd.ts';
import { encodeIrqSet } from '../messages/irq.ts';
import type { ClientHost } from './host.ts';

/** One DEVICE_SET_IRQS. */
export interface IrqMessage {
  readonly payload: Uint8Array;
  readonly fds: readonly Fd[];
}

/**
 * The messages for a request, in their order. Signals and `null`s go in messages of their own, for without
 * descriptors a message de-assigns; none has more descriptors than the server takes.
 *
 * @throws `EINVAL` not one signal for each irq, a signal without a descriptor, a server that takes none
 */
export function irqMessages(
  request: IrqSetRequest,
  host: ClientHost,
  maxMsgFds: number,
): readonly IrqMessage[] {
  if ((request.flags & VFIO_IRQ_SET_DATA_TYPE_MASK) !== VFIO_IRQ_SET_DATA_EVENTFD) {
    return [message(request, request.start, request.count, [])];
  }
  const signals = request.signals ?? [];
  if (signals.length !== request.count) {
    throw new VfioError('EINVAL', 'setIrqs', `${signals.length} signals for ${request.count} irqs`);
  }
  if (signals.length === 0) return [message(request, request.start, 0, [])];
  const fds = signals.map((signal) => (signal === null ? null : fdOf(signal, host)));
  return runs(fds, maxMsgFds).map(({ at, count }) =>
    message(request, request.start + at, count, fds.slice(at, at + count).filter(isFd)),
  );
}

function message(
  request: IrqSetRequest,
  start: number,
  count: number,
  fds: readonly Fd[],
): IrqMessage {
  const { flags, index, bools } = request;
  const argsz = request.argsz ?? IRQ_SET_SIZE + (bools?.length ?? 0);
  return { payload: encodeIrqSet({ argsz, flags, index, start, count }, bools), fds };
}

function fdOf(signal: Parameters<ClientHost['signalFd']>[0], host: ClientHost): Fd {
  const fd = host.signalFd(signal);
  if (fd === undefined) throw new VfioError('EINVAL', 'setIrqs', 'signal has no descriptor');
  return fd;
}

interface Run {
  readonly at: number;
  count: number;
}

function runs(fds: readonly (Fd | null)[], maxMsgFds: number): readonly Run[] {
  if (maxMsgFds === 0 && fds.some(isFd)) {
    throw new VfioError('EINVAL', 'setIrqs', 'the server takes no descriptors');
  }
  const found: Run[] = [];
  for (const [at, fd] of fds.entries()) {
    const last = found.at(-1);
    const sameKind = last !== undefined && isFd(fds[last.at]) === isFd(fd);
    if (sameKind && (!isFd(fd) || last.count < maxMsgFds)) last.count++;
    else found.push({ at, count: 1 });
  }
  return found;
}

function isFd(fd: Fd | null | undefined): fd is Fd {
  return fd !== null && fd !== undefined;
}
