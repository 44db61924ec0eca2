// One channel program from its start to its end: the copy, and the guest memory it may move data in.

import type { VfioDevice } from '@vfio-ts/core';
import {
  ORB_FORMAT_CONTROL,
  ORB_INCORRECT_LENGTH_SUPPRESSION_MODE,
  type Orb,
} from '../architecture/index.ts';
import type { ChannelCcw, ChannelProgram } from '../channel/channel-program.ts';
import { statusFlags } from './end-status.ts';
import { readLater, readNow, type GuestRange, type GuestRead } from './guest-read.ts';
import type { GuestPages } from './guest-pages.ts';
import { copyProgram } from './program-copy.ts';
import { ProgramMemory } from './program-memory.ts';

/** What a program runs on. */
export interface RunOn {
  readonly vdev: VfioDevice;
  readonly pages: GuestPages;
  /** Logical paths where the ORB names none. */
  readonly lpm: number;
}

/** A program under way. */
export class ProgramRun {
  readonly orb: Orb;
  readonly lpm: number;
  readonly #vdev: VfioDevice;
  readonly #memory: ProgramMemory;
  readonly #copy: GuestRead<ChannelCcw>;
  #wanted: GuestRange | undefined = undefined;

  constructor(orb: Orb, { vdev, pages, lpm }: RunOn) {
    this.orb = orb;
    this.lpm = orb.lpm === 0 ? lpm : orb.lpm;
    this.#vdev = vdev;
    const memory = new ProgramMemory(vdev, pages);
    this.#memory = memory;
    this.#copy = copyProgram(orb, (iova, length) => memory.pin(iova, length));
  }

  /** `true` once it has ended. */
  get isOver(): boolean {
    return this.#memory.isOver;
  }

  /** Whether guest memory is still asked for the program itself. */
  get isCopying(): boolean {
    return this.#wanted !== undefined;
  }

  /**
   * Copies the program, as far as that needs no waiting.
   *
   * @returns `undefined` where {@link ProgramRun.copyRest} has to go on
   * @throws as `copyProgram`
   */
  copy(): ChannelProgram | undefined {
    const soFar = readNow(this.#vdev, this.#copy);
    if (soFar.isDone) return this.#program(soFar.result);
    this.#wanted = soFar.wanted;
    return undefined;
  }

  /**
   * Copies what {@link ProgramRun.copy} had to leave.
   *
   * @returns `undefined` the program has ended meanwhile
   * @throws as `copyProgram`, and what the owner of the memory answers
   */
  async copyRest(): Promise<ChannelProgram | undefined> {
    const wanted = this.#wanted;
    if (wanted === undefined) return undefined;
    try {
      const first = await readLater(this.#vdev, this.#copy, wanted, () => this.isOver);
      return first === undefined ? undefined : this.#program(first);
    } finally {
      this.#wanted = undefined;
    }
  }

  /** The program is over: no guest memory is touched for it any more. Its pages are to be unpinned. */
  end(): void {
    this.#memory.close();
  }

  #program(first: ChannelCcw): ChannelProgram {
    const { control } = this.orb;
    return {
      first,
      isFormat1: (control & ORB_FORMAT_CONTROL) !== 0,
      lpm: this.lpm,
      statusFlags: statusFlags(this.orb),
      suppressesIncorrectLength: (control & ORB_INCORRECT_LENGTH_SUPPRESSION_MODE) !== 0,
      memory: this.#memory,
    };
  }
}
