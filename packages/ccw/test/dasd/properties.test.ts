// Random chains: against records kept as arrays, in memory and from a slow store, and chains of anything.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { CommandEnd } from '../../src/channel/control-unit.ts';
import { DasdControlUnit } from '../../src/dasd/dasd-control-unit.ts';
import { dataOf, keyOf, measureTrack, packCchh, records } from '../../src/dasd/track-image.ts';
import { get, NORMAL, put, runChain, toHex } from './support/channel.ts';
import type { TestCcw } from './support/channel.ts';
import { MemoryStore } from './support/memory-store.ts';
import { anyChain } from './support/programs.ts';
import { linuxVolume, pattern } from './support/volume.ts';

/** A record of the model. */
interface ModelRecord {
  readonly key: Uint8Array;
  readonly data: Uint8Array;
}

const TRACKS = 3;

/** What a random program does with a track of the model. */
type Action =
  | { readonly kind: 'format'; readonly track: number; readonly made: readonly ModelRecord[] }
  | { readonly kind: 'append'; readonly track: number; readonly made: readonly ModelRecord[] }
  | {
      readonly kind: 'update';
      readonly track: number;
      readonly seed: number;
      readonly skip: number;
    }
  | { readonly kind: 'read'; readonly track: number }
  | { readonly kind: 'release'; readonly track: number };

const trackNumber = fc.nat(TRACKS - 1);
const modelRecord: fc.Arbitrary<ModelRecord> = fc
  .tuple(fc.nat(20), fc.integer({ min: 1, max: 2000 }), fc.nat(255))
  .map(([key, data, seed]) => ({ key: pattern(key, seed), data: pattern(data, seed + 1) }));
const made = fc.array(modelRecord, { minLength: 1, maxLength: 8 });

const action: fc.Arbitrary<Action> = fc.oneof(
  fc.record({ kind: fc.constant('format' as const), track: trackNumber, made }),
  fc.record({ kind: fc.constant('append' as const), track: trackNumber, made }),
  fc.record({
    kind: fc.constant('update' as const),
    track: trackNumber,
    seed: fc.nat(255),
    skip: fc.nat(7),
  }),
  fc.record({ kind: fc.constant('read' as const), track: trackNumber }),
  fc.record({ kind: fc.constant('release' as const), track: trackNumber }),
);

const DEFINE = put(0x63, 'c0e0 0000 0000 00 00 0000 0000 0009 000e');

function locate(operation: number, count: number, track: number, number: number): TestCcw {
  const place = [0, 0, 0, track];
  return put(0x47, Uint8Array.of(operation, 0, 0, count, ...place, ...place, number, 0xff, 0, 0));
}

function formatOf(track: number, number: number, { key, data }: ModelRecord): TestCcw {
  const head = [0, 0, 0, track, number, key.length, data.length >> 8, data.length & 0xff];
  return put(0x1d, Uint8Array.of(...head, ...key, ...data));
}

function releaseOf(track: number): TestCcw {
  const place = [0, 0, 0, track];
  return put(
    0xf7,
    Uint8Array.of(0x81, 0, 0x20, 0, ...new Uint8Array(16), 0, 1, 0, 0, ...place, ...place),
  );
}

/** What an action is on the model: the chain to execute, what it reads, what the track is then. */
interface Expected {
  readonly chain: readonly TestCcw[];
  readonly data: readonly Uint8Array[];
  readonly after: readonly ModelRecord[];
}

function expectedOf(kept: readonly ModelRecord[], step: Action): Expected {
  const { track } = step;
  switch (step.kind) {
    case 'format':
    case 'append': {
      const before = step.kind === 'format' ? [] : kept;
      const writes = step.made.map((each, at) => formatOf(track, before.length + at + 1, each));
      const chain = [DEFINE, locate(0x03, writes.length, track, before.length), ...writes];
      return { chain, data: [], after: [...before, ...step.made] };
    }
    case 'update': {
      const after = kept.map(({ key, data }, at) =>
        at < step.skip ? { key, data } : { key, data: pattern(data.length, step.seed + at) },
      );
      const writes = after.slice(step.skip).map(({ data }) => put(0x85, data));
      const chain = [DEFINE, locate(0x01, writes.length, track, step.skip + 1), ...writes];
      return { chain: writes.length === 0 ? [DEFINE] : chain, data: [], after };
    }
    case 'release':
      return { chain: [releaseOf(track)], data: [], after: [] };
    case 'read': {
      const data = kept.map((each) => Uint8Array.of(...each.key, ...each.data));
      const reads = kept.map(() => get(0x0e, 4000));
      const chain = [DEFINE, locate(0x06, reads.length, track, 1), ...reads];
      return { chain: reads.length === 0 ? [DEFINE] : chain, data, after: kept };
    }
  }
}

test('what is formatted and updated is what is read, and what the tracks are', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(action, { maxLength: 12 }), async (steps) => {
      const store = new MemoryStore();
      const unit = new DasdControlUnit(store);
      const model: (readonly ModelRecord[])[] = Array.from({ length: TRACKS }, () => []);
      for (const step of steps) {
        const kept = model[step.track] ?? [];
        // A track has room for 16 of the largest records.
        if (step.kind === 'append' && kept.length > 8) continue;
        const { chain, data, after } = expectedOf(kept, step);
        expect(await runChain(unit, chain)).toMatchObject({ status: NORMAL, data });
        model[step.track] = after;
      }
      const tracks = model.map((_records, track) => {
        const image = store.image(track);
        return [...records(image)]
          .slice(1)
          .map((found) => ({ key: keyOf(image, found), data: dataOf(image, found) }));
      });
      expect(tracks).toEqual(model);
    }),
  );
});

test('a slow store makes no difference to any chain', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(anyChain, { maxLength: 6 }), async (chains) => {
      const [fast, slow] = [linuxVolume(), linuxVolume({ isSlow: true })];
      const [first, second] = [new DasdControlUnit(fast), new DasdControlUnit(slow)];
      for (const chain of chains) {
        expect(await runChain(second, chain)).toEqual(await runChain(first, chain));
      }
      expect(slow.written).toEqual(fast.written);
      expect([...slow.tracks].map(([, image]) => toHex(image.subarray(0, 200)))).toEqual(
        [...fast.tracks].map(([, image]) => toHex(image.subarray(0, 200))),
      );
    }),
    { numRuns: 30 },
  );
});

test('whatever chains write, the store gets sound tracks', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(anyChain, { maxLength: 8 }), async (chains) => {
      const store = linuxVolume();
      const unit = new DasdControlUnit(store);
      for (const chain of chains) await runChain(unit, chain);
      for (const track of store.written) {
        const image = store.image(track);
        const cchh = packCchh(Math.floor(track / 15), track % 15);
        // The whole of what the store was given has a meaning.
        expect(measureTrack(image, cchh, store.geometry.trackSize)).toBe(image.length);
      }
    }),
  );
});

const RELEASE_ALL = Uint8Array.of(0x81, ...new Uint8Array(23));

/** Anything: a command byte, some bytes, whether it is chained. */
const garbage = fc.array(
  fc.tuple(
    fc.oneof(
      fc.nat(255),
      fc.constantFrom(0x63, 0x47, 0x4b, 0xe7, 0x07, 0x31, 0x86, 0x1d, 0x95, 0xf7),
    ),
    fc.oneof(fc.uint8Array({ maxLength: 80 }), fc.constantFrom(new Uint8Array(64), RELEASE_ALL)),
    fc.boolean(),
  ),
  { maxLength: 12 },
);

test('chains of anything end every command in a defined way', async () => {
  await fc.assert(
    fc.asyncProperty(garbage, fc.boolean(), async (commands, hasPrefix) => {
      const unit = new DasdControlUnit(linuxVolume(), { hasPrefix });
      unit.begin();
      let previous: number | undefined;
      for (const [code, data, isChained] of commands) {
        const command = { code, count: data.length, data, previous, isChained };
        const end: CommandEnd = await unit.execute(command);
        expect([0x0c, 0x0d, 0x0e, 0x4c]).toContain(end.status);
        expect(end.taken ?? 0).toBeLessThanOrEqual(data.length);
        expect(end.sense?.length).toBe(end.status === 0x0e ? 32 : undefined);
        previous = code;
      }
      expect(await unit.end(true)).toBeUndefined();
    }),
    { numRuns: 500 },
  );
});

test('a garbage track is an equipment check at worst', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), anyChain, async (image, chain) => {
      const store = linuxVolume();
      for (let track = 130; track < 140; track += 1) store.tracks.set(track, image);
      const { status } = await runChain(new DasdControlUnit(store), chain);
      expect([0x0c, 0x0d, 0x0e, 0x4c]).toContain(status);
    }),
  );
});

test('an aborted chain leaves what it wrote, durable', async () => {
  const store = linuxVolume();
  const unit = new DasdControlUnit(store);
  unit.begin();
  const chain = [DEFINE, locate(0x01, 2, 4, 1), put(0x85, pattern(4096, 7))];
  let previous: number | undefined;
  for (const { code, count, data } of chain) {
    await unit.execute({ code, count, data, previous, isChained: true });
    previous = code;
  }
  await unit.end(true);
  expect({ written: store.written, flushes: store.flushes }).toEqual({ written: [4], flushes: 1 });
});

test('a chain that was not ended leaves nothing to the next one', async () => {
  const store = linuxVolume();
  const unit = new DasdControlUnit(store);
  unit.begin();
  for (const { code, count, data } of [
    DEFINE,
    locate(0x01, 1, 4, 1),
    put(0x85, pattern(4096, 7)),
  ]) {
    await unit.execute({ code, count, data, previous: undefined, isChained: true });
  }
  await runChain(unit, [DEFINE, locate(0x06, 1, 4, 1), get(0x86, 4096)]);
  expect(store.written).toEqual([]);
});
