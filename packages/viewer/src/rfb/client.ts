// A client that wants one picture and goes: a screen shot.

import type { Duplex } from 'node:stream';
import { VfioError, type Clock, type Picture } from '@vfio-ts/core';
import { Demand, skip } from './demand.ts';
import { answerTo } from './vnc-auth.ts';
import { encodePixelFormat, NATIVE_FORMAT, PIXEL_FORMAT_SIZE } from './pixel-format.ts';
import {
  CHALLENGE_SIZE,
  CLIENT,
  ENCODING,
  RFB_VERSION,
  SECURITY,
  SECURITY_RESULT,
  SERVER,
  VERSION_SIZE,
} from './protocol.ts';

/** How a picture is asked for. */
export interface ReadPictureOptions {
  readonly clock: Clock;
  /** Milliseconds until it must be there; 10 000 when left out. */
  readonly timeout?: number;
  /** For a server that asks for one. */
  readonly password?: string;
}

const TIMEOUT = 10_000;
const MAX_PIXELS = 2 ** 26;
const MAX_REASON = 4096;
const RGBA = { ...NATIVE_FORMAT, redShift: 0, blueShift: 16 };

/**
 * The picture that a server shows now. The stream is ended.
 *
 * @throws `EPROTO` no server of this protocol; `EACCES` it wants a password, or another; `ETIMEDOUT`; `ECONNRESET` it
 * has ended the connection
 */
export async function readPicture(stream: Duplex, options: ReadPictureOptions): Promise<Picture> {
  const { clock, timeout = TIMEOUT, password } = options;
  const { promise, resolve, reject } = Promise.withResolvers<Picture>();
  const timer = clock.after(timeout, () => reject(failure('ETIMEDOUT', 'no picture in time')));
  const send = (bytes: Uint8Array): void => void stream.write(bytes);
  try {
    const demand = new Demand(
      (function* () {
        resolve(yield* picture(send, password));
      })(),
    );
    stream.on('error', reject);
    stream.on('close', () => reject(failure('ECONNRESET', 'the connection has ended')));
    stream.on('data', (bytes: Buffer) => {
      try {
        demand.push(bytes);
      } catch (error) {
        reject(error);
      }
    });
    return await promise;
  } finally {
    timer.cancel();
    stream.destroy();
  }
}

function* picture(
  send: (bytes: Uint8Array) => void,
  password: string | undefined,
): Generator<number, Picture, Buffer> {
  yield* enter(send, password);
  const init = yield 4 + PIXEL_FORMAT_SIZE + 4;
  const [width, height] = [init.readUInt16BE(0), init.readUInt16BE(2)];
  if (width * height > MAX_PIXELS) throw failure('EPROTO', `${width}x${height} pixels`);
  yield* skip(init.readUInt32BE(4 + PIXEL_FORMAT_SIZE));
  send(Buffer.concat([Buffer.of(CLIENT.SET_PIXEL_FORMAT, 0, 0, 0), encodePixelFormat(RGBA)]));
  send(Buffer.of(CLIENT.SET_ENCODINGS, 0, 0, 1, 0, 0, 0, ENCODING.RAW));
  const request = Buffer.from([CLIENT.FRAMEBUFFER_UPDATE_REQUEST, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
  request.writeUInt16BE(width, 6);
  request.writeUInt16BE(height, 8);
  send(request);
  const rgba = new Uint8Array(width * height * 4);
  yield* update(rgba, width, height);
  for (let alpha = 3; alpha < rgba.length; alpha += 4) rgba[alpha] = 255;
  return { width, height, rgba };
}

/**
 * Gets in, up to the message that begins the session.
 *
 * @throws `EPROTO` no server of this protocol; `EACCES` it wants a password, or another
 */
export function* enter(
  send: (bytes: Uint8Array) => void,
  password: string | undefined,
): Generator<number, void, Buffer> {
  if (!/^RFB 003\.\d{3}\n$/u.test((yield VERSION_SIZE).toString('latin1'))) {
    throw failure('EPROTO', 'no server of pictures');
  }
  send(Buffer.from(RFB_VERSION));
  yield* authenticate(send, password);
  send(Buffer.of(1));
}

function* authenticate(
  send: (bytes: Uint8Array) => void,
  password: string | undefined,
): Generator<number, void, Buffer> {
  const [count = 0] = yield 1;
  const types = count === 0 ? [] : [...(yield count)];
  if (types.includes(SECURITY.NONE)) {
    send(Buffer.of(SECURITY.NONE));
  } else if (types.includes(SECURITY.VNC)) {
    if (password === undefined) throw failure('EACCES', 'the server wants a password');
    send(Buffer.of(SECURITY.VNC));
    send(answerTo(password, yield CHALLENGE_SIZE));
  } else {
    throw failure('EACCES', 'no security type that is known');
  }
  if ((yield 4).readUInt32BE() === SECURITY_RESULT.OK) return;
  const length = Math.min((yield 4).readUInt32BE(), MAX_REASON);
  throw failure('EACCES', (yield length).toString('utf8'));
}

/** Reads one update, past what else a server may say before. */
function* update(rgba: Uint8Array, width: number, height: number): Generator<number, void, Buffer> {
  for (let [type] = yield 1; type !== SERVER.FRAMEBUFFER_UPDATE; [type] = yield 1) {
    // A bell is as long as its type.
    if (type !== 2) throw failure('EPROTO', `message ${type}`);
  }
  const rects = (yield 3).readUInt16BE(1);
  for (let i = 0; i < rects; i++) {
    const head = yield 12;
    const [x, y] = [head.readUInt16BE(0), head.readUInt16BE(2)];
    const [columns, rows] = [head.readUInt16BE(4), head.readUInt16BE(6)];
    const encoding = head.readInt32BE(8);
    if (encoding !== ENCODING.RAW || x + columns > width || y + rows > height) {
      throw failure('EPROTO', `a rectangle of encoding ${encoding} that is none`);
    }
    for (let row = y; row < y + rows; row++) rgba.set(yield columns * 4, (row * width + x) * 4);
  }
}

function failure(code: 'EPROTO' | 'EACCES' | 'ETIMEDOUT' | 'ECONNRESET', fact: string): VfioError {
  return new VfioError(code, 'readPicture', fact);
}
