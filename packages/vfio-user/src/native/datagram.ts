// A datagram to a UNIX socket, which Node cannot send: by it a service tells its manager how it is, sd_notify(3).

import { VfioError } from '@vfio-ts/core';
import { AF_UNIX, MSG_NOSIGNAL, SOCK_CLOEXEC } from './constants.ts';
import { checked, failure, interrupted } from './failure.ts';
import { raw } from './ffi.ts';

const SOCK_DGRAM = 2;
/** Bytes of `sun_path`. */
const MAX_PATH = 108;

const encoder = new TextEncoder();

/**
 * Sends one datagram.
 *
 * @param path - of the socket; one that begins with `@` is in the abstract name space
 * @throws `EINVAL` a path that cannot be a socket's; `ENOENT`, `ECONNREFUSED` nobody has it; `EACCES`; `EMSGSIZE`
 */
export function sendDatagram(path: string, text: string): void {
  const address = addressOf(path);
  const bytes = encoder.encode(text);
  const fd = checked(raw.socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), 'socket', 'AF_UNIX');
  try {
    while (raw.connect(fd, address, address.length) < 0) {
      if (!interrupted()) throw failure('connect', path);
    }
    while (raw.send(fd, bytes, bytes.length, MSG_NOSIGNAL) < 0) {
      if (!interrupted()) throw failure('send', path);
    }
  } finally {
    raw.close(fd);
  }
}

function addressOf(path: string): Uint8Array {
  const isAbstract = path.startsWith('@');
  const name = encoder.encode(isAbstract ? `\0${path.slice(1)}` : `${path}\0`);
  const isPath = isAbstract || path.startsWith('/');
  if (!isPath || path.includes('\0') || name.length > MAX_PATH) {
    throw new VfioError('EINVAL', 'sendDatagram', `no path of a socket: ${JSON.stringify(path)}`);
  }
  const address = new Uint8Array(2 + name.length);
  new DataView(address.buffer).setUint16(0, AF_UNIX, true);
  address.set(name, 2);
  return address;
}
