// What a CCA coprocessor does with what it is sent.

import { facilityQuery } from './cca-facility.ts';
import { randomNumbers, type FillRandom } from './cca-random.ts';
import { publicKeyDecrypt, publicKeyEncrypt, refuse } from './cca-rsa.ts';
import { AP_ERROR, cardError, transportError } from './error-reply.ts';
import { encodeType86Error, type CcaCode } from './type86.ts';
import { decodeType6, type CcaRequest, type FrameError } from './type6.ts';
import { answer, type Interpret, type Work } from './work.ts';

/** What a coprocessor needs from outside. */
export interface CcaOptions {
  /** Up to 8 characters. */
  readonly serial: string;
  readonly fillRandom: FillRandom;
}

/** A verb or a rule that this coprocessor does not have. */
const NOT_SUPPORTED: CcaCode = { rtcode: 8, rscode: 770 };

const FRAME_ERRORS: Readonly<Record<FrameError, Uint8Array>> = {
  type: cardError(AP_ERROR.MESSAGE_TYPE),
  length: transportError(AP_ERROR.MESSAGE_LENGTH),
  malformed: transportError(AP_ERROR.MALFORMED_MSG),
  agent: cardError(AP_ERROR.FORMAT_FIELD),
};

/** Reads what is sent to a CCA coprocessor. */
export function interpretCca(options: CcaOptions): Interpret {
  return (message, domain) => {
    const request = decodeType6(message);
    if (typeof request === 'string') return answer(FRAME_ERRORS[request].slice());
    if (request.domain !== domain) {
      return answer(encodeType86Error(AP_ERROR.INVALID_DOMAIN_PENDING));
    }
    return interpretVerb(request, options) ?? refuse(request, NOT_SUPPORTED);
  };
}

function interpretVerb(request: CcaRequest, options: CcaOptions): Work | undefined {
  switch (`${request.functionCode} ${request.rule}`) {
    case 'PK MRP     ':
      return publicKeyEncrypt(request);
    case 'PD ZERO-PAD':
      return publicKeyDecrypt(request);
    case 'RL RANDOM  ':
      return randomNumbers(request, options.fillRandom);
    default:
      return request.functionCode === 'FQ' ? facilityQuery(request, options.serial) : undefined;
  }
}
