// MIG_DATA_READ and MIG_DATA_WRITE as a client sends them.

import { VfioError } from '@vfio-ts/core';
import { HEADER_SIZE } from '../header.ts';
import { MIG_DATA_SIZE, encodeWithData } from '../messages/feature.ts';
import { VFIO_USER } from '../protocol.ts';
import type { Request } from './connection.ts';
import { words } from './payloads.ts';

const DATA_AT = HEADER_SIZE + MIG_DATA_SIZE;

/** Reads up to `into.length` bytes of the device's state; its reply is how many there were. */
export function readRequest(into: Uint8Array): Request<number> {
  const size = into.length;
  return {
    command: VFIO_USER.MIG_DATA_READ,
    payload: words(MIG_DATA_SIZE + size, size),
    minReply: MIG_DATA_SIZE,
    decode({ bytes, view, payloadLength }) {
      const done = view.getUint32(HEADER_SIZE + 4, true);
      // libvfio-user sends as many bytes as were asked for; the size field counts.
      if (done > size || MIG_DATA_SIZE + done > payloadLength) {
        throw new VfioError('EPROTO', 'readMigrationData', `${done} of ${size} bytes`);
      }
      into.set(bytes.subarray(DATA_AT, DATA_AT + done));
      return done;
    },
  };
}

/** Writes state to the device. */
export function writeRequest(data: Uint8Array): Request<void> {
  return {
    command: VFIO_USER.MIG_DATA_WRITE,
    payload: encodeWithData(MIG_DATA_SIZE + data.length, data.length, data),
    minReply: 0,
    decode: () => undefined,
  };
}
