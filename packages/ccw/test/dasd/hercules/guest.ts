// A program for ESA/390: it starts one channel program after the other and keeps each one's interruption response
// block. Principles of Operation, chapters 13 to 16.

import type { TestCcw } from '../support/channel.ts';
import { toHex } from '../support/channel.ts';

/** Main storage: what is where. */
const PROGRAM = 0x400;
const VARIABLES = 0x800;
const TABLE = 0x2000;
const ORBS = 0x8000;
const IRBS = 0x2_0000;
const CCWS = 0x8_0000;
const BUFFERS = 0x20_0000;

/** What the last storage word of the status code of a disabled wait says. */
const STARTED_ALL = 0x0000_0000;
const NOT_STARTED = 0x0000_0bad;

/** What a buffer has in it before a read. */
const UNTOUCHED = 0xee;

/** The program; its SCHIB is at 900. Enable subchannel 0 with concurrent sense; for each table entry SSCH, then TSCH until it is done. */
const INSTRUCTIONS: readonly string[] = [
  '58100800', // 400 L     1,SID
  'b2340900', // 404 STSCH SCHIB
  '96800905', // 408 OI    SCHIB+5,X'80'  enabled
  '9601091b', // 40c OI    SCHIB+27,X'01' concurrent sense
  'b2320900', // 410 MSCH  SCHIB
  '58200804', // 414 L     2,TABLE
  '58302000', // 418 L     3,0(2)         ORB
  '1233', //     41c LTR   3,3
  '47800440', // 41e BZ    440
  '58402004', // 422 L     4,4(2)         IRB
  'b2333000', // 426 SSCH  0(3)
  '47700444', // 42a BNZ   444
  'b2354000', // 42e TSCH  0(4)
  '4770042e', // 432 BNZ   42e
  '41202008', // 436 LA    2,8(2)
  '47f00418', // 43a B     418
  '0700', //     43e NOPR
  '82000810', // 440 LPSW  all were started
  '82000818', // 444 LPSW  one was not
];

/** How a chain ended on the machine. */
export interface MachineResult {
  readonly status: number;
  readonly subchannelStatus: number;
  readonly residual: number;
  /** Index of the CCW that was the last. */
  readonly last: number;
  /** Of a unit check: 32 bytes. */
  readonly sense: Uint8Array | undefined;
  /** Where reads put their data, by index of the CCW. */
  readonly buffers: ReadonlyMap<number, Uint8Array>;
}

interface Placed {
  readonly ccws: number;
  readonly buffers: readonly number[];
}

/** The storage for chains, and how their results are read from it. */
export class GuestProgram {
  readonly #chains: readonly (readonly TestCcw[])[];
  readonly #placed: readonly Placed[];
  readonly storage: Uint8Array;

  constructor(chains: readonly (readonly TestCcw[])[]) {
    this.#chains = chains;
    let ccws = CCWS;
    let next = BUFFERS;
    this.#placed = chains.map((chain) => {
      const buffers = chain.map(({ count }) => {
        const at = next;
        next += (count + 15) & ~7;
        return at;
      });
      const at = ccws;
      ccws += chain.length * 8;
      return { ccws: at, buffers };
    });
    if (ccws > BUFFERS) throw new Error('too many commands');
    this.storage = new Uint8Array((next + 0xfff) & ~0xfff);
    this.#build();
  }

  #build(): void {
    const { storage } = this;
    const view = new DataView(storage.buffer);
    view.setUint32(0, 0x0008_0000);
    view.setUint32(4, PROGRAM);
    storage.set(Uint8Array.from(Buffer.from(INSTRUCTIONS.join(''), 'hex')), PROGRAM);
    view.setUint32(VARIABLES, 0x0001_0000);
    view.setUint32(VARIABLES + 4, TABLE);
    for (const [at, code] of [STARTED_ALL, NOT_STARTED].entries()) {
      view.setUint32(VARIABLES + 16 + at * 8, 0x000a_0000);
      view.setUint32(VARIABLES + 20 + at * 8, code);
    }
    storage.fill(UNTOUCHED, BUFFERS);
    for (const [index, chain] of this.#chains.entries()) {
      const placed = this.#placed[index];
      if (placed === undefined) continue;
      view.setUint32(TABLE + index * 8, ORBS + index * 32);
      view.setUint32(TABLE + index * 8 + 4, IRBS + index * 128);
      // Format 1, prefetch.
      view.setUint32(ORBS + index * 32 + 4, 0x00c0_ff00);
      view.setUint32(ORBS + index * 32 + 8, placed.ccws);
      this.#buildChain(view, chain, placed);
    }
  }

  #buildChain(view: DataView, chain: readonly TestCcw[], { ccws, buffers }: Placed): void {
    for (const [index, { code, count, data, isExact, target }] of chain.entries()) {
      const at = ccws + index * 8;
      const isTic = target !== undefined;
      const flags = (index + 1 < chain.length ? 0x40 : 0) | (isExact ? 0 : 0x20);
      view.setUint8(at, code);
      view.setUint8(at + 1, isTic ? 0 : flags);
      view.setUint16(at + 2, isTic ? 0 : count);
      const buffer = buffers[index] ?? 0;
      view.setUint32(at + 4, isTic ? ccws + target * 8 : buffer);
      this.storage.set(data, buffer);
    }
  }

  /** How the chain of an index ended, of the storage after the run. */
  result(storage: Uint8Array, index: number): MachineResult {
    const view = new DataView(storage.buffer, storage.byteOffset, storage.length);
    const chain = this.#chains[index] ?? [];
    const { ccws, buffers } = this.#placed[index] ?? { ccws: 0, buffers: [] };
    const irb = IRBS + index * 128;
    const status = view.getUint8(irb + 8);
    const hasSense = (view.getUint16(irb) & 0x0002) !== 0;
    const wasNotStarted = toHex(storage.subarray(irb, irb + 12)) === '00'.repeat(12);
    if (wasNotStarted) throw new Error(`chain ${index} was not started`);
    return {
      status,
      subchannelStatus: view.getUint8(irb + 9),
      residual: view.getUint16(irb + 10),
      last: (view.getUint32(irb + 4) - ccws) / 8 - 1,
      sense: hasSense ? storage.slice(irb + 32, irb + 64) : undefined,
      buffers: new Map(
        chain.map(({ count }, at) => {
          const from = buffers[at] ?? 0;
          return [at, storage.slice(from, from + count)];
        }),
      ),
    };
  }
}

/** Whether a byte of a buffer was never written. */
export function isUntouched(byte: number): boolean {
  return byte === UNTOUCHED;
}
