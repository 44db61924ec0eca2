// The second connection that a server may ask on: commands come there, and the replies go there.

import { VfioError } from '@vfio-ts/core';
import { closeAll, type Fd } from '../fd.ts';
import { isCommand } from '../header.ts';
import type { FrameBuffer, FrameHandler, Transport } from '../transport.ts';
import { CommandPort, type CommandServer } from './command-port.ts';

/** The client's end of a second connection. */
export class TwinClient implements FrameHandler {
  readonly #port: CommandPort;
  readonly #over: (error: VfioError) => void;

  /** @param over - the connection is over; called once */
  constructor(transport: Transport, server: CommandServer, over: (error: VfioError) => void) {
    this.#port = new CommandPort(transport, server);
    this.#over = over;
  }

  frame(frame: FrameBuffer, length: number, fds: readonly Fd[]): void {
    closeAll(fds);
    // Nothing is asked here, so a reply answers nothing.
    if (isCommand(frame.view)) this.#port.take(frame, length);
  }

  malformed(_header: FrameBuffer, fds: readonly Fd[]): void {
    closeAll(fds);
  }

  drained(): void {
    this.#port.drained();
  }

  closed(cause?: VfioError): void {
    this.#port.close();
    const options = cause === undefined ? {} : { cause };
    this.#over(new VfioError('ECONNRESET', 'receive', 'the second socket is over', options));
  }
}
