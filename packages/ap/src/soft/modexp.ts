// Modular exponentiation of numbers without any structure, by OpenSSL.
//
// Two of its operations do it, and neither does it for all numbers. Encryption with a public RSA key of any exponent
// is the quick one; it refuses exponents that are not less than the modulus, and those of more than 64 bits where the
// modulus has more than 3072. A Diffie-Hellman exchange takes any exponent but refuses the bases 0, 1 and n - 1, and
// examines the modulus when it is set up, which takes as long as the exponentiation: what is set up is kept.
// This is emulation: how long it takes depends on the operands, and keys stay in memory until others push them out.

import {
  constants,
  createDiffieHellman,
  createPublicKey,
  publicEncrypt,
  type DiffieHellman,
  type KeyObject,
} from 'node:crypto';
import { KeyCache } from './key-cache.ts';
import { bitLength, compare, isOdd, pad, toBigInt, toOctets, trim } from './octets.ts';

/** Below this, whatever OpenSSL may think of such keys. */
const SMALL_MODULUS_BYTES = 64;
const RSA_SMALL_MODULUS_BITS = 3072;
const RSA_MAX_PUBLIC_EXPONENT_BITS = 64;
const KEPT_KEYS = 64;
const GENERATOR: Uint8Array = Uint8Array.of(2);

const publicKeys = new KeyCache<KeyObject>(KEPT_KEYS);
const exchanges = new KeyCache<DiffieHellman>(KEPT_KEYS);

/**
 * `base` to the power of `exponent` modulo `modulus`, in as many bytes as `modulus` has. The modulus must be odd, and
 * the base less than it.
 */
export function modexp(
  base: Uint8Array,
  exponent: Uint8Array,
  modulus: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const n = trim(modulus);
  const e = trim(exponent);
  const b = trim(base);
  const size = modulus.length;
  if (n.length < SMALL_MODULUS_BYTES) return toOctets(modexpBigInt(b, e, n), size);
  if (e.length === 0) return pad(Uint8Array.of(1), size);
  if (compare(b, Uint8Array.of(1)) <= 0) return pad(b, size);
  if (isNegatedOne(b, n)) return pad(isOdd(e) ? b : Uint8Array.of(1), size);
  if (isRsaFit(e, n)) return pad(encrypt(b, e, n), size);
  return pad(exchange(b, e, n) ?? toOctets(modexpBigInt(b, e, n), n.length), size);
}

function modexpBigInt(base: Uint8Array, exponent: Uint8Array, modulus: Uint8Array): bigint {
  const n = toBigInt(modulus);
  const b = toBigInt(base) % n;
  let result = 1n % n;
  for (const bit of toBigInt(exponent).toString(2)) {
    result = (result * result) % n;
    if (bit === '1') result = (result * b) % n;
  }
  return result;
}

/** Tells whether an odd `n` is `b + 1`. */
function isNegatedOne(b: Uint8Array, n: Uint8Array): boolean {
  const last = n.length - 1;
  return b.length === n.length && b.every((byte, i) => (i === last ? byte + 1 : byte) === n[i]);
}

function isRsaFit(e: Uint8Array, n: Uint8Array): boolean {
  if (compare(e, n) >= 0) return false;
  return bitLength(n) <= RSA_SMALL_MODULUS_BITS || bitLength(e) <= RSA_MAX_PUBLIC_EXPONENT_BITS;
}

function encrypt(b: Uint8Array, e: Uint8Array, n: Uint8Array): Uint8Array {
  const jwk = { kty: 'RSA', n: base64url(n), e: base64url(e) };
  const key = publicKeys.get(`${jwk.n}.${jwk.e}`, () =>
    createPublicKey({ key: jwk, format: 'jwk' }),
  );
  return publicEncrypt({ key, padding: constants.RSA_NO_PADDING }, pad(b, n.length));
}

/** `undefined` where the exchange is refused. */
function exchange(b: Uint8Array, e: Uint8Array, n: Uint8Array): Uint8Array | undefined {
  const keys = exchanges.get(`${base64url(n)}.${base64url(e)}`, () => {
    const made = createDiffieHellman(n, GENERATOR);
    made.setPrivateKey(e);
    return made;
  });
  try {
    return keys.computeSecret(b);
  } catch {
    return undefined;
  }
}

function base64url(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64url');
}
