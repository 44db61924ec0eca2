// The operation that is measured: RSA with a private key of 2048 bits, by parts.

import { constants, generateKeyPairSync, privateDecrypt, type KeyObject } from 'node:crypto';
import type { CrtOperation } from '../../src/client/index.ts';

/** The same operation for a card and for node:crypto. */
export interface Operation {
  readonly card: CrtOperation;
  readonly key: KeyObject;
}

const BITS = 2048;

function number(text = ''): Uint8Array {
  return Buffer.from(text, 'base64url');
}

/** An operation with a new key. */
export function operation(): Operation {
  const { privateKey: key } = generateKeyPairSync('rsa', { modulusLength: BITS });
  const { p, q, dp, dq, qi } = key.export({ format: 'jwk' });
  const input = new Uint8Array(BITS / 8).fill(0x5a);
  input[0] = 0;
  const card = {
    input,
    p: number(p),
    q: number(q),
    dp: number(dp),
    dq: number(dq),
    u: number(qi),
  };
  return { card, key };
}

/** The operation by node:crypto. */
export function compute({ key, card: { input } }: Operation): Uint8Array {
  return privateDecrypt({ key, padding: constants.RSA_NO_PADDING }, input);
}
