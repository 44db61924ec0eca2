// What a coprocessor tells of itself: the verb FQ with the rules STATICSA and STATICSB, from which hosts make the
// attributes of a card. Linux drivers/s390/crypto/zcrypt_ccamisc.c, fetch_cca_info().

import { parameterBlock } from './parameter-block.ts';
import { CCA_OK, encodeType86 } from './type86.ts';
import type { CcaRequest } from './type6.ts';
import { answer, type Work } from './work.ts';

/** Characters of an element of a rule array. */
const ELEMENT = 8;
/** State of a register for a master key, whichever it is, when no key is in it. */
const NO_KEY = '1';

interface Facility {
  /** Elements of the rule array in the reply. */
  readonly elements: number;
  /** The first element that is the state of a master key; all after it are too. */
  readonly firstState: number;
  /** Bytes with the patterns of the master keys. */
  readonly patterns: number;
}

const FACILITIES: ReadonlyMap<string, Facility> = new Map([
  ['STATICSA', { elements: 10, firstState: 4, patterns: 204 }],
  ['STATICSB', { elements: 13, firstState: 4, patterns: 240 }],
]);

/** FQ; `undefined` for rules that nothing is known of. @param serial - up to 8 characters */
export function facilityQuery(request: CcaRequest, serial: string): Work | undefined {
  const facility = FACILITIES.get(request.rule);
  if (facility === undefined) return undefined;
  const rules = Array.from({ length: facility.elements }, (_, element): string => {
    if (element === 0) return serial;
    return element < facility.firstState ? '' : NO_KEY;
  });
  const text = rules.map((rule) => rule.slice(0, ELEMENT).padEnd(ELEMENT)).join('');
  const ruleArray = Uint8Array.from(Buffer.from(text, 'latin1'));
  const block = parameterBlock(request.functionCode, ruleArray, new Uint8Array(facility.patterns));
  return answer(encodeType86(request, CCA_OK, block));
}
