// A tape in a drive: an AWSTAPE file, and where the heads are.

import { isErrno } from '@vfio-ts/core';
import { AWS_HEADER_SIZE, encodeAwsBlock, encodeAwsMark } from './aws-header.ts';
import type { AwsBlock } from './aws-header.ts';
import { stepBackward, stepForward, TAPE_START } from './block-walk.ts';
import type { HeaderSource, Segment, Step, TapePosition } from './block-walk.ts';
import { HEADER_WINDOW, openTape } from './open-tape.ts';
import type { MountOptions, OpenedTape, TapeHost } from './open-tape.ts';
import { TapeCheck } from './sense.ts';
import { FileWindow } from './window.ts';
import { WriteBuffer } from './write-buffer.ts';

/** Bytes of the longest block that is written or read; the channel brings no more. */
export const MAX_TAPE_BLOCK = 0x4_0000;

/** Blocks have numbers of 22 bits. */
export const MAX_TAPE_BLOCKS = 0x3f_ffff;

/** Bytes that may wait for the end of a channel program. */
const MAX_WAITING = 0x10_0000;
/** Bytes that are read in one go; more than a block of one piece. */
const DATA_WINDOW = 0x2_0000;
const DEFAULT_WARNING = 0x2_0000;

/** Which way the tape goes. */
export type Direction = 'forward' | 'backward';

/** A step that has passed a block or a mark. */
type Passed = Extract<Step, { readonly to: TapePosition }>;

/** Whether a long way is to be gone on with. */
export type IsWanted = () => boolean;

/** A mounted tape. All that fails throws a {@link TapeCheck}, but for reads of the file: they throw `EIO`. */
export class TapeVolume {
  readonly path: string;
  readonly isReadOnly: boolean;
  readonly #tape: OpenedTape;
  readonly #buffer: WriteBuffer;
  readonly #headers: FileWindow;
  readonly #data: FileWindow;
  readonly #host: TapeHost;
  readonly #capacity: number;
  readonly #warning: number;
  #position: TapePosition = TAPE_START;
  #end: number;
  #isFenced = false;

  private constructor(path: string, options: MountOptions, host: TapeHost, tape: OpenedTape) {
    const { isReadOnly = false, capacity = Number.POSITIVE_INFINITY } = options;
    this.path = path;
    this.isReadOnly = isReadOnly;
    this.#tape = tape;
    this.#buffer = new WriteBuffer(tape.file, tape.end);
    this.#headers = new FileWindow(tape.file, HEADER_WINDOW);
    this.#data = new FileWindow(tape.file, DATA_WINDOW);
    this.#host = host;
    this.#capacity = capacity;
    this.#warning = options.warning ?? Math.min(DEFAULT_WARNING, Math.floor(capacity / 8));
    this.#end = tape.end;
  }

  /** Mounts a file, at its beginning. @throws `EINVAL`, `EBUSY`, `ENOENT`, `EACCES`, `EROFS`, `EIO` */
  static async open(path: string, options: MountOptions, host: TapeHost): Promise<TapeVolume> {
    return new TapeVolume(path, options, host, await openTape(path, options, host));
  }

  /** Number of the next block. */
  get block(): number {
    return this.#position.block;
  }

  /** Number of the first block that is not in the file yet. */
  get writtenBlock(): number {
    return this.#buffer.from?.block ?? this.#position.block;
  }

  get isAtStart(): boolean {
    return this.#position.offset === 0;
  }

  /** Blocks that a guest thought written are lost; until the tape is rewound nobody reads or writes. */
  get isFenced(): boolean {
    return this.#isFenced;
  }

  /** A writer is to come to an end. */
  get isNearEnd(): boolean {
    return this.#position.offset > this.#capacity - this.#warning;
  }

  /** Reads the next block; `undefined` at a tape mark, which is passed. */
  async read(): Promise<Uint8Array | undefined> {
    await this.flush();
    const step = this.#passed(await stepForward(this.#source(this.#data), this.#position));
    const data =
      step.kind === 'record' ? await this.#dataOf(step.segments, step.isCompressed) : undefined;
    this.#moveTo(step.to);
    return data;
  }

  /** Passes one block or mark. */
  async spaceBlock(direction: Direction): Promise<Passed['kind']> {
    await this.flush();
    const source = this.#source(this.#headers);
    const isForward = direction === 'forward';
    const step = await (isForward ? stepForward : stepBackward)(source, this.#position);
    const { kind, to } = this.#passed(step, isForward);
    this.#moveTo(to);
    return kind;
  }

  /** Passes blocks, and one mark. */
  async spaceFile(direction: Direction, isWanted: IsWanted): Promise<void> {
    while ((await this.spaceBlock(direction)) !== 'mark' && isWanted());
  }

  /** Goes to the block of a number. */
  async locate(block: number, isWanted: IsWanted): Promise<void> {
    await this.flush();
    const source = this.#source(this.#headers);
    const known = this.#tape.index.before(block);
    const here = this.#position;
    const isNear = here.block <= block && here.block > known.block;
    for (let at = isNear ? here : known; ;) {
      this.#moveTo(at);
      if (at.block === block || !isWanted()) return;
      const step = await stepForward(source, at);
      if (step.kind !== 'record' && step.kind !== 'mark') throw new TapeCheck('locateFailed');
      at = step.to;
    }
  }

  /** Writes a block, behind which nothing is any more. */
  write(data: Uint8Array): Promise<void> {
    if (data.length > MAX_TAPE_BLOCK) throw new TapeCheck('blockTooLong');
    return this.#append(encodeAwsBlock(data, this.#position.last?.length ?? 0));
  }

  /** Writes a tape mark, behind which nothing is any more. */
  writeMark(): Promise<void> {
    return this.#append(encodeAwsMark(this.#position.last?.length ?? 0));
  }

  /** Erases all behind the heads. */
  erase(): void {
    this.#requireWritable();
    this.#buffer.cut(this.#position);
    this.#cut();
  }

  /** Writes to the file what waits. */
  async flush(): Promise<void> {
    await this.#writeBack(() => this.#buffer.flush());
  }

  /** Makes durable what was written. */
  async sync(): Promise<void> {
    await this.#writeBack(() => this.#buffer.sync());
  }

  /** Goes to the beginning, with all that was written durable. */
  async rewind(): Promise<void> {
    await this.sync();
    this.#position = TAPE_START;
    this.#isFenced = false;
  }

  /** The guest knows that blocks are lost, and wants to go on. */
  resetFence(): void {
    this.#isFenced = false;
  }

  /** Gives the file back, durable. */
  async close(): Promise<void> {
    try {
      await this.sync();
    } finally {
      await this.#tape.release();
    }
  }

  #source(window: FileWindow): HeaderSource {
    return { end: this.#end, bytes: window.bytes.bind(window) };
  }

  #passed(step: Step, isForward = true): Passed {
    switch (step.kind) {
      case 'record':
      case 'mark':
        return step;
      case 'damaged':
        throw new TapeCheck('damaged');
      case 'nothing':
      case 'torn':
        if (!isForward) throw new TapeCheck('beginningOfTape');
        throw new TapeCheck(this.isAtStart ? 'tapeVoid' : 'endOfData');
    }
  }

  async #dataOf(segments: readonly Segment[], isCompressed: boolean): Promise<Uint8Array> {
    const total = segments.reduce((sum, { length }) => sum + length, 0);
    if (isCompressed || total > MAX_TAPE_BLOCK) throw new TapeCheck('incompatible');
    const data = new Uint8Array(total);
    let at = 0;
    for (const { offset, length } of segments) {
      const bytes = await this.#data.bytes(offset + AWS_HEADER_SIZE, length);
      // Somebody has cut the file meanwhile.
      if (bytes.length < length) throw new TapeCheck('damaged');
      data.set(bytes, at);
      at += length;
    }
    return data;
  }

  #moveTo(position: TapePosition): void {
    this.#position = position;
    this.#tape.index.add(position);
  }

  #requireWritable(): void {
    if (this.isReadOnly) throw new TapeCheck('writeProtected');
  }

  async #append(block: AwsBlock): Promise<void> {
    this.#requireWritable();
    const { block: number, offset } = this.#position;
    const end = offset + block.size;
    if (end > this.#capacity || number >= MAX_TAPE_BLOCKS) throw new TapeCheck('physicalEnd');
    this.#buffer.add(this.#position, block);
    this.#cut();
    const last = { offset: end - AWS_HEADER_SIZE - block.lastLength, length: block.lastLength };
    this.#moveTo({ block: number + 1, offset: end, last });
    this.#end = end;
    if (this.#buffer.size >= MAX_WAITING) await this.flush();
  }

  /** The tape ends at the heads. */
  #cut(): void {
    this.#tape.index.cut(this.#position);
    this.#end = this.#position.offset;
    this.#headers.forget();
    this.#data.forget();
  }

  async #writeBack(write: () => Promise<void>): Promise<void> {
    const from = this.#buffer.from;
    try {
      await write();
    } catch (error) {
      const { name, logger } = this.#host;
      logger.log('error', name, () => `${this.path}: blocks are lost`, error);
      if (from !== undefined) {
        this.#position = from;
        this.#cut();
      }
      this.#isFenced = true;
      const isFull = isErrno(error, 'ENOSPC');
      throw new TapeCheck(isFull ? 'physicalEndDeferred' : 'writeFailed');
    }
  }
}
