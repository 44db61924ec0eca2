// The private operation of RSA by the Chinese remainder theorem.

import { modexp } from './modexp.ts';
import { octetLength, pad, toBigInt, toOctets, trim } from './octets.ts';

/** A private key in parts, numbers of any size. `u` is the inverse of q modulo p. */
export interface CrtKey {
  readonly p: Uint8Array;
  readonly q: Uint8Array;
  readonly dp: Uint8Array;
  readonly dq: Uint8Array;
  readonly u: Uint8Array;
}

/**
 * m1 = c^dp mod p, m2 = c^dq mod q, and m2 + q · (u · (m1 − m2) mod p), in as many bytes as `input` or the modulus
 * has, whichever is longer. What the parts are is not looked at, but p and q must be odd, and the input less than
 * their product.
 */
export function crt(input: Uint8Array, key: CrtKey): Uint8Array<ArrayBuffer> {
  const p = toBigInt(key.p);
  const q = toBigInt(key.q);
  const c = toBigInt(input);
  const m1 = power(c, key.dp, key.p, p);
  const m2 = power(c, key.dq, key.q, q);
  const h = (((toBigInt(key.u) * (m1 - m2)) % p) + p) % p;
  return toOctets(m2 + h * q, Math.max(input.length, octetLength(p * q)));
}

function power(c: bigint, exponent: Uint8Array, part: Uint8Array, modulus: bigint): bigint {
  const digits = trim(part);
  return toBigInt(
    modexp(toOctets(c % modulus, digits.length), exponent, pad(digits, digits.length)),
  );
}
