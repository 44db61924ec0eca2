// VNC authentication, RFC 6143, 7.2.2: the client enciphers a challenge with DES, keyed by the password.

import { createCipheriv, timingSafeEqual } from 'node:crypto';
import { CHALLENGE_SIZE } from './protocol.ts';

const KEY_SIZE = 8;

/** Whether the answer is that of somebody who knows the password, of which the first eight bytes count. */
export function isRightAnswer(password: string, challenge: Buffer, answer: Buffer): boolean {
  const right = answerTo(password, challenge);
  return answer.length === right.length && timingSafeEqual(answer, right);
}

/** What a client that knows the password answers. */
export function answerTo(password: string, challenge: Buffer): Buffer {
  const key = Buffer.alloc(KEY_SIZE);
  key.set(Buffer.from(password, 'utf8').subarray(0, KEY_SIZE));
  // VNC has the bits of each byte of the key the other way round.
  for (const [i, byte] of key.entries()) key[i] = reversed(byte);
  // Three times the same key is DES once, which OpenSSL 3 no longer has by itself.
  const des = createCipheriv('des-ede3-ecb', Buffer.concat([key, key, key]), null);
  des.setAutoPadding(false);
  return Buffer.concat([des.update(challenge.subarray(0, CHALLENGE_SIZE)), des.final()]);
}

function reversed(byte: number): number {
  let bits = 0;
  for (let i = 0; i < 8; i++) bits = (bits << 1) | ((byte >>> i) & 1);
  return bits;
}
