// The arm of a DASD and the track under it. Reads are views of the track's image. The first write to a track makes
// a copy, to which all writes go until the track is left: then it goes to the store as a whole.

import {
  COUNT_SIZE,
  emptyTrack,
  END_MARK_SIZE,
  HOME_ADDRESS_SIZE,
  homeAddressOf,
  isEndOfTrack,
  packCchh,
  recordAt,
} from './track-image.ts';
import type { TrackRecord } from './track-image.ts';
import { wait } from '../channel/steps.ts';
import type { Step } from '../channel/steps.ts';
import { UnitCheck } from './sense.ts';
import type { TrackStore } from './track-store.ts';

/** What the device has passed last: nothing yet, the index, a count, key or data field, or the last record. */
export type Passed = 'nothing' | 'index' | 'count' | 'key' | 'data' | 'end';

const NO_IMAGE: Uint8Array = new Uint8Array(0);

/** The arm, its track, and the place on it. */
export class TrackCursor {
  readonly #store: TrackStore;
  cylinder = 0;
  head = 0;
  passed: Passed = 'nothing';
  /** The record whose count field was passed last. */
  record: TrackRecord | undefined = undefined;
  #image: Uint8Array = NO_IMAGE;
  /** The track whose image is here. */
  #track = -1;
  /** Bytes of the image that have a meaning. */
  #length = 0;
  /** The image is a copy of ours; the store does not have it yet. */
  #isDirty = false;
  /** Where the next count field is. */
  #next = 0;
  /** Something was written since the last {@link TrackCursor.takeWritten}. */
  #hasWritten = false;

  constructor(store: TrackStore) {
    this.#store = store;
  }

  /** Number of the track that the arm is on. */
  get track(): number {
    return this.cylinder * this.#store.geometry.heads + this.head;
  }

  /** CC HH of the home address. */
  get homeAddress(): Uint8Array {
    return this.#image.subarray(1, HOME_ADDRESS_SIZE);
  }

  /** Flag, CC, HH. */
  get flaggedHomeAddress(): Uint8Array {
    return this.#image.subarray(0, HOME_ADDRESS_SIZE);
  }

  /** CC HH of the home address as a number. */
  get homeAddressNumber(): number {
    return homeAddressOf(this.#image);
  }

  /** The arm stays where it is, what is known of the track is forgotten. What was not written back is lost. */
  forget(): void {
    this.#drop();
    this.#hasWritten = false;
  }

  /**
   * Moves the arm; the device is at the index then.
   */
  *seek(track: number): Step<void> {
    if (track !== this.#track) {
      yield* this.writeBack();
      this.#track = -1;
      this.#image = this.#store.lend?.(track) ?? (yield* wait(this.#store.read(track)));
      this.#length = this.#image.length;
      this.#track = track;
    }
    const { heads } = this.#store.geometry;
    this.cylinder = Math.floor(track / heads);
    this.head = track % heads;
    this.passed = 'index';
    this.record = undefined;
    this.#next = HOME_ADDRESS_SIZE;
  }

  /**
   * Gives the store a track that was changed.
   */
  *writeBack(): Step<void> {
    if (!this.#isDirty) return;
    // The store may keep what it is given, so the next write copies again; also after an error, which loses the
    // image.
    this.#isDirty = false;
    const image = this.#image.subarray(0, this.#length);
    const track = this.#track;
    this.#track = -1;
    yield* wait(this.#store.write(track, image));
    this.#track = track;
  }

  /** Gives the store an empty track in place of one. The arm stays; where that is the track, it is not oriented. */
  *release(track: number): Step<void> {
    if (track === this.#track) this.#drop();
    this.#hasWritten = true;
    const { heads } = this.#store.geometry;
    const image = emptyTrack(packCchh(Math.floor(track / heads), track % heads));
    yield* wait(this.#store.write(track, image));
  }

  /** Whether anything went to the store since the last call. */
  takeWritten(): boolean {
    const hasWritten = this.#hasWritten;
    this.#hasWritten = false;
    return hasWritten;
  }

  /** Passes what is left of the record, and the next count field; `undefined` at the end of the track. */
  passCount(): TrackRecord | undefined {
    const record = recordAt(this.#image, this.#next);
    if (record === undefined) {
      this.passed = 'end';
      return undefined;
    }
    this.record = record;
    this.#next = record.end;
    this.passed = 'count';
    return record;
  }

  /** Bytes of the image, a view. */
  view(from: number, to: number): Uint8Array {
    return this.#image.subarray(from, to);
  }

  /** From the next count field to the end mark, both included. */
  viewRest(): Uint8Array {
    const first = this.#next;
    while (this.passCount() !== undefined);
    return this.#image.subarray(first, this.#next + END_MARK_SIZE);
  }

  /** Changes bytes of the record; the rest up to `to` becomes zeros. */
  update(from: number, to: number, bytes: Uint8Array): void {
    const image = this.#ownImage(this.#length, this.#length);
    const length = Math.min(bytes.length, to - from);
    image.set(bytes.subarray(0, length), from);
    image.fill(0, from + length, to);
    this.passed = 'data';
  }

  /**
   * Writes a record where the next one would be; behind it the track ends.
   *
   * @param bytes - count, key and data; zeros for what is missing
   * @returns bytes of the record
   * @throws UnitCheck the track has no room for it
   */
  format(bytes: Uint8Array): number {
    const at = this.#next;
    const size = this.#sizeOf(bytes, at);
    const image = this.#ownImage(at, this.#store.geometry.trackSize);
    image.set(bytes.subarray(0, size), at);
    image.fill(0, at + Math.min(bytes.length, size), at + size);
    this.#end(image, at + size);
    this.#next = at;
    this.passCount();
    this.passed = 'data';
    return size;
  }

  /**
   * Ends the track where the next record would be.
   *
   * @param bytes - a count field: the track must have room for its record
   * @returns bytes of the record
   * @throws UnitCheck the track has no room for it
   */
  erase(bytes: Uint8Array): number {
    const size = this.#sizeOf(bytes, this.#next);
    const image = this.#ownImage(this.#next, this.#store.geometry.trackSize);
    this.#end(image, this.#next);
    this.passed = 'data';
    return size;
  }

  /**
   * Writes all records of the track.
   *
   * @param bytes - R0 and those behind it, and an end mark where they are not all
   * @returns bytes of them, the end mark included
   * @throws UnitCheck a record has no room or is cut off, or there is none
   */
  formatTrack(bytes: Uint8Array): number {
    let size = 0;
    while (size + COUNT_SIZE <= bytes.length && !isEndOfTrack(bytes, size)) {
      size += this.#sizeOf(bytes.subarray(size), HOME_ADDRESS_SIZE + size);
    }
    if (size === 0 || size > bytes.length) throw new UnitCheck('invalidTrackFormat');
    const image = this.#ownImage(HOME_ADDRESS_SIZE, this.#store.geometry.trackSize);
    image.set(bytes.subarray(0, size), HOME_ADDRESS_SIZE);
    this.#end(image, HOME_ADDRESS_SIZE + size);
    this.passed = 'end';
    return Math.min(size + END_MARK_SIZE, bytes.length);
  }

  /** Bytes of a record that is to go to `at`, when the track has room for it. */
  #sizeOf(bytes: Uint8Array, at: number): number {
    const size = COUNT_SIZE + (bytes[5] ?? 0) + ((bytes[6] ?? 0) << 8) + (bytes[7] ?? 0);
    if (at + size + END_MARK_SIZE >= this.#store.geometry.trackSize) {
      throw new UnitCheck('invalidTrackFormat');
    }
    return size;
  }

  /** The image as a copy that can be changed: `kept` bytes of it, with room for `size`. */
  #ownImage(kept: number, size: number): Uint8Array {
    this.#hasWritten = true;
    if (this.#isDirty && this.#image.length >= size) return this.#image;
    const copy = new Uint8Array(size);
    copy.set(this.#image.subarray(0, kept));
    this.#image = copy;
    this.#isDirty = true;
    return copy;
  }

  #drop(): void {
    this.#image = NO_IMAGE;
    this.#track = -1;
    this.#isDirty = false;
    this.passed = 'nothing';
    this.record = undefined;
  }

  #end(image: Uint8Array, at: number): void {
    image.fill(0xff, at, at + END_MARK_SIZE);
    this.#length = at + END_MARK_SIZE;
    this.#next = at;
  }
}
