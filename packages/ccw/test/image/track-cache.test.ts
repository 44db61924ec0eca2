// Tracks that are lent: their memory is used again, and nobody sees that.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { VolumeGeometry } from '../../src/dasd/track-store.ts';
import { TrackCache } from '../../src/image/track-cache.ts';

const TRACK_SIZE = 64;
const geometry: VolumeGeometry = {
  cylinders: 4,
  heads: 15,
  trackSize: TRACK_SIZE,
  deviceType: 0x3390,
  serial: '',
};

/** A file of which some tracks are in memory; each byte of a track says which track it is, and how often it was written. */
class TestFile {
  readonly versions = new Map<number, number>();
  readonly slots = new Set<ArrayBufferLike>();
  inMemory = true;
  waits = 0;
  readonly cache: TrackCache;

  constructor(capacity: number) {
    this.cache = new TrackCache(
      {
        load: async (track) => {
          this.waits++;
          return this.image(track);
        },
        loadNow: (track, slot) => {
          if (!this.inMemory) return undefined;
          this.slots.add(slot.buffer);
          slot.set(this.image(track));
          return slot;
        },
        read: (track) => this.image(track),
      },
      geometry,
      capacity,
    );
  }

  image(track: number): Uint8Array {
    return new Uint8Array(TRACK_SIZE).fill(track * 4 + (this.versions.get(track) ?? 0));
  }

  write(track: number): void {
    this.versions.set(track, ((this.versions.get(track) ?? 0) + 1) % 4);
    this.cache.put(track, this.image(track));
  }
}

describe('a track that is lent', () => {
  test('is there at once when the file is in memory', () => {
    const file = new TestFile(4);
    expect(file.cache.lend(3)).toEqual(file.image(3));
    expect(file.waits).toBe(0);
  });

  test('is left to a read that waits when the file is not in memory', async () => {
    const file = new TestFile(4);
    file.inMemory = false;
    expect(file.cache.lend(3)).toBeUndefined();
    expect(await file.cache.get(3)).toEqual(file.image(3));
    expect(file.cache.lend(3)).toEqual(file.image(3));
  });

  test('gives its memory to a later one: there are no more slots than tracks are kept', () => {
    const file = new TestFile(4);
    for (let track = 0; track < 40; track++) {
      expect(file.cache.lend(track)).toEqual(file.image(track));
    }
    expect(file.slots.size).toBe(4);
  });

  test('does not push out what is used again when all are read in order', () => {
    const file = new TestFile(4);
    for (const track of [50, 52, 54]) file.cache.lend(track);
    for (let track = 0; track < 40; track++) {
      expect(file.cache.lend(track)).toEqual(file.image(track));
    }
    file.inMemory = false;
    for (const track of [50, 52, 54]) expect(file.cache.lend(track)).toEqual(file.image(track));
    expect(file.slots.size).toBe(4);
  });

  test('keeps its memory when it was given to somebody as well', async () => {
    const file = new TestFile(4);
    file.cache.lend(0);
    const given = await file.cache.get(0);
    for (let track = 1; track < 40; track++) file.cache.lend(track);
    expect(given).toEqual(file.image(0));
  });

  test('is not lent while it is being read', async () => {
    const file = new TestFile(4);
    file.inMemory = false;
    const reading = file.cache.get(3);
    file.inMemory = true;
    expect(file.cache.lend(3)).toBeUndefined();
    await reading;
  });

  test('is right until the next is asked for, and what was given stays, whatever else happens', async () => {
    const step = fc.record({
      what: fc.constantFrom('lend', 'lend', 'get', 'write', 'forget'),
      track: fc.nat({ max: 9 }),
      inMemory: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 60 }),
        fc.integer({ min: 1, max: 6 }),
        async (steps, capacity) => {
          const file = new TestFile(capacity);
          const given: [Uint8Array, Uint8Array][] = [];
          let lent: [Uint8Array, Uint8Array] | undefined;
          for (const { what, track, inMemory } of steps) {
            file.inMemory = inMemory;
            if (what === 'lend') {
              const image = file.cache.lend(track);
              lent = image === undefined ? undefined : [image, file.image(track)];
            } else if (what === 'get') {
              // oxlint-disable-next-line no-await-in-loop -- one after the other
              given.push([await file.cache.get(track), file.image(track)]);
            } else if (what === 'write') file.write(track);
            else file.cache.forget(track);
            for (const [image, right] of given) expect(image).toEqual(right);
            expect(lent?.[0]).toEqual(lent?.[1]);
          }
        },
      ),
    );
  });
});
