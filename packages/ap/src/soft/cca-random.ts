// Random numbers: the verb RL. A host's driver feeds its random number device from it.

import { NO_BYTES, parameterBlock } from './parameter-block.ts';
import { CCA_OK, encodeType86 } from './type86.ts';
import type { CcaRequest } from './type6.ts';
import { answer, type Work } from './work.ts';

/** Fills an array with random bytes. */
export type FillRandom = (bytes: Uint8Array) => void;

const LARGEST = 4096;

/** RL with the rule RANDOM: as many bytes as the caller has space for. */
export function randomNumbers(request: CcaRequest, fill: FillRandom): Work {
  const bytes = new Uint8Array(Math.min(LARGEST, request.replyDataSize));
  fill(bytes);
  const block = parameterBlock(request.functionCode, NO_BYTES, NO_BYTES);
  return answer(encodeType86(request, CCA_OK, block, bytes));
}
