// One client of a picture, from its first byte to its last.

import { randomBytes } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import type { Timer } from '@vfio-ts/core';
import type { FrameChange } from '../screen/frame-copy.ts';
import type { Screen, ScreenHost, Watcher } from '../screen/screen.ts';
import type { RowCopy } from '../screen/scroll.ts';
import { TileSet } from '../screen/tiles.ts';
import { Demand } from './demand.ts';
import { NO_ENCODINGS, understood, type ClientEncodings } from './encodings.ts';
import { Flow } from './flow.ts';
import { GUESS_TIME, handshake, HANDSHAKE_TIME, serverInit, type Refusal } from './handshake.ts';
import { ProtocolError, readMessages, type MessageHandler } from './messages.ts';
import { Output } from './output.ts';
import { MAPPED, NATIVE_FORMAT, type PixelFormat } from './pixel-format.ts';
import { CHALLENGE_SIZE, FENCE, SERVER } from './protocol.ts';
import { UpdateEncoder, type SizeNote } from './update.ts';

/** Answers that may wait for the end of an update. */
const MAX_WAITING = 64;
/** Bytes on their way above which a client that sends still is one that does not read. */
const MAX_BACKLOG = 2 ** 23;

/** What a session is made with. */
export interface SessionOptions extends ScreenHost {
  readonly screen: Screen;
  /** Which the client has to know; nothing when left out. */
  readonly password?: string | undefined;
  /** Bytes nobody can foresee; from the operating system when left out. */
  readonly random?: ((size: number) => Buffer) | undefined;
  /** Called once, when it is over. */
  readonly onClose: () => void;
}

/** A client that looks. */
export class Session implements Watcher, MessageHandler {
  readonly #stream: Duplex;
  readonly #options: SessionOptions;
  readonly #output: Output;
  readonly #encoder: UpdateEncoder;
  readonly #flow = new Flow();
  readonly #timers = new Set<Timer>();
  readonly #demand: Demand;
  #encodings: ClientEncodings = NO_ENCODINGS;
  #format: PixelFormat = NATIVE_FORMAT;
  #size: { readonly width: number; readonly height: number };
  #dirty: TileSet;
  /** To be said with the next update. */
  #note: 'size' | 'refusal' | undefined;
  #isRunning = false;
  #isSending = false;
  #isClosed = false;
  /** What is sent when the update under way is. */
  #waiting: (() => void)[] = [];

  constructor(stream: Duplex, options: SessionOptions) {
    const { screen, clock } = options;
    this.#stream = stream;
    this.#options = options;
    this.#output = new Output(stream, () => this.#wake());
    this.#encoder = new UpdateEncoder(this.#output, { clock, turn: () => turn() }, NATIVE_FORMAT);
    this.#size = screen.picture;
    this.#dirty = new TileSet(0, 0);
    stream.on('error', () => this.close());
    stream.on('close', () => this.close());
    stream.on('end', () => this.close());
    this.#after(HANDSHAKE_TIME, () => {
      if (!this.#isRunning) this.#end('not in within its time');
    });
    this.#demand = new Demand(this.#read());
    stream.on('data', (bytes: Buffer) => this.#take(bytes));
  }

  get isReady(): boolean {
    return this.#isRunning && !this.#isSending && this.#flow.isOpen && this.#output.hasRoom;
  }

  /** Ends it. A second call does nothing. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#isRunning = false;
    for (const timer of this.#timers) timer.cancel();
    this.#options.screen.remove(this);
    this.#encoder[Symbol.dispose]();
    this.#stream.destroy();
    this.#options.onClose();
  }

  changed({ tiles, rest, copies }: FrameChange): void {
    const canCopy = copies.length > 0 && this.#encodings.hasCopyRect && this.#isWhole;
    if (!canCopy || !this.isReady || !this.#dirty.isEmpty) {
      this.#dirty.add(tiles);
      return;
    }
    // Now or never: a copy is of what the client has at this moment.
    this.#dirty.add(rest);
    this.#send(copies);
  }

  resized(): void {
    this.#addAll();
  }

  looked(): void {
    if (this.isReady && !(this.#dirty.isEmpty && this.#note === undefined)) this.#send([]);
  }

  setPixelFormat(format: PixelFormat): void {
    this.#then(() => {
      this.#format = format;
      this.#encoder.configure(format, this.#encodings);
      if (!format.isTrueColour) this.#sendColourMap();
      this.#addAll();
    });
  }

  setEncodings(list: readonly number[]): void {
    const encodings = understood(list);
    this.#then(() => {
      const before = this.#encodings;
      this.#encodings = encodings;
      this.#encoder.configure(this.#format, encodings);
      if (encodings.size === 'extended' && before.size !== 'extended') this.#note = 'size';
      if (encodings.hasFence && !before.hasFence) this.#sendFence(FENCE.REQUEST, Buffer.alloc(0));
      if (encodings.hasContinuousUpdates && !before.hasContinuousUpdates) {
        this.#output.bytes([SERVER.END_OF_CONTINUOUS_UPDATES]);
      }
      this.#output.flush();
    });
  }

  updateRequest(isIncremental: boolean): void {
    if (!isIncremental) this.#addAll();
    this.#flow.request();
    this.#wake();
  }

  enableContinuousUpdates(isEnabled: boolean): void {
    const { hasContinuousUpdates } = this.#encodings;
    if (!hasContinuousUpdates) throw new ProtocolError('continuous updates it has not listed');
    this.#then(() => {
      const wasEnabled = this.#flow.isContinuous;
      if (wasEnabled !== isEnabled) this.#flow.isContinuous = isEnabled;
      if (!isEnabled) this.#output.bytes([SERVER.END_OF_CONTINUOUS_UPDATES]);
      this.#output.flush();
      this.#wake();
    });
  }

  fence(flags: number, payload: Buffer): void {
    if ((flags & FENCE.REQUEST) === 0) {
      if (payload.length === 4) this.#flow.answered(payload.readUInt32BE());
      this.#wake();
      return;
    }
    const known = FENCE.BLOCK_BEFORE | FENCE.BLOCK_AFTER | FENCE.SYNC_NEXT;
    this.#then(() => {
      this.#sendFence(flags & known, payload);
      this.#output.flush();
    });
  }

  setDesktopSize(): void {
    if (this.#encodings.size === 'extended') this.#note = 'refusal';
    this.#flow.request();
    this.#wake();
  }

  /** Whether the client has the size of the picture. */
  get #isWhole(): boolean {
    const { width, height } = this.#options.screen.picture;
    return this.#size.width === width && this.#size.height === height;
  }

  *#read(): Generator<number, void, Buffer> {
    const { password, random = randomBytes, screen } = this.#options;
    const outcome = yield* handshake({
      password,
      challenge: () => random(CHALLENGE_SIZE),
      send: (bytes) => this.#say(bytes),
    });
    if (outcome.tag === 'refused') {
      this.#refuse(outcome);
      return;
    }
    screen.add(this);
    this.#isRunning = true;
    const { width, height } = screen.picture;
    this.#size = { width, height };
    this.#addAll();
    this.#say(serverInit(width, height, screen.source.name));
    yield* readMessages(this);
  }

  #refuse({ why, reply, isGuess }: Refusal): void {
    const { logger } = this.#options;
    logger.log('warn', 'viewer', () => `a client is turned away: ${why}`);
    const say = (): void => {
      this.#say(reply);
      this.#stream.end(() => this.close());
    };
    if (isGuess) this.#after(GUESS_TIME, say);
    else say();
  }

  #take(bytes: Buffer): void {
    if (this.#isClosed) return;
    try {
      this.#demand.push(bytes);
      if (this.#output.pending > MAX_BACKLOG) throw new ProtocolError('sends and does not read');
    } catch (error) {
      this.#end(error instanceof Error ? error.message : String(error));
    }
  }

  #end(why: string): void {
    this.#options.logger.log('debug', 'viewer', () => `a client is ended: ${why}`);
    this.close();
  }

  #say(bytes: Uint8Array): void {
    this.#output.bytes(bytes);
    this.#output.flush();
  }

  /** Does it between updates. */
  #then(act: () => void): void {
    if (!this.#isSending) act();
    else if (this.#waiting.push(act) > MAX_WAITING) throw new ProtocolError('too much at once');
  }

  #addAll(): void {
    const { width, height } = this.#options.screen.picture;
    this.#dirty = new TileSet(width, height);
    this.#dirty.addAll();
  }

  #wake(): void {
    if (this.isReady) this.#options.screen.wake();
  }

  #after(ms: number, act: () => void): void {
    const timer: Timer = this.#options.clock.after(ms, () => {
      this.#timers.delete(timer);
      act();
    });
    this.#timers.add(timer);
  }

  #send(copies: readonly RowCopy[]): void {
    const { picture } = this.#options.screen;
    const note = this.#takeNote();
    let tiles = this.#dirty;
    if (note !== undefined && !note.isRefusal && !this.#isWhole) {
      // A change of the size stands alone; pixels come with the next update.
      this.#size = { width: note.width, height: note.height };
      tiles = new TileSet(picture.width, picture.height);
    } else {
      this.#dirty = new TileSet(picture.width, picture.height);
    }
    const fence = this.#flow.begin();
    this.#isSending = true;
    const done = this.#encoder.write({ picture, size: this.#size, tiles, copies, note });
    done.then(
      () => this.#sent(fence),
      (error: unknown) => this.#failed(error),
    );
  }

  #takeNote(): SizeNote | undefined {
    const note = this.#note ?? (this.#isWhole ? undefined : 'size');
    this.#note = undefined;
    const { size: kind } = this.#encodings;
    if (note === undefined || kind === undefined) return undefined;
    const { width, height } = note === 'refusal' ? this.#size : this.#options.screen.picture;
    return { width, height, kind, isRefusal: note === 'refusal' };
  }

  #sent(fence: number | undefined): void {
    if (this.#isClosed) return;
    if (fence !== undefined) {
      const payload = Buffer.alloc(4);
      payload.writeUInt32BE(fence);
      this.#sendFence((FENCE.REQUEST | FENCE.BLOCK_BEFORE) >>> 0, payload);
    }
    this.#output.flush();
    this.#isSending = false;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const act of waiting) act();
    this.#wake();
  }

  #failed(error: unknown): void {
    if (this.#isClosed) return;
    const { logger, screen } = this.#options;
    logger.log('warn', 'viewer', () => `${screen.source.name}: an update failed`, error);
    this.close();
  }

  #sendFence(flags: number, payload: Buffer): void {
    const head = this.#output.room(9);
    head.fill(0).writeUInt8(SERVER.FENCE, 0);
    head.writeUInt32BE(flags, 4);
    head.writeUInt8(payload.length, 8);
    this.#output.bytes(payload);
  }

  #sendColourMap(): void {
    const map = this.#output.room(6 + 256 * 6);
    map.fill(0).writeUInt8(SERVER.SET_COLOUR_MAP_ENTRIES, 0);
    map.writeUInt16BE(256, 4);
    for (let i = 0; i < 256; i++) {
      const { redMax, greenMax, blueMax, redShift, greenShift, blueShift } = MAPPED;
      const levels = [
        ((i >>> redShift) & redMax) / redMax,
        ((i >>> greenShift) & greenMax) / greenMax,
        ((i >>> blueShift) & blueMax) / blueMax,
      ];
      for (const [part, level] of levels.entries()) {
        map.writeUInt16BE(Math.round(level * 0xffff), 6 + i * 6 + part * 2);
      }
    }
    this.#output.flush();
  }
}
