// DQAP: a reply from a queue into guest memory. A reply longer than the room for it is stored in parts, by one DQAP
// after the other; one that cannot be stored at all stays the next one.

import { AP_RESPONSE, statusOf } from '../hardware/status.ts';
import type { HeldList, HeldReplies, HeldReply } from './held-replies.ts';
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
import { writeGuest } from './memory.ts';

/** Condition code of a DQAP that has to be repeated. */
const CC_PARTIAL = 2;

/** Carries DQAP out. */
export function dequeue(
  host: ApPortHost,
  held: HeldReplies,
  instruction: ApInstruction,
): Awaitable<ApResult> {
  const apqn = apqnOfInstruction(instruction);
  const queue = host.queue(apqn);
  if (queue === undefined) {
    held.forget(apqn);
    return refusal(AP_RESPONSE.Q_NOT_AVAIL);
  }
  const list = held.of(apqn);
  const before = list.shift();
  if (before !== undefined) return store(host, held, instruction, before, list);
  const { status, message } = queue.dequeue();
  if (message === undefined) return statusResult(held.seen(apqn, status));
  return store(host, held, instruction, { message, taken: 0 }, list);
}

function store(
  host: ApPortHost,
  held: HeldReplies,
  instruction: ApInstruction,
  reply: HeldReply,
  list: HeldList,
): Awaitable<ApResult> {
  const { message, taken } = reply;
  const part = message.bytes.subarray(taken, taken + instruction.length);
  return whenDone(writeGuest(host, instruction.address, part), (isWritten) => {
    if (!isWritten) {
      list.unshift(reply);
      return refusal(AP_RESPONSE.INVALID_ADDRESS);
    }
    const left = message.bytes.length - taken - part.length;
    if (left > 0) {
      list.unshift({ message, taken: taken + part.length });
      const { gr0 } = instruction;
      return { cc: CC_PARTIAL, gr0, gr1: 0n, gr2: BigInt(left), length: part.length };
    }
    const apqn = apqnOfInstruction(instruction);
    const now = host.queue(apqn)?.test() ?? statusOf(AP_RESPONSE.NORMAL);
    const status = held.seen(apqn, { ...now, responseCode: AP_RESPONSE.NORMAL });
    return statusResult(status, { psmid: message.psmid, length: part.length });
  });
}
