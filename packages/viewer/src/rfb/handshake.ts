// What comes before messages: version, security, initialisation. RFC 6143, 7.1 to 7.3.

import { isRightAnswer } from './vnc-auth.ts';
import { encodePixelFormat, NATIVE_FORMAT, PIXEL_FORMAT_SIZE } from './pixel-format.ts';
import {
  CHALLENGE_SIZE,
  RFB_VERSION,
  SECURITY,
  SECURITY_RESULT,
  VERSION_SIZE,
} from './protocol.ts';

/** Milliseconds a client has until it is in. */
export const HANDSHAKE_TIME = 10_000;
/** Milliseconds that a wrong password costs. */
export const GUESS_TIME = 1000;

/** What the handshake is with. */
export interface HandshakeOptions {
  /** Which clients have to know; nothing when left out. */
  readonly password: string | undefined;
  /** A challenge nobody can foresee. */
  readonly challenge: () => Buffer;
  readonly send: (bytes: Uint8Array) => void;
}

/** A client that may not look, and is told so by `reply`: not at once where it has tried a password. */
export interface Refusal {
  readonly tag: 'refused';
  readonly why: string;
  readonly reply: Buffer;
  readonly isGuess: boolean;
}

/** How it ended. */
export type HandshakeOutcome = { readonly tag: 'welcome' } | Refusal;

/** The handshake up to the client's own initialisation message. */
export function* handshake({
  password,
  challenge,
  send,
}: HandshakeOptions): Generator<number, HandshakeOutcome, Buffer> {
  send(Buffer.from(RFB_VERSION));
  const version = minorVersion((yield VERSION_SIZE).toString('latin1'));
  if (version === undefined) return refused('no version of the protocol', Buffer.alloc(0));
  const type = password === undefined ? SECURITY.NONE : SECURITY.VNC;
  if (version === 3) {
    send(uint32(type));
  } else {
    send(Buffer.of(1, type));
    const [chosen] = yield 1;
    if (chosen !== type) {
      return refused(`security type ${chosen}`, failure(version, 'security type not offered'));
    }
  }
  if (password !== undefined) {
    const question = challenge();
    send(question);
    const answer = yield CHALLENGE_SIZE;
    if (!isRightAnswer(password, question, answer)) {
      return { ...refused('wrong password', failure(version, 'wrong password')), isGuess: true };
    }
  }
  // Before 3.8 nobody is told that it need not have a password.
  if (password !== undefined || version === 8) send(uint32(SECURITY_RESULT.OK));
  // Whether it shares: all do.
  yield 1;
  return { tag: 'welcome' };
}

/** The message that begins the session: size, format and name. */
export function serverInit(width: number, height: number, name: string): Buffer {
  const text = Buffer.from(name, 'utf8');
  const message = Buffer.alloc(4 + PIXEL_FORMAT_SIZE + 4 + text.length);
  message.writeUInt16BE(width, 0);
  message.writeUInt16BE(height, 2);
  message.set(encodePixelFormat(NATIVE_FORMAT), 4);
  message.writeUInt32BE(text.length, 4 + PIXEL_FORMAT_SIZE);
  message.set(text, 8 + PIXEL_FORMAT_SIZE);
  return message;
}

/** 3, 7 or 8; others are treated as the highest below them. */
function minorVersion(text: string): 3 | 7 | 8 | undefined {
  const match = /^RFB 003\.(\d{3})\n$/u.exec(text);
  if (match === null) return undefined;
  const minor = Number(match[1]);
  return minor >= 8 ? 8 : minor === 7 ? 7 : 3;
}

function refused(why: string, reply: Buffer): Refusal {
  return { tag: 'refused', why, reply, isGuess: false };
}

/** The result, with its reason where the version has one. */
function failure(version: number, reason: string): Buffer {
  const result = uint32(SECURITY_RESULT.FAILED);
  if (version < 8) return result;
  const text = Buffer.from(reason);
  return Buffer.concat([result, uint32(text.length), text]);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
