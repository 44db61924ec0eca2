// Clear RSA keys in CCA key tokens, as the host's driver writes them. Linux drivers/s390/crypto/zcrypt_cca_key.h.

import type { CrtKey } from './crt.ts';
import { uint16 } from './type6.ts';

const BLOCK_HEADER_SIZE = 6;
const TOKEN_HEADER_SIZE = 8;
const TOKEN_EXTERNAL = 0x1e;
const SECTION_PUBLIC = 0x04;
const SECTION_PUBLIC_SIZE = 12;
const SECTION_CRT = 0x08;
const SECTION_CRT_SIZE = 132;
const KEY_FORMAT_CLEAR = 0x40;

/** A public key. */
export interface PublicKey {
  readonly exponent: Uint8Array;
  readonly modulus: Uint8Array;
}

/** The first section of the token in a key block, which begins with its id; `undefined` where there is none. */
function firstSection(block: Uint8Array): Uint8Array | undefined {
  const token = block.subarray(BLOCK_HEADER_SIZE);
  if (token[0] !== TOKEN_EXTERNAL) return undefined;
  const tokenSize = uint16(token, 2);
  if (uint16(block, 0) > block.length || tokenSize > token.length) return undefined;
  const section = token.subarray(TOKEN_HEADER_SIZE, tokenSize);
  const size = uint16(section, 2);
  return size > section.length ? undefined : section.subarray(0, size);
}

/** The public key in a key block; `undefined` where there is none. */
export function decodePublicKey(block: Uint8Array): PublicKey | undefined {
  const section = firstSection(block);
  if (section?.[0] !== SECTION_PUBLIC || section.length < SECTION_PUBLIC_SIZE) return undefined;
  const exponentEnd = SECTION_PUBLIC_SIZE + uint16(section, 6);
  const end = exponentEnd + uint16(section, 10);
  if (end > section.length) return undefined;
  return {
    exponent: section.subarray(SECTION_PUBLIC_SIZE, exponentEnd),
    modulus: section.subarray(exponentEnd, end),
  };
}

/** The clear private key in a key block; `undefined` where there is none. */
export function decodeCrtKey(block: Uint8Array): CrtKey | undefined {
  const section = firstSection(block);
  if (section?.[0] !== SECTION_CRT || section.length < SECTION_CRT_SIZE) return undefined;
  if (section[28] !== KEY_FORMAT_CLEAR) return undefined;
  let end = SECTION_CRT_SIZE;
  const part = (lengthAt: number): Uint8Array => {
    const begin = end;
    end += uint16(section, lengthAt);
    return section.subarray(begin, end);
  };
  const key = { p: part(54), q: part(56), dp: part(58), dq: part(60), u: part(62) };
  return end > section.length ? undefined : key;
}
