// Modular exponentiation of numbers without any structure, by OpenSSL.
//
// Two of its operations do it, and neither does it for all numbers. Encryption with a public RSA key of any exponent
// is the quick one; it refuses exponents that are not less than the modulus, and those of more than 64 bits where the
// modulus has more than 3072. A Diffie-Hellman exchange takes any exponent but refuses the bases 0, 1 and n - 1, and
// examines the modulus when it is set up, which takes as long as the exponentiation: what is set up is kept.
// This is emulation: how long it takes depends on the operands, and keys stay in memory until others push them out.

import { constants, createDiffieHellman, createPublicKey, publicEncrypt } from 'node:crypto';
import { keyName, KEPT_KEYS, KeyCache } from './key-cache.ts';
import { bitLength, compare, isOdd, pad, toBigInt, toOctets, trim } from './octets.ts';

/** Raises a base that is less than the modulus to a power, in as many bytes as the modulus has without leading zeros. */
export type Power = (base: Uint8Array) => Uint8Array;

/** Below this, whatever OpenSSL may think of such keys. */
const SMALL_MODULUS_BYTES = 64;
const RSA_SMALL_MODULUS_BITS = 3072;
const RSA_MAX_PUBLIC_EXPONENT_BITS = 64;
const GENERATOR: Uint8Array = Uint8Array.of(2);
const ONE: Uint8Array = Uint8Array.of(1);

const powers = new KeyCache<Power>(KEPT_KEYS);

/**
 * `base` to the power of `exponent` modulo `modulus`, in as many bytes as `modulus` has. The modulus must be odd, and
 * the base less than it.
 */
export function modexp(
  base: Uint8Array,
  exponent: Uint8Array,
  modulus: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const power = powers.get(keyName([exponent, modulus]), () => powerOf(exponent, modulus));
  return pad(power(base), modulus.length);
}

/** Sets up powers with one exponent modulo an odd modulus. */
export function powerOf(exponent: Uint8Array, modulus: Uint8Array): Power {
  const e = trim(exponent);
  const n = trim(modulus);
  if (n.length < SMALL_MODULUS_BYTES) return (base) => calculate(base, e, n);
  if (e.length === 0) return () => pad(ONE, n.length);
  return isRsaFit(e, n) ? encryption(e, n) : exchange(e, n);
}

function calculate(base: Uint8Array, exponent: Uint8Array, modulus: Uint8Array): Uint8Array {
  const n = toBigInt(modulus);
  const b = toBigInt(base) % n;
  let result = 1n % n;
  for (const bit of toBigInt(exponent).toString(2)) {
    result = (result * result) % n;
    if (bit === '1') result = (result * b) % n;
  }
  return toOctets(result, modulus.length);
}

function isRsaFit(e: Uint8Array, n: Uint8Array): boolean {
  if (compare(e, n) >= 0) return false;
  return bitLength(n) <= RSA_SMALL_MODULUS_BITS || bitLength(e) <= RSA_MAX_PUBLIC_EXPONENT_BITS;
}

function encryption(e: Uint8Array, n: Uint8Array): Power {
  const jwk = { kty: 'RSA', n: base64url(n), e: base64url(e) };
  const key = {
    key: createPublicKey({ key: jwk, format: 'jwk' }),
    padding: constants.RSA_NO_PADDING,
  };
  return (base) => publicEncrypt(key, pad(base, n.length));
}

function exchange(e: Uint8Array, n: Uint8Array): Power {
  const keys = createDiffieHellman(n, GENERATOR);
  keys.setPrivateKey(e);
  const negatedOne = toOctets(toBigInt(n) - 1n, n.length);
  return (base) => {
    if (compare(base, ONE) <= 0) return base;
    if (compare(base, negatedOne) === 0) return isOdd(e) ? base : ONE;
    try {
      return keys.computeSecret(base);
    } catch {
      return calculate(base, e, n);
    }
  };
}

function base64url(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64url');
}
