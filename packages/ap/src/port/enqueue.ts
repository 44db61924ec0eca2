// NQAP: a request from guest memory into a queue.

import type { ApCardInfo } from '../hardware/card.ts';
import { AP_RESPONSE } from '../hardware/status.ts';
import type { ApPortHost } from './host.ts';
import {
  apqnOfInstruction,
  refusal,
  statusResult,
  whenDone,
  type ApInstruction,
  type ApResult,
  type Awaitable,
} from './instruction.ts';
import { AP_NQAP_WHOLE } from './layout.ts';
import { readGuest } from './memory.ts';

const MESSAGE_PAGE = 4096;
const DEFAULT_MESSAGE_SIZE = 3 * MESSAGE_PAGE;

/** Bytes of the longest message a card takes. */
export function maxMessageSize({ maxMessagePages }: ApCardInfo): number {
  return maxMessagePages === 0 ? DEFAULT_MESSAGE_SIZE : maxMessagePages * MESSAGE_PAGE;
}

/** Carries NQAP out. The message has to be whole: without the flag it is the rest of one that never began. */
export function enqueue(host: ApPortHost, instruction: ApInstruction): Awaitable<ApResult> {
  const { gr0, psmid, address, length } = instruction;
  const apqn = apqnOfInstruction(instruction);
  const info = host.info(apqn);
  if (info === undefined || host.queue(apqn) === undefined) {
    return refusal(AP_RESPONSE.Q_NOT_AVAIL);
  }
  if ((gr0 & BigInt(AP_NQAP_WHOLE)) === 0n) return refusal(AP_RESPONSE.NO_FIRST_PART);
  if (length > maxMessageSize(info)) return refusal(AP_RESPONSE.MESSAGE_TOO_BIG);
  const bytes = new Uint8Array(length);
  return whenDone(readGuest(host, address, bytes), (isRead) => {
    if (!isRead) return refusal(AP_RESPONSE.INVALID_ADDRESS);
    // The guest may have lost the queue, or begun anew, while its memory was fetched.
    const queue = host.queue(apqn);
    if (queue === undefined || instruction.isCancelled) return refusal(AP_RESPONSE.Q_NOT_AVAIL);
    return statusResult(queue.enqueue({ psmid, bytes }));
  });
}
