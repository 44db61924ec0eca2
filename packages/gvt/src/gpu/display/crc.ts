// Check sums of the picture that a pipe sends. PRM volume 12 (Display), "PIPE_CRC_CTL".

import type { Clock } from '@vfio-ts/core';
import type { Register, RegisterStorage } from '../registers/register.ts';
import type { Composition } from './compositor.ts';

const PIPE_CRC_CTL = 0x6_0050;
const PIPE_CRC_ENABLE = 0x8000_0000;
const PIPE_CRC_RES_1 = 0x6_0064;
const RESULTS = 5;

const START = 0x811c_9dc5;
const PRIME = 0x0100_0193;
const COLOURS = 0x00ff_ffff;

/** The registers of a pipe's check sums. */
export function crcRegisters(pipe: number): Register[] {
  const at = pipe * 0x1000;
  const suffix = 'ABC'[pipe] ?? '';
  return [
    { offset: PIPE_CRC_CTL + at, name: `PIPE_CRC_CTL_${suffix}` },
    ...Array.from({ length: RESULTS }, (_, i) => ({
      offset: PIPE_CRC_RES_1 + at + i * 4,
      name: `PIPE_CRC_RES_${i + 1}_${suffix}`,
      kind: 'read-only' as const,
    })),
  ];
}

/** Whether the guest wants a sum of each frame. */
export function isCrcEnabled(registers: RegisterStorage, pipe: number): boolean {
  return registers.get(PIPE_CRC_CTL + pipe * 0x1000) >= PIPE_CRC_ENABLE;
}

/** Gives a frame's sum to the guest, in each of the results. */
export function storeCrc(registers: RegisterStorage, pipe: number, crc: number): void {
  for (let i = 0; i < RESULTS; i++) {
    registers.set(PIPE_CRC_RES_1 + pipe * 0x1000 + i * 4, Math.imul(crc, PRIME + i * 2));
  }
}

/** Milliseconds that a sum may take before others have their turn. */
const SLICE = 2;

/** The sum of one frame. Equal pictures have equal ones; it is not the polynomial of hardware, which no driver knows. */
export class FrameSum {
  readonly #composition: Composition;
  #sum = START;

  constructor(composition: Composition) {
    this.#composition = composition;
  }

  /** Unsigned. */
  get value(): number {
    return this.#sum >>> 0;
  }

  /** Goes on with the sum for a slice of time. @returns whether it is done */
  run(clock: Clock): boolean {
    const end = clock.now() + SLICE;
    const add = (words: Uint32Array): void => this.#add(words);
    while (!this.#composition.isDone && clock.now() <= end) this.#composition.next(add);
    return this.#composition.isDone;
  }

  /** Two sums side by side, which a processor works at together. */
  #add(words: Uint32Array): void {
    let even = this.#sum;
    let odd = ~this.#sum;
    for (let i = 0; i < words.length; i += 2) {
      even = Math.imul(even ^ ((words[i] ?? 0) & COLOURS), PRIME);
      odd = Math.imul(odd ^ ((words[i + 1] ?? 0) & COLOURS), PRIME);
      even ^= even >>> 15;
      odd ^= odd >>> 15;
    }
    this.#sum = Math.imul(even, PRIME) ^ odd;
  }
}
