// Tracks on their way to an image: written in memory, then in the journal, then in the image.

import { VfioError } from '@vfio-ts/core';
import { allSettled } from './file.ts';
import type { Journal } from './journal.ts';
import { entrySize } from './journal-format.ts';
import type { JournalEntry } from './journal-format.ts';

/** Where {@link WriteBack} puts tracks in the end. */
export interface TrackTarget {
  /** @throws `EIO`, `ENOSPC` */
  writeTrack(track: number, image: Uint8Array): Promise<void>;
  /** @throws `EIO` */
  sync(): Promise<void>;
}

/** What was written and is not in the image yet. */
export class WriteBack {
  readonly #target: TrackTarget;
  readonly #journal: Journal;
  readonly #onWritten: (track: number, image: Uint8Array) => void;
  /** Written since the last flush began. */
  readonly #dirty = new Map<number, Uint8Array>();
  /** On their way into the journal. */
  readonly #leaving = new Map<number, Uint8Array>();
  /** Durable in the journal, not in the image yet. The journal keeps them until they are. */
  readonly #owed = new Map<number, Uint8Array>();
  #running: Promise<void> | undefined;
  #queued: Promise<void> | undefined;
  #failure: unknown;

  /** @param onWritten - hears of each track that has reached the image */
  constructor(
    target: TrackTarget,
    journal: Journal,
    onWritten: (track: number, image: Uint8Array) => void,
  ) {
    this.#target = target;
    this.#journal = journal;
    this.#onWritten = onWritten;
  }

  /** How many tracks wait for a flush. */
  get size(): number {
    return this.#dirty.size;
  }

  /** A track that is not, or not surely, in the image as it was written last. */
  get(track: number): Uint8Array | undefined {
    return this.#dirty.get(track) ?? this.#leaving.get(track) ?? this.#owed.get(track);
  }

  /** Takes a track; the bytes must not change any more. @throws `EIO` an earlier failure is final */
  put(track: number, image: Uint8Array): void {
    this.#checkAlive('write');
    this.#dirty.set(track, image);
  }

  /**
   * Makes durable what was put before. All who ask while one flush runs share the next.
   *
   * @throws `EIO`, `ENOSPC`
   */
  flush(): Promise<void> {
    if (this.#running === undefined) return this.#start();
    this.#queued ??= this.#afterRunning(this.#running);
    return this.#queued;
  }

  /** Puts all that is durable in the journal also durably into the image. @throws `EIO`, `ENOSPC` */
  async settle(): Promise<void> {
    await this.flush();
    await this.#checkpoint();
  }

  async #afterRunning(running: Promise<void>): Promise<void> {
    await Promise.allSettled([running]);
    this.#queued = undefined;
    await this.#start();
  }

  #start(): Promise<void> {
    const run = this.#flush().finally(() => {
      this.#running = undefined;
    });
    this.#running = run;
    return run;
  }

  async #flush(): Promise<void> {
    this.#checkAlive('flush');
    await this.#writeOwed();
    const due = [...this.#dirty.keys()];
    while (due.length > 0) {
      const batch = this.#takeBatch(due);
      if (batch.length === 0) {
        await this.#checkpoint();
        continue;
      }
      await this.#commit(batch);
    }
  }

  /** As many tracks as the journal has room for; they leave `due`. */
  #takeBatch(due: number[]): JournalEntry[] {
    const batch: JournalEntry[] = [];
    let { room } = this.#journal;
    for (let track = due[0]; track !== undefined; track = due[0]) {
      const image = this.#dirty.get(track);
      if (image !== undefined) {
        room -= entrySize(image.length);
        if (room < 0) break;
        batch.push({ track, image });
        this.#dirty.delete(track);
        this.#leaving.set(track, image);
      }
      due.shift();
    }
    return batch;
  }

  async #commit(batch: readonly JournalEntry[]): Promise<void> {
    try {
      await this.#journal.append(batch);
    } catch (error) {
      for (const { track, image } of batch) {
        if (!this.#dirty.has(track)) this.#dirty.set(track, image);
        this.#leaving.delete(track);
      }
      throw error;
    }
    await this.#orDie(this.#journal.sync());
    for (const { track, image } of batch) {
      this.#owed.set(track, image);
      this.#leaving.delete(track);
    }
    await this.#writeOwed();
  }

  async #writeOwed(): Promise<void> {
    await allSettled(
      [...this.#owed].map(async ([track, image]) => {
        await this.#target.writeTrack(track, image);
        this.#owed.delete(track);
        this.#onWritten(track, image);
      }),
    );
  }

  /** Empties the journal. The image must have all of it: nothing is owed here, or a flush has thrown before. */
  async #checkpoint(): Promise<void> {
    await this.#orDie(this.#target.sync());
    await this.#orDie(this.#journal.restart());
  }

  // After a sync that failed the kernel may hold the pages for clean: a second one would succeed and prove nothing.
  // What is on the disk is then known to the next recovery only.
  async #orDie(step: Promise<void>): Promise<void> {
    try {
      await step;
    } catch (error) {
      this.#failure = error;
      throw error;
    }
  }

  #checkAlive(op: string): void {
    if (this.#failure === undefined) return;
    const fact = 'the volume has failed to become durable, open it anew';
    throw new VfioError('EIO', op, fact, { cause: this.#failure });
  }
}
