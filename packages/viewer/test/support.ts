// Pictures drawn by tests, and a viewer that understands everything the server sends.

import { duplexPair, type Duplex } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { constants, createInflate, type Inflate } from 'node:zlib';
import { ManualClock, RecordingLogger } from '@vfio-ts/conformance/fakes';
import { convertIndexedToRgb, decode } from 'fast-png';
import { onTestFinished } from 'vitest';
import {
  PictureServer,
  type Frame,
  type PictureServerOptions,
  type PictureSource,
} from '../src/index.ts';

/** A picture that a test draws on. */
export class TestPicture implements PictureSource {
  readonly name = 'test picture';
  width: number;
  height: number;
  pixels: Uint32Array;
  /** Words between the rows. */
  readonly gap: number;
  /** How often somebody has looked. */
  looks = 0;
  isOff = false;

  constructor(width: number, height: number, gap = 0) {
    this.width = width;
    this.height = height;
    this.gap = gap;
    this.pixels = new Uint32Array((width + gap) * height);
  }

  get stride(): number {
    return (this.width + this.gap) * 4;
  }

  frame(): Frame | undefined {
    this.looks++;
    if (this.isOff) return undefined;
    const { width, height, stride } = this;
    return { width, height, stride, pixels: new Uint8Array(this.pixels.buffer) };
  }

  resize(width: number, height: number): void {
    this.width = width;
    this.height = height;
    this.pixels = new Uint32Array((width + this.gap) * height);
  }

  fill(
    colour: number,
    x = 0,
    y = 0,
    width: number = this.width,
    height: number = this.height,
  ): void {
    const row = this.width + this.gap;
    for (let i = y; i < y + height; i++) this.pixels.fill(colour, i * row + x, i * row + x + width);
  }

  /** Pixels without gaps and without what is in the top byte. */
  get visible(): Uint32Array {
    const { width, height, gap } = this;
    return Uint32Array.from({ length: width * height }, (_, i) => {
      const at = Math.floor(i / width) * (width + gap) + (i % width);
      return (this.pixels[at] ?? 0) & 0xff_ffff;
    });
  }
}

/** A server of one picture, on a clock that a test moves. */
export class Stand {
  readonly clock: ManualClock = new ManualClock();
  readonly logger: RecordingLogger = new RecordingLogger();
  readonly picture: TestPicture;
  readonly server: PictureServer;

  constructor(
    picture: TestPicture = new TestPicture(200, 100),
    options: Partial<PictureServerOptions> = {},
  ) {
    const { clock, logger } = this;
    this.picture = picture;
    this.server = new PictureServer(picture, { clock, logger, ...options });
    onTestFinished(() => this.server.close());
  }

  /** A connection to the server: the client's end. */
  connect(): Duplex {
    const [ours, theirs] = duplexPair();
    ours.on('error', () => undefined);
    // As a connection does: what was sent before its end still arrives.
    theirs.on('close', () => void settle().then(() => ours.destroy()));
    ours.on('close', () => theirs.destroy());
    this.server.accept(theirs);
    return ours;
  }

  /** A viewer that is in. */
  async viewer(encodings: readonly number[] = [0]): Promise<TestViewer> {
    const viewer = new TestViewer(this.connect());
    await viewer.begin();
    viewer.setEncodings(encodings);
    return viewer;
  }

  /** Lets time pass until something has happened. Threads, which compress, take as long as they take. */
  async until<T>(promise: Promise<T>): Promise<T> {
    const state = { isOver: false };
    const end = (): void => void (state.isOver = true);
    const watched = promise.finally(end);
    watched.catch(() => undefined);
    onTestFinished(end);
    while (!state.isOver) await this.pass();
    return await watched;
  }

  /** Lets a frame's time pass, and whatever is to be done then be done. */
  async pass(frames = 1): Promise<void> {
    for (let i = 0; i < frames; i++) {
      await settle();
      this.clock.advance(17);
      await settle();
    }
  }
}

/** Lets everything happen that waits for nothing but its turn. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 8; i++) await turn();
}

const INCREMENTAL = 1;
const RGB = 0xff_ffff;

/** A message as it came. */
export type Message =
  | { readonly tag: 'update'; readonly encodings: readonly number[] }
  | { readonly tag: 'fence'; readonly flags: number; readonly payload: Buffer }
  | { readonly tag: 'end of continuous updates' }
  | { readonly tag: 'colours'; readonly map: readonly number[] };

/** A client of the protocol that draws what it is sent. */
export class TestViewer {
  readonly stream: Duplex;
  name = '';
  width = 0;
  height = 0;
  /** `0xrrggbb`. */
  pixels = new Uint32Array(0);
  /** Bytes so far. */
  received = 0;
  readonly #waiting: Buffer[] = [];
  #length = 0;
  #more = Promise.withResolvers<void>();
  #isOver = false;
  readonly #inflates: Inflate[] = [];

  constructor(stream: Duplex) {
    this.stream = stream;
    stream.on('data', (bytes: Buffer) => {
      // The server uses its memory again.
      this.#waiting.push(Buffer.from(bytes));
      this.#length += bytes.length;
      this.received += bytes.length;
      this.#wake();
    });
    stream.on('close', () => {
      this.#isOver = true;
      this.#wake();
    });
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  send(...bytes: readonly (number | Uint8Array)[]): void {
    this.stream.write(
      Buffer.concat(bytes.map((one) => (typeof one === 'number' ? Buffer.of(one) : one))),
    );
  }

  async read(length: number): Promise<Buffer> {
    while (this.#length < length) {
      if (this.#isOver) throw new Error('the server has ended the connection');
      await this.#more.promise;
    }
    const all = Buffer.concat(this.#waiting);
    this.#waiting.length = 0;
    this.#waiting.push(all.subarray(length));
    this.#length -= length;
    return all.subarray(0, length);
  }

  /** Waits for the end of the connection. */
  async over(): Promise<void> {
    while (!this.#isOver) await this.#more.promise;
  }

  /** Gets in, without a password. */
  async begin(): Promise<void> {
    await this.read(12);
    this.send(Buffer.from('RFB 003.008\n'));
    await this.read(2);
    this.send(1);
    await this.read(4);
    this.send(1);
    await this.initialised();
  }

  async initialised(): Promise<void> {
    const head = await this.read(24);
    this.#resize(head.readUInt16BE(0), head.readUInt16BE(2));
    this.name = (await this.read(head.readUInt32BE(20))).toString();
  }

  setEncodings(encodings: readonly number[]): void {
    const list = Buffer.alloc(encodings.length * 4);
    for (const [i, encoding] of encodings.entries()) list.writeInt32BE(encoding, i * 4);
    this.send(2, 0, 0, encodings.length, list);
  }

  request(isIncremental = true): void {
    const whole = Buffer.alloc(8);
    whole.writeUInt16BE(this.width, 4);
    whole.writeUInt16BE(this.height, 6);
    this.send(3, isIncremental ? INCREMENTAL : 0, whole);
  }

  continuous(isEnabled: boolean): void {
    this.send(150, isEnabled ? 1 : 0, Buffer.alloc(8));
  }

  fence(flags: number, payload: Buffer): void {
    const head = Buffer.alloc(9);
    head.writeUInt8(248);
    head.writeUInt32BE(flags, 4);
    head.writeUInt8(payload.length, 8);
    this.send(head, payload);
  }

  /** The next message, carried out. */
  async message(): Promise<Message> {
    const [type = -1] = await this.read(1);
    switch (type) {
      case 0:
        return { tag: 'update', encodings: await this.#update() };
      case 1: {
        const count = (await this.read(5)).readUInt16BE(3);
        const map = await this.read(count * 6);
        return {
          tag: 'colours',
          map: Array.from({ length: count * 3 }, (_, i) => map.readUInt16BE(i * 2)),
        };
      }
      case 150:
        return { tag: 'end of continuous updates' };
      case 248: {
        const head = await this.read(8);
        const payload = await this.read(head.readUInt8(7));
        return { tag: 'fence', flags: head.readUInt32BE(3), payload };
      }
      default:
        throw new Error(`message ${type}`);
    }
  }

  #wake(): void {
    this.#more.resolve();
    this.#more = Promise.withResolvers<void>();
  }

  #resize(width: number, height: number): void {
    this.width = width;
    this.height = height;
    this.pixels = new Uint32Array(width * height);
  }

  async #update(): Promise<number[]> {
    const count = (await this.read(3)).readUInt16BE(1);
    const encodings: number[] = [];
    for (let i = 0; i < count; i++) {
      const head = await this.read(12);
      const [x, y] = [head.readUInt16BE(0), head.readUInt16BE(2)];
      const [width, height] = [head.readUInt16BE(4), head.readUInt16BE(6)];
      const encoding = head.readInt32BE(8);
      encodings.push(encoding);
      if (encoding === 0) this.#draw(x, y, width, height, await this.#raw(width * height));
      else if (encoding === 1) await this.#copy(x, y, width, height);
      else if (encoding === 7) this.#draw(x, y, width, height, await this.#tight(width, height));
      else if (encoding === -260) this.#draw(x, y, width, height, await this.#image());
      else if (encoding === -223) this.#resize(width, height);
      else if (encoding === -308) {
        await this.read(4 + 16);
        if (y === 0) this.#resize(width, height);
      } else throw new Error(`encoding ${encoding}`);
    }
    return encodings;
  }

  #draw(x: number, y: number, width: number, height: number, pixels: Uint32Array): void {
    if (x + width > this.width || y + height > this.height) throw new Error('drawn outside');
    for (let row = 0; row < height; row++) {
      const part = pixels.subarray(row * width, (row + 1) * width);
      this.pixels.set(part, (y + row) * this.width + x);
    }
  }

  async #raw(count: number): Promise<Uint32Array> {
    const bytes = await this.read(count * 4);
    return Uint32Array.from({ length: count }, (_, i) => bytes.readUInt32LE(i * 4) & RGB);
  }

  async #copy(x: number, y: number, width: number, height: number): Promise<void> {
    const from = await this.read(4);
    const [left, top] = [from.readUInt16BE(0), from.readUInt16BE(2)];
    const before = this.pixels.slice();
    for (let row = 0; row < height; row++) {
      const start = (top + row) * this.width + left;
      this.pixels.set(before.subarray(start, start + width), (y + row) * this.width + x);
    }
  }

  async #tight(width: number, height: number): Promise<Uint32Array> {
    const [control = 0] = await this.read(1);
    if (control >> 4 === 8) {
      return new Uint32Array(width * height).fill((await this.read(3)).readUIntBE(0, 3));
    }
    const stream = (control >> 4) & 3;
    if ((control & 0x40) === 0) {
      const rgb = await this.#inflated(stream, width * height * 3);
      return Uint32Array.from({ length: width * height }, (_, i) => rgb.readUIntBE(i * 3, 3));
    }
    const [filter, last = 0] = await this.read(2);
    if (filter !== 1) throw new Error(`filter ${filter}`);
    const list = await this.read((last + 1) * 3);
    const colours = Array.from({ length: last + 1 }, (_, i) => list.readUIntBE(i * 3, 3));
    const isMono = colours.length === 2;
    const row = isMono ? Math.ceil(width / 8) : width;
    const bytes = await this.#inflated(stream, row * height);
    return Uint32Array.from({ length: width * height }, (_, i) => {
      const [x, y] = [i % width, Math.floor(i / width)];
      const bits = bytes[y * row + (isMono ? x >> 3 : x)] ?? 0;
      return colours[isMono ? (bits >> (7 - (x & 7))) & 1 : bits] ?? 0;
    });
  }

  async #image(): Promise<Uint32Array> {
    const [control = 0] = await this.read(1);
    if (control !== 0xa0) throw new Error(`control ${control} of an image`);
    const image = decode(await this.read(await this.#compactLength()), { checkCrc: true });
    const rgb = Buffer.from(convertIndexedToRgb(image));
    return Uint32Array.from({ length: rgb.length / 3 }, (_, i) => rgb.readUIntBE(i * 3, 3));
  }

  async #inflated(stream: number, length: number): Promise<Buffer> {
    if (length < 12) return await this.read(length);
    const bytes = await this.read(await this.#compactLength());
    const inflate = (this.#inflates[stream] ??= createInflate({
      finishFlush: constants.Z_SYNC_FLUSH,
    }));
    const written = Promise.withResolvers<void>();
    inflate.write(bytes, () => written.resolve());
    const pieces: Buffer[] = [];
    for (let got = 0; got < length;) {
      const piece: unknown = inflate.read();
      if (piece instanceof Buffer) {
        pieces.push(piece);
        got += piece.length;
      } else await turn();
    }
    await written.promise;
    const whole = Buffer.concat(pieces);
    if (whole.length !== length) throw new Error(`${whole.length} bytes in place of ${length}`);
    return whole;
  }

  async #compactLength(): Promise<number> {
    let length = 0;
    for (let shift = 0; ; shift += 7) {
      const [byte = 0] = await this.read(1);
      length |= (shift === 14 ? byte : byte & 0x7f) << shift;
      if (shift === 14 || (byte & 0x80) === 0) return length;
    }
  }
}
