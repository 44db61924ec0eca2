// From one command of a client to its answer.

import type { CommandHandler } from './call.ts';
import { dispatchTable } from './dispatch.ts';
import { messageCommand } from './header.ts';
import { commandName } from './protocol.ts';
import type { Replies, ReplyWatch } from './replies.ts';
import { shortPayload, unknownCommand, type SessionCall } from './session-call.ts';
import type { RestGate } from './session-rest.ts';

/** Runs the commands of one session. */
export class Commands {
  readonly #watch: ReplyWatch;
  readonly #replies: Replies;
  readonly #gate: RestGate;

  constructor(watch: ReplyWatch, replies: Replies, gate: RestGate) {
    this.#watch = watch;
    this.#replies = replies;
    this.#gate = gate;
  }

  /** Handles the command that `call` is at, and answers it unless it has to wait. */
  run(call: SessionCall): void {
    const { counters } = this.#watch;
    const command = messageCommand(call.request.view);
    const isTimed = counters.begin(command);
    const isOver = this.#answer(call, dispatchTable[command]);
    if (isTimed && isOver) counters.end(command);
  }

  /** Handles a command and answers it; false when it waits for the device and has to be run again. */
  #answer(call: SessionCall, handler: CommandHandler | undefined): boolean {
    const { view } = call.request;
    let payload: number;
    try {
      if (handler === undefined) throw unknownCommand(view);
      if (call.payloadLength < handler.minPayload) throw shortPayload(call, handler);
      if (handler.settle !== undefined && this.#gate.mustWait(call, handler.settle)) return false;
      payload = handler.handle(call);
    } catch (error) {
      const standIn = this.#standIn(call, handler, error);
      if (standIn === undefined) return true;
      payload = standIn;
    }
    this.#replies.answer(view, payload, call.replyFds);
    return true;
  }

  /** Has a client that cannot take an error answered as if there were none; sends it to all others. */
  #standIn(
    call: SessionCall,
    handler: CommandHandler | undefined,
    error: unknown,
  ): number | undefined {
    const { view } = call.request;
    const standIn = call.client.profile.waitsAfterError ? handler?.standIn : undefined;
    if (standIn !== undefined && call.payloadLength >= (handler?.minPayload ?? 0)) {
      try {
        const payload = standIn(call);
        const name = commandName(messageCommand(view));
        this.#watch.log.write('warn', () => `${name} failed, not told`, error);
        return payload;
      } catch {
        // Not even that can be answered; the client gets the error.
      }
    }
    this.#replies.fail(view, error);
    return undefined;
  }
}
