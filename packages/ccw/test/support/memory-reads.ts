// Guest memory for the copy alone: bytes at some addresses, nothing in between.

import { VfioError } from '@vfio-ts/core';
import {
  encodeCcw0,
  encodeCcw1,
  ORB_FORMAT_CONTROL,
  type Ccw,
  type ChannelCcw,
} from '../../src/index.ts';
import { copyProgram } from '../../src/driver/program-copy.ts';
import type { GuestRange } from '../../src/driver/guest-read.ts';

/** Sparse guest memory that notes what is read of it. */
export class SparseMemory {
  readonly #parts: { readonly at: number; readonly bytes: Uint8Array }[] = [];
  readonly reads: GuestRange[] = [];
  readonly pins: GuestRange[] = [];

  /** Puts memory somewhere; parts must not overlap. */
  add(at: number, bytes: Uint8Array): this {
    this.#parts.push({ at, bytes });
    return this;
  }

  /** Puts CCWs of format 1 into a page of their own. */
  ccws(at: number, ccws: readonly Partial<Ccw>[], size = 4096): this {
    return this.#addCcws(at, ccws, size, encodeCcw1);
  }

  /** Puts CCWs of format 0 into a page of their own. */
  ccws0(at: number, ccws: readonly Partial<Ccw>[], size = 4096): this {
    return this.#addCcws(at, ccws, size, encodeCcw0);
  }

  /** Copies the program at `at`. */
  copy(at: number, control: number = ORB_FORMAT_CONTROL): ChannelCcw {
    const orb = { interruptionParameter: 0, key: 0, control, lpm: 0x80, programAddress: at };
    const work = copyProgram(orb, (iova, length) => {
      this.#find({ iova, length });
      this.pins.push({ iova, length });
    });
    let step = work.next();
    while (step.done !== true) {
      this.reads.push(step.value);
      let found: Uint8Array | undefined = undefined;
      let failure: unknown = undefined;
      try {
        found = this.#find(step.value);
      } catch (error) {
        failure = error;
      }
      step = found === undefined ? work.throw(failure) : work.next(found.slice());
    }
    return step.value;
  }

  #find({ iova, length }: GuestRange): Uint8Array {
    const part = this.#parts.find(
      ({ at, bytes }) => iova >= at && iova + length <= at + bytes.length,
    );
    if (part === undefined) throw new VfioError('EFAULT', 'dmaRw', `nothing at ${iova}`);
    return part.bytes.subarray(iova - part.at, iova - part.at + length);
  }

  #addCcws(
    at: number,
    ccws: readonly Partial<Ccw>[],
    size: number,
    encode: (ccw: Ccw) => Uint8Array,
  ): this {
    const bytes = new Uint8Array(size);
    ccws.forEach((ccw, i) => {
      bytes.set(encode({ command: 3, flags: 0, count: 0, address: 0, ...ccw }), 8 * i);
    });
    return this.add(at, bytes);
  }
}

/** The CCWs of a copy as they follow one another in storage, by address. */
export function segmentOf(first: ChannelCcw): readonly number[] {
  const addresses: number[] = [];
  for (let ccw: ChannelCcw | undefined = first; ccw !== undefined; ccw = ccw.next) {
    addresses.push(ccw.address);
  }
  return addresses;
}
