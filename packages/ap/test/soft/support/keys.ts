// RSA keys, made anew for each run: what they are called in a failure is enough to repeat it.

import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { fromBytes, type CrtNumbers } from './numbers.ts';

/** A key with all its numbers. */
export interface RsaKey extends CrtNumbers {
  readonly bits: number;
  /** Bytes of the modulus. */
  readonly size: number;
  readonly n: bigint;
  readonly e: bigint;
  readonly d: bigint;
  readonly pem: string;
}

function number(text = ''): bigint {
  return fromBytes(Buffer.from(text, 'base64url'));
}

function numbersOf(bits: number, key: KeyObject): RsaKey {
  const { n, e, d, p, q, dp, dq, qi } = key.export({ format: 'jwk' });
  return {
    bits,
    size: Math.ceil(bits / 8),
    n: number(n),
    e: number(e),
    d: number(d),
    p: number(p),
    q: number(q),
    dp: number(dp),
    dq: number(dq),
    u: number(qi),
    pem: key.export({ format: 'pem', type: 'pkcs1' }),
  };
}

/** A key of this text. */
export function readKey(bits: number, pem: string): RsaKey {
  return numbersOf(bits, createPrivateKey(pem));
}

const made = new Map<number, RsaKey>();

/** A key of this size, the same each time. */
export function rsaKey(bits: number): RsaKey {
  const known = made.get(bits);
  if (known !== undefined) return known;
  const key = numbersOf(bits, generateKeyPairSync('rsa', { modulusLength: bits }).privateKey);
  made.set(bits, key);
  return key;
}
