// What TAPQ and QCI say, read by a guest. Linux arch/s390/include/asm/ap.h.

/** What a card is. */
export interface ApQueueInfo {
  readonly apqn: number;
  /** 10 for a CEX4 to 14 for a CEX8. */
  readonly hwtype: number;
  readonly mode: 'accelerator' | 'cca' | 'ep11' | 'other';
  /** Facility bits, as `ap_functions` shows them. */
  readonly functions: number;
  /** Requests and replies in the queue. */
  readonly depth: number;
}

/** What a guest has. */
export interface ApConfiguration {
  readonly adapters: readonly number[];
  readonly usageDomains: readonly number[];
  readonly controlDomains: readonly number[];
}

const CCA = 0x1000_0000;
const ACCELERATOR = 0x0800_0000;
const EP11 = 0x0400_0000;

/** Reads general register 2 of TAPQ with facilities. */
export function decodeQueueInfo(apqn: number, gr2: bigint): ApQueueInfo {
  const functions = Number(gr2 >> 32n);
  const low = Number(gr2 & 0xffff_ffffn);
  return {
    apqn,
    hwtype: low >>> 24,
    mode: modeOf(functions),
    functions,
    depth: (low & 0xf) + 1,
  };
}

function modeOf(functions: number): ApQueueInfo['mode'] {
  if ((functions & ACCELERATOR) !== 0) return 'accelerator';
  if ((functions & CCA) !== 0) return 'cca';
  return (functions & EP11) === 0 ? 'other' : 'ep11';
}

/** Reads what QCI has stored. */
export function decodeConfiguration(bytes: Uint8Array): ApConfiguration {
  return {
    adapters: numbersIn(bytes.subarray(16, 48)),
    usageDomains: numbersIn(bytes.subarray(48, 80)),
    controlDomains: numbersIn(bytes.subarray(80, 112)),
  };
}

function numbersIn(mask: Uint8Array): readonly number[] {
  const numbers: number[] = [];
  for (let n = 0; n < mask.length * 8; n++) {
    if (((mask[n >> 3] ?? 0) & (0x80 >> (n & 7))) !== 0) numbers.push(n);
  }
  return numbers;
}
