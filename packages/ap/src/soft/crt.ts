// The private operation of RSA by the Chinese remainder theorem.

import { keyName, KEPT_KEYS, KeyCache } from './key-cache.ts';
import { powerOf, type Power } from './modexp.ts';
import { octetLength, toBigInt, toOctets } from './octets.ts';

/** A private key in parts, numbers of any size. `u` is the inverse of q modulo p. */
export interface CrtKey {
  readonly p: Uint8Array;
  readonly q: Uint8Array;
  readonly dp: Uint8Array;
  readonly dq: Uint8Array;
  readonly u: Uint8Array;
}

/** The operation with one key. */
type Operation = (input: Uint8Array) => Uint8Array<ArrayBuffer>;

const operations = new KeyCache<Operation>(KEPT_KEYS);

/**
 * m1 = c^dp mod p, m2 = c^dq mod q, and m2 + q · (u · (m1 − m2) mod p), in as many bytes as `input` or the modulus
 * has, whichever is longer. What the parts are is not looked at, but p and q must be odd, and the input less than
 * their product.
 */
export function crt(input: Uint8Array, key: CrtKey): Uint8Array<ArrayBuffer> {
  const name = keyName([key.p, key.q, key.dp, key.dq, key.u]);
  return operations.get(name, () => operationOf(key))(input);
}

function operationOf(key: CrtKey): Operation {
  const p = toBigInt(key.p);
  const q = toBigInt(key.q);
  const u = toBigInt(key.u);
  const powerP = reducing(powerOf(key.dp, key.p), p);
  const powerQ = reducing(powerOf(key.dq, key.q), q);
  const size = octetLength(p * q);
  return (input) => {
    const c = toBigInt(input);
    const m1 = powerP(c);
    const m2 = powerQ(c);
    const h = (((u * (m1 - m2)) % p) + p) % p;
    return toOctets(m2 + h * q, Math.max(input.length, size));
  };
}

/** A power of any number. */
function reducing(power: Power, modulus: bigint): (base: bigint) => bigint {
  const size = octetLength(modulus);
  return (base) => toBigInt(power(toOctets(base % modulus, size)));
}
