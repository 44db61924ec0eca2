// What a client has to say before it can read a register, over a connection that blocks.

import {
  HEADER_NO_REPLY,
  HEADER_SIZE,
  messageErrno,
  messageSize,
  writeHeader,
} from '../../src/header.ts';
import { encodeRegionAccess, REGION_ACCESS_SIZE } from '../../src/messages/region-access.ts';
import { encodeVersion } from '../../src/messages/version.ts';
import { VERSION_MAJOR, VERSION_MINOR, VFIO_USER } from '../../src/protocol.ts';
import { BlockingTransport } from '../../src/transport-blocking.ts';

/** Connects to a server and negotiates. @throws Error it refuses */
export function attach(path: string): BlockingTransport {
  const transport = BlockingTransport.connect(path);
  const payload = encodeVersion({ major: VERSION_MAJOR, minor: VERSION_MINOR, capabilities: {} });
  const request = message(VFIO_USER.VERSION, payload);
  transport.send(request, request.length);
  const header = new Uint8Array(HEADER_SIZE);
  transport.receive(header, HEADER_SIZE);
  const view = new DataView(header.buffer);
  const rest = messageSize(view) - HEADER_SIZE;
  transport.receive(new Uint8Array(rest), rest);
  if (messageErrno(view) !== 0) throw new Error(`VERSION is refused: ${messageErrno(view)}`);
  return transport;
}

function message(command: number, payload: Uint8Array, flags = 0): Uint8Array {
  const bytes = new Uint8Array(HEADER_SIZE + payload.length);
  writeHeader(new DataView(bytes.buffer), 1, command, bytes.length, flags, 0);
  bytes.set(payload, HEADER_SIZE);
  return bytes;
}

/** Bytes of the reply to a read, before what was read. */
export const REGION_READ_REPLY: number = HEADER_SIZE + REGION_ACCESS_SIZE;

/** The request for `count` bytes at the start of a region. */
export function regionRead(count: number, region = 0): Uint8Array {
  const payload = new Uint8Array(REGION_ACCESS_SIZE);
  encodeRegionAccess(new DataView(payload.buffer), 0, 0, region, count);
  return message(VFIO_USER.REGION_READ, payload);
}

/**
 * The request to write `count` bytes at the start of region 0.
 *
 * @param posted - nobody wants a reply
 */
export function regionWrite(count: number, posted: boolean): Uint8Array {
  const payload = new Uint8Array(REGION_ACCESS_SIZE + count);
  encodeRegionAccess(new DataView(payload.buffer), 0, 0, 0, count);
  return message(VFIO_USER.REGION_WRITE, payload, posted ? HEADER_NO_REPLY : 0);
}

/** Checks that a reply is what was asked for. @throws Error it is an error */
export function checkReply(reply: Uint8Array): void {
  const view = new DataView(reply.buffer, reply.byteOffset);
  if (messageSize(view) === reply.length && messageErrno(view) === 0) return;
  throw new Error(`reply of ${messageSize(view)} bytes with error ${messageErrno(view)}`);
}
