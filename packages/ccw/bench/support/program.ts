// Channel programs that read, laid out once in guest memory; only places are changed between two runs.

import { encodeCcw1 } from '../../src/architecture/ccw.ts';
import { encodeOrb, ORB_FORMAT_CONTROL, ORB_PREFETCH_CONTROL } from '../../src/architecture/orb.ts';
import { encodeScsw } from '../../src/architecture/scsw.ts';

/** Guest memory, bytes from address 0: program and parameters in the first page, data behind it. */
export const MEMORY_SIZE: number = 0x2_0000;
export const IRB_BYTES = 96;

const EXTENT = 0x800;
const LOCATE = 0x900;
const DATA = 0x1000;
const CHAINED = 0x40;
const SLI = 0x20;
const HEADS = 15;

/** What a user writes to the I/O region to start the program at an address. */
export function ioRequest(programAddress: number): Uint8Array {
  const bytes = new Uint8Array(124);
  const control = ORB_FORMAT_CONTROL | ORB_PREFETCH_CONTROL;
  bytes.set(encodeOrb({ interruptionParameter: 0, key: 0, control, lpm: 0, programAddress }));
  const nothing = { programAddress: 0, deviceStatus: 0, subchannelStatus: 0, count: 0 };
  bytes.set(encodeScsw({ ...nothing, flags: 0xc0, control: 0x4400 }), 12);
  return bytes;
}

/** @throws Error the program ended otherwise than well */
export function checkIrb(irb: Uint8Array): void {
  if (irb[8] === 0x0c && irb[9] === 0) return;
  throw new Error(`status ${irb[8]?.toString(16)} ${irb[9]?.toString(16)}`);
}

/** A program in guest memory that reads at any place. */
export class ReadProgram {
  readonly #memory: Uint8Array;
  readonly #view: DataView;
  /** Where its data comes. */
  readonly data: Uint8Array;

  private constructor(memory: Uint8Array, what: 'record' | 'track') {
    this.#memory = memory;
    this.#view = new DataView(memory.buffer, memory.byteOffset);
    const [command, count] = what === 'record' ? [0x86, 4096] : [0xde, 0xffff];
    this.data = memory.subarray(DATA, DATA + count);
    const ccws = [
      { command: 0x63, flags: CHAINED, count: 16, address: EXTENT },
      { command: 0x47, flags: CHAINED, count: 16, address: LOCATE },
      { command, flags: what === 'record' ? 0 : SLI, count, address: DATA },
    ];
    ccws.forEach((ccw, i) => memory.set(encodeCcw1(ccw), 8 * i));
    const isRecord = what === 'record';
    memory.set(isRecord ? [0x40, 0xc0, 0x10, 0] : [0x40, 0xc0, 0, 0], EXTENT);
    memory.set(isRecord ? [0x06, 0x80, 0, 1] : [0x0c, 0, 0, 1], LOCATE);
    memory.set(isRecord ? [0, 0xff, 0x10, 0] : [0, 0xff, 0, 0], LOCATE + 12);
  }

  /** Reads a record of 4096 bytes. */
  static ofRecords(memory: Uint8Array): ReadProgram {
    return new ReadProgram(memory, 'record');
  }

  /** Reads a whole track, all its records in one command. */
  static ofTracks(memory: Uint8Array): ReadProgram {
    return new ReadProgram(memory, 'track');
  }

  /** Sets the place to read at: a track, and the record that is searched. */
  place(track: number, record: number): void {
    const cchh = ((Math.floor(track / HEADS) << 16) | (track % HEADS)) >>> 0;
    this.#view.setUint32(EXTENT + 8, cchh);
    this.#view.setUint32(EXTENT + 12, cchh);
    this.#view.setUint32(LOCATE + 4, cchh);
    this.#view.setUint32(LOCATE + 8, cchh);
    this.#memory[LOCATE + 12] = record;
  }
}
