// A second socket for what the server asks of its client (libvfio-user's `twin_socket`): so a client can wait for
// a reply on the first without meeting a command there.

import { VfioError } from '@vfio-ts/core';
import type { DmaRequests } from './dma-requests.ts';
import { closeAll, type Fd } from './fd.ts';
import { HEADER_TYPE_MASK, HEADER_TYPE_REPLY, messageCommand, messageFlags } from './header.ts';
import { commandName } from './protocol.ts';
import type { Counters } from './stats/counters.ts';
import type { FrameBuffer, FrameHandler, Transport } from './transport.ts';

/** Both ends of a second connection, the client's as a descriptor to send. */
export interface TwinSocket {
  readonly transport: Transport;
  /** The client's end; whoever sends it closes it. */
  readonly fd: Fd;
}

/** The server's end of a second connection: it takes replies only. */
export class TwinEnd implements FrameHandler {
  readonly #transport: Transport;
  readonly #dma: DmaRequests;
  readonly #counters: Counters;
  readonly #over: (error: VfioError) => void;

  /** @param over - the connection is over; called once */
  constructor(
    transport: Transport,
    dma: DmaRequests,
    counters: Counters,
    over: (error: VfioError) => void,
  ) {
    this.#transport = transport;
    this.#dma = dma;
    this.#counters = counters;
    this.#over = over;
  }

  frame(frame: FrameBuffer, length: number, fds: readonly Fd[]): void {
    this.#counters.received(messageCommand(frame.view), length, fds.length);
    closeAll(fds);
    if ((messageFlags(frame.view) & HEADER_TYPE_MASK) === HEADER_TYPE_REPLY) {
      this.#dma.reply(frame, length);
      return;
    }
    const name = commandName(messageCommand(frame.view));
    this.#transport.close(new VfioError('EPROTO', 'receive', `${name} on the second socket`));
  }

  malformed(_header: FrameBuffer, fds: readonly Fd[]): void {
    closeAll(fds);
  }

  drained(): void {
    this.#dma.drained();
  }

  closed(cause?: VfioError): void {
    const options = cause === undefined ? {} : { cause };
    this.#over(new VfioError('ECONNRESET', 'receive', 'the second socket is over', options));
  }
}
