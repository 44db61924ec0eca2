// Who may ask a page server for what: whoever knows the token, from a page that the server itself has answered.

import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** Headers of every answer. The page runs its own files alone, and talks to nobody else. */
export const HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    // noVNC makes data URLs of images and of its pointer.
    "img-src 'self' data:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
  ].join('; '),
  'cache-control': 'no-store',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), microphone=(), geolocation=(), fullscreen=(self)',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
};

/** Whether a token is the right one; takes as long for a wrong one. */
export function isToken(right: string, given: string | undefined): boolean {
  return timingSafeEqual(digest(right), digest(given ?? ''));
}

/**
 * Whether a request is for this server by one of its own addresses, and not by a name that somebody has made to lead
 * here; and from its own page where it says from which.
 */
export function isOwn({ headers, socket }: IncomingMessage): boolean {
  const { host, origin } = headers;
  if (host === undefined) return false;
  const { hostname, port } = URL.parse(`http://${host}`) ?? {};
  const isHere =
    hostname === 'localhost' ||
    hostname === plain(socket.localAddress) ||
    isBracketed(hostname, socket.localAddress);
  const isPort = Number(port === '' ? 80 : port) === socket.localPort;
  return isHere && isPort && (origin === undefined || origin === `http://${host}`);
}

function plain(address: string | undefined): string | undefined {
  return address?.replace(/^::ffff:/u, '');
}

function isBracketed(hostname: string | undefined, address: string | undefined): boolean {
  return address !== undefined && hostname === `[${address}]`;
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
