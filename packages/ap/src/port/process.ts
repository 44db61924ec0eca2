// PQAP: the functions that do not move messages.

import { IOVA_LIMIT } from '@vfio-ts/core';
import type { ApQueueHardware } from '../hardware/card.ts';
import { AP_RESPONSE } from '../hardware/status.ts';
import type { HeldReplies } from './held-replies.ts';
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
import { AP_AQIC_ENABLE, AP_PQAP, AP_TAPQ_FACILITIES } from './layout.ts';
import { writeGuest } from './memory.ts';
import { encodeConfigInfo, encodeQueueInfo } from './query.ts';

/** Carries PQAP out. A function that the port does not have is a facility that is not installed. */
export function processQueue(
  host: ApPortHost,
  held: HeldReplies,
  instruction: ApInstruction,
): Awaitable<ApResult> {
  const functionCode = Number((instruction.gr0 >> 24n) & 0xffn);
  if (functionCode === AP_PQAP.QCI) return queryConfig(host, instruction);
  const apqn = apqnOfInstruction(instruction);
  const queue = host.queue(apqn);
  if (queue === undefined) return refusal(AP_RESPONSE.Q_NOT_AVAIL);
  switch (functionCode) {
    case AP_PQAP.TAPQ:
      return test(host, held, instruction, queue);
    case AP_PQAP.RAPQ:
      held.forget(apqn);
      return statusResult(queue.reset());
    case AP_PQAP.ZAPQ:
      held.forget(apqn);
      return statusResult(queue.zeroize());
    case AP_PQAP.AQIC:
      return setInterrupt(host, instruction);
    default:
      return refusal(AP_RESPONSE.REQ_FAC_NOT_INST);
  }
}

function test(
  host: ApPortHost,
  held: HeldReplies,
  instruction: ApInstruction,
  queue: ApQueueHardware,
): ApResult {
  const apqn = apqnOfInstruction(instruction);
  const info = host.info(apqn);
  const hasFacilities = (instruction.gr0 & BigInt(AP_TAPQ_FACILITIES)) !== 0n;
  const gr2 = info === undefined ? 0n : encodeQueueInfo(info, host.config(), hasFacilities);
  return statusResult(held.seen(apqn, queue.test()), { gr2 });
}

function setInterrupt(host: ApPortHost, instruction: ApInstruction): Awaitable<ApResult> {
  const { gr1, gr2 } = instruction;
  const isEnable = (gr1 & AP_AQIC_ENABLE) !== 0n;
  if (isEnable && gr2 >= BigInt(IOVA_LIMIT)) return refusal(AP_RESPONSE.INVALID_ADDRESS);
  const nib = isEnable ? Number(gr2) : undefined;
  const status = host.setInterrupt(apqnOfInstruction(instruction), nib, Number(gr1 & 7n));
  return whenDone(status, (known) => statusResult(known));
}

function queryConfig(host: ApPortHost, { gr2 }: ApInstruction): Awaitable<ApResult> {
  const block = encodeConfigInfo(host.config(), host.shadow());
  return whenDone(writeGuest(host, gr2, block), (isWritten) =>
    isWritten ? { cc: 0, gr1: 0n, length: block.length } : refusal(AP_RESPONSE.INVALID_ADDRESS),
  );
}
