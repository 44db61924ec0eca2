// A plain image file, read whole: the volume as Hercules has left it.

import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { HOME_ADDRESS_SIZE, records } from '../../../src/dasd/track-image.ts';
import { toHex } from '../support/channel.ts';
import { MemoryStore } from '../support/memory-store.ts';

const HEADER_SIZE = 512;

/** The volume of an image file, in memory. */
export async function readImage(path: string): Promise<MemoryStore> {
  const file = await readFile(path);
  const heads = file.readUInt32LE(8);
  const trackSize = file.readUInt32LE(12);
  const cylinders = (file.length - HEADER_SIZE) / (heads * trackSize);
  const store = new MemoryStore({ cylinders });
  for (let track = 0; track < cylinders * heads; track += 1) {
    const from = HEADER_SIZE + track * trackSize;
    store.tracks.set(track, Uint8Array.from(file.subarray(from, from + trackSize)));
  }
  return store;
}

/** The records of a track as text: identifier, lengths, and the beginning of what they are. */
export function describeTrack(store: MemoryStore, track: number): readonly string[] {
  const image = store.image(track);
  const home = toHex(image.subarray(0, HOME_ADDRESS_SIZE));
  const all = Array.from(records(image), ({ offset, keyOffset, end }) => {
    const count = toHex(image.subarray(offset, keyOffset));
    const contents = image.subarray(keyOffset, end);
    const hash = createHash('sha256').update(contents).digest('hex');
    return `${count} ${toHex(contents.subarray(0, 8))} ${hash.slice(0, 16)}`;
  });
  return [home, ...all];
}
