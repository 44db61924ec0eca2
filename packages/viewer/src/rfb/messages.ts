// What a client says once it is in. RFC 6143, 7.5, and extensions. Keys and the pointer go nowhere: a plane has neither.

import { skip } from './demand.ts';
import { decodePixelFormat, PIXEL_FORMAT_SIZE, type PixelFormat } from './pixel-format.ts';
import { CLIENT, MAX_FENCE_PAYLOAD } from './protocol.ts';

/** Encodings a client may list; more are a mistake. */
const MAX_ENCODINGS = 1024;

/** What is done about it. */
export interface MessageHandler {
  setPixelFormat(format: PixelFormat): void;
  setEncodings(encodings: readonly number[]): void;
  /** The rectangle is not looked at: all of the picture is kept up to date. */
  updateRequest(isIncremental: boolean): void;
  enableContinuousUpdates(isEnabled: boolean): void;
  fence(flags: number, payload: Buffer): void;
  setDesktopSize(): void;
}

/** A client that does not keep to the protocol. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
}

/** Reads messages without end. @throws ProtocolError */
export function* readMessages(handler: MessageHandler): Generator<number, never, Buffer> {
  while (true) {
    const [type = -1] = yield 1;
    switch (type) {
      case CLIENT.SET_PIXEL_FORMAT: {
        const format = decodePixelFormat((yield 3 + PIXEL_FORMAT_SIZE).subarray(3));
        if (format === undefined) throw new ProtocolError('a pixel format that is none');
        handler.setPixelFormat(format);
        break;
      }
      case CLIENT.SET_ENCODINGS: {
        const count = (yield 3).readUInt16BE(1);
        if (count > MAX_ENCODINGS) throw new ProtocolError(`${count} encodings`);
        const list = yield count * 4;
        handler.setEncodings(Array.from({ length: count }, (_, i) => list.readInt32BE(i * 4)));
        break;
      }
      case CLIENT.FRAMEBUFFER_UPDATE_REQUEST: {
        const [isIncremental] = yield 9;
        handler.updateRequest(isIncremental !== 0);
        break;
      }
      case CLIENT.KEY_EVENT:
        yield 7;
        break;
      case CLIENT.POINTER_EVENT:
        yield 5;
        break;
      case CLIENT.CLIENT_CUT_TEXT: {
        // With the extended clipboard the length is negative.
        const length = (yield 7).readInt32BE(3);
        yield* skip(Math.abs(length));
        break;
      }
      case CLIENT.ENABLE_CONTINUOUS_UPDATES: {
        const [isEnabled] = yield 9;
        handler.enableContinuousUpdates(isEnabled !== 0);
        break;
      }
      case CLIENT.FENCE: {
        const head = yield 8;
        const [flags, length] = [head.readUInt32BE(3), head.readUInt8(7)];
        if (length > MAX_FENCE_PAYLOAD) throw new ProtocolError(`a fence with ${length} bytes`);
        handler.fence(flags, Buffer.from(yield length));
        break;
      }
      case CLIENT.SET_DESKTOP_SIZE: {
        const screens = (yield 7).readUInt8(5);
        yield* skip(screens * 16);
        handler.setDesktopSize();
        break;
      }
      case CLIENT.QEMU:
        // Extended key events are the only ones that a server gets without having offered them.
        if ((yield 1)[0] !== 0) throw new ProtocolError('an unknown message of QEMU');
        yield 10;
        break;
      default:
        throw new ProtocolError(`message ${type}`);
    }
  }
}
