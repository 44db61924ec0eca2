// Migration of a reference device, with P2P and PRE_COPY. The stream is a row of records, each a header (magic,
// kind, length, checksum, u32 each) and a state; PRE_COPY sends one early, STOP_COPY the one that counts.

import {
  VfioError,
  type MigrationState,
  type MigrationStream,
  type PrecopyInfo,
} from '@vfio-ts/core';
import { restoreState, saveState, stateSize, type GuestState } from './state.ts';

const MAGIC = 0x6d69_6772;
const HEADER = 16;
const EARLY = 1;
const FINAL = 2;

/** Where a device is with its migration. */
export class MigrationUnit {
  readonly #device: GuestState;
  #saving: SaveStream | undefined = undefined;
  #resuming: ResumeStream | undefined = undefined;
  /** As the user sees it. */
  state: MigrationState = 'RUNNING';

  constructor(device: GuestState) {
    this.#device = device;
  }

  /** Bytes a STOP_COPY would carry. */
  get dataSize(): number {
    return HEADER + stateSize(this.#device);
  }

  /** Forgets every session: at open and at reset. */
  restart(): void {
    this.#saving = undefined;
    this.#resuming = undefined;
    this.state = 'RUNNING';
  }

  /**
   * Goes along one arc.
   *
   * @throws `EINVAL` what was resumed is no state; the device is in ERROR then
   */
  go(from: MigrationState, to: MigrationState): MigrationStream | undefined {
    const stream = this.#arc(from, to);
    this.state = to;
    return stream;
  }

  #arc(from: MigrationState, to: MigrationState): MigrationStream | undefined {
    if (from === 'RESUMING') this.#finishResume();
    const wasSaving = this.#saving;
    if (to === 'PRE_COPY' || to === 'PRE_COPY_P2P') {
      this.#saving ??= new SaveStream(this.#device, EARLY);
    } else if (to === 'STOP_COPY') {
      this.#saving ??= new SaveStream(this.#device);
      this.#saving.append(FINAL);
    } else {
      this.#saving = undefined;
    }
    if (to === 'RESUMING') {
      this.#resuming = new ResumeStream();
      return this.#resuming;
    }
    return wasSaving === undefined ? this.#saving : undefined;
  }

  #finishResume(): void {
    const resuming = this.#resuming;
    this.#resuming = undefined;
    try {
      const state = resuming?.state();
      if (state !== undefined) restoreState(this.#device, state);
    } catch (error) {
      this.state = 'ERROR';
      throw error;
    }
  }
}

class SaveStream implements MigrationStream {
  readonly #device: GuestState;
  #bytes: Uint8Array = new Uint8Array(0);
  #isFinal = false;

  constructor(device: GuestState, first?: typeof EARLY) {
    this.#device = device;
    if (first !== undefined) this.append(first);
  }

  /** Puts a record of the state as it is now behind what is not read yet. */
  append(kind: typeof EARLY | typeof FINAL): void {
    const record = encodeRecord(kind, saveState(this.#device));
    const bytes = new Uint8Array(this.#bytes.length + record.length);
    bytes.set(this.#bytes);
    bytes.set(record, this.#bytes.length);
    this.#bytes = bytes;
    this.#isFinal = kind === FINAL;
  }

  read(into: Uint8Array): number {
    if (this.#bytes.length === 0 && !this.#isFinal && into.length > 0) {
      throw new VfioError('ENOMSG', 'readMigrationData', 'nothing more before the device stops');
    }
    const count = Math.min(into.length, this.#bytes.length);
    into.set(this.#bytes.subarray(0, count));
    this.#bytes = this.#bytes.subarray(count);
    return count;
  }

  precopyInfo(): PrecopyInfo {
    return { initialBytes: this.#bytes.length, dirtyBytes: HEADER + stateSize(this.#device) };
  }
}

class ResumeStream implements MigrationStream {
  readonly #chunks: Uint8Array[] = [];

  write(from: Uint8Array): number {
    this.#chunks.push(from.slice());
    return from.length;
  }

  /**
   * The state of the last record; `undefined` where nothing was written.
   *
   * @throws `EINVAL` not a row of whole records that ends with the final one
   */
  state(): Uint8Array | undefined {
    const bytes = new Uint8Array(this.#chunks.reduce((sum, { length }) => sum + length, 0));
    let end = 0;
    for (const chunk of this.#chunks) {
      bytes.set(chunk, end);
      end += chunk.length;
    }
    let last: DecodedRecord | undefined;
    for (let at = 0; at < bytes.length; at += HEADER + last.state.length) {
      last = decodeRecord(bytes.subarray(at));
    }
    if (last !== undefined && last.kind !== FINAL) throw bad('no final record');
    return last?.state;
  }
}

interface DecodedRecord {
  readonly kind: number;
  readonly state: Uint8Array;
}

function encodeRecord(kind: number, state: Uint8Array): Uint8Array {
  const record = new Uint8Array(HEADER + state.length);
  const view = new DataView(record.buffer);
  view.setUint32(0, MAGIC, true);
  view.setUint32(4, kind, true);
  view.setUint32(8, state.length, true);
  view.setUint32(12, checksum(state), true);
  record.set(state, HEADER);
  return record;
}

function decodeRecord(bytes: Uint8Array): DecodedRecord {
  if (bytes.length < HEADER) throw bad('a header is cut off');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const length = view.getUint32(8, true);
  if (view.getUint32(0, true) !== MAGIC) throw bad('no record');
  if (HEADER + length > bytes.length) throw bad('a record is cut off');
  const state = bytes.subarray(HEADER, HEADER + length);
  if (view.getUint32(12, true) !== checksum(state)) throw bad('the checksum is wrong');
  return { kind: view.getUint32(4, true), state };
}

/** Fletcher's, over bytes; a state is short enough for the sums to be exact. */
function checksum(bytes: Uint8Array): number {
  let a = 1;
  let b = 0;
  for (const byte of bytes) {
    a += byte;
    b += a;
  }
  return (b % 65521) * 0x1_0000 + (a % 65521);
}

function bad(fact: string): VfioError {
  return new VfioError('EINVAL', 'resume', fact);
}
