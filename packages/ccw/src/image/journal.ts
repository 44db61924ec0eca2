// The journal beside an image. A track is written to it, and made durable there, before it is written to the image:
// a crash in the middle of either leaves one of them whole.
//
// Order, and why it holds:
// 1. entries, then one fdatasync of the journal. Until it returns the image has not been touched: a torn entry is
//    not applied, the track is as before. When it has returned the track is durable.
// 2. the image, not synced. A crash here tears the track in the image; the entry replaces it.
// 3. when the journal is full, and at close: fdatasync of the image, then a header of the next generation, then
//    fdatasync of the journal. Only then are old entries overwritten; before it they are still the valid ones, and
//    harmless, for the image has what they have. The headers have two slots in turn, a torn one leaves the other.

import { VfioError } from '@vfio-ts/core';
import {
  decodeEntryHead,
  decodeJournalHeader,
  digestIdentity,
  encodeEntry,
  encodeJournalHeader,
  ENTRY_HEADER_SIZE,
  entrySize,
  FIRST_ENTRY,
  SLOT_SIZE,
  slotPosition,
} from './journal-format.ts';
import type { JournalEntry } from './journal-format.ts';
import { openIfThere } from './file.ts';
import type { ImageFile, ImageFiles } from './file.ts';

/** The name of the journal of an image, from that of its first file. */
export function journalName(path: string): string {
  return `${path}.journal`;
}

/** What a journal left behind. */
export interface LeftJournal {
  /** Highest generation that was used; 0 where there is no header. */
  readonly generation: number;
  /** The complete entries, in the order they were written. */
  readonly entries: readonly JournalEntry[];
}

async function readEntries(
  file: ImageFile,
  generation: number,
  trackSize: number,
): Promise<JournalEntry[]> {
  const entries: JournalEntry[] = [];
  const headBytes = new Uint8Array(ENTRY_HEADER_SIZE);
  let at = FIRST_ENTRY;
  for (;;) {
    const count = await file.read(headBytes, at);
    const head = decodeEntryHead(headBytes.subarray(0, count), generation, entries.length);
    if (head === undefined || head.length > trackSize) return entries;
    const image = new Uint8Array(head.length);
    if ((await file.read(image, at + ENTRY_HEADER_SIZE)) < image.length) return entries;
    if (!head.matches(image)) return entries;
    entries.push({ track: head.track, image });
    at += entrySize(image.length);
  }
}

/**
 * Reads what a crash has left in the journal of an image; `undefined` where there is no journal.
 *
 * @param identity - names the volume
 * @param trackSize - of the volume
 * @throws `EINVAL` it is the journal of another image, `EIO`
 */
export async function readLeftJournal(
  files: ImageFiles,
  path: string,
  identity: string,
  trackSize: number,
): Promise<LeftJournal | undefined> {
  const file = await openIfThere(files, path, 'read');
  if (file === undefined) return undefined;
  try {
    const slots = new Uint8Array(FIRST_ENTRY);
    const count = await file.read(slots, 0);
    const header = decodeJournalHeader(slots.subarray(0, count));
    if (header === undefined) {
      // The first header goes to the second slot and is durable before anything else is written.
      const { size } = await file.facts();
      if (size <= FIRST_ENTRY && slots.subarray(0, SLOT_SIZE).every((byte) => byte === 0)) {
        return { generation: 0, entries: [] };
      }
      throw new VfioError('EINVAL', 'openImage', `${path}: no journal, or a damaged one`);
    }
    const own = digestIdentity(identity);
    if (header.identity.some((byte, at) => byte !== own[at])) {
      const fact = `${path}: it belongs to another image, or its image was replaced; move it away`;
      throw new VfioError('EINVAL', 'openImage', fact);
    }
    const entries = await readEntries(file, header.generation, trackSize);
    return { generation: header.generation, entries };
  } finally {
    await file.close();
  }
}

/** The journal of an image that is open for writing. */
export class Journal {
  readonly #file: ImageFile;
  readonly #identity: Uint8Array;
  readonly #capacity: number;
  #generation: number;
  #sequence = 0;
  #end = FIRST_ENTRY;

  private constructor(file: ImageFile, identity: Uint8Array, generation: number, capacity: number) {
    this.#file = file;
    this.#identity = identity;
    this.#generation = generation;
    this.#capacity = capacity;
  }

  /**
   * Makes an empty journal, or takes over one that is left and whose entries are in the image, durable.
   *
   * @param left - the generation of the one that is left; `undefined` where there is none
   * @param capacity - how many bytes of entries it may hold
   * @throws `EACCES`, `ENOSPC`, `EIO`
   */
  static async start(
    files: ImageFiles,
    path: string,
    identity: string,
    left: number | undefined,
    capacity: number,
  ): Promise<Journal> {
    const file = await files.open(path, left === undefined ? 'create' : 'write');
    try {
      const journal = new Journal(file, digestIdentity(identity), left ?? 0, capacity);
      await journal.restart();
      if (left === undefined) await files.syncFolder(path);
      return journal;
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** Bytes of entries that still fit. */
  get room(): number {
    return this.#capacity - (this.#end - FIRST_ENTRY);
  }

  /**
   * Appends entries; they are not durable yet, and not there at all when it fails. They must fit.
   *
   * @throws `EIO`, `ENOSPC`
   */
  async append(entries: readonly JournalEntry[]): Promise<void> {
    const pieces = entries.flatMap((entry, at) =>
      encodeEntry(this.#generation, this.#sequence + at, entry),
    );
    await this.#file.write(pieces, this.#end);
    this.#sequence += entries.length;
    for (const { image } of entries) this.#end += entrySize(image.length);
  }

  /** Makes what was appended durable. @throws `EIO` */
  sync(): Promise<void> {
    return this.#file.sync();
  }

  /** Empties the journal. All its entries must be in the image, durable. @throws `EIO`, `ENOSPC` */
  async restart(): Promise<void> {
    const generation = this.#generation + 1;
    const header = encodeJournalHeader({ generation, identity: this.#identity });
    await this.#file.write([header], slotPosition(generation));
    await this.#file.sync();
    this.#generation = generation;
    this.#sequence = 0;
    this.#end = FIRST_ENTRY;
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}
