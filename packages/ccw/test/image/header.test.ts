import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { VfioError } from '@vfio-ts/core';
import { decodeHeader, encodeHeader } from '../../src/image/header.ts';
import { openImage } from '../../src/image/open.ts';
import { readVtoc } from '../../src/image/vtoc.ts';
import { firstPartName, partName } from '../../src/image/part-names.ts';
import { SimulatedDisk } from './simulated-disk.ts';
import { SMALL, smallVolume } from './support-tracks.ts';

const PLAIN = encodeHeader({
  ...SMALL,
  sequence: 2,
  highestCylinder: 2518,
  serial: 'ABC123456789',
});

function changed(at: number, ...values: readonly number[]): Uint8Array {
  const bytes = PLAIN.slice();
  bytes.set(values, at);
  return bytes;
}

function named(identifier: string): Uint8Array {
  return changed(0, ...new TextEncoder().encode(identifier));
}

test('a header is decoded as it was encoded', () => {
  expect(decodeHeader(PLAIN, 'x')).toEqual({
    ...SMALL,
    kind: 'plain',
    sequence: 2,
    highestCylinder: 2518,
    serial: 'ABC123456789',
  });
});

test.each([
  ['CKD_P370', 'plain'],
  ['CKD_P064', 'plain'],
  ['CKD_C370', 'compressed'],
  ['CKD_C064', 'compressed 64'],
])('%s is %s', (identifier, kind) => {
  expect(decodeHeader(named(identifier), 'x').kind).toBe(kind);
});

test.each([
  ['short', PLAIN.subarray(0, 511), /511 bytes/v],
  ['of another kind', named('CKD_X370'), /begins with "CKD_X370"/v],
  ['of a shadow file', named('CKD_S370'), /shadow file/v],
  ['of a fixed-block volume', named('FBA_C370'), /fixed-block/v],
  ['without heads', changed(8, 0), /offset 8: 0 tracks/v],
  ['with too many heads', changed(8, 16), /offset 8: 16 tracks/v],
  ['with short tracks', changed(12, 0, 1, 0, 0), /offset 12: tracks of 256 bytes/v],
  ['with long tracks', changed(12, 0, 0, 4, 0), /offset 12: tracks of 262144 bytes/v],
  ['of a 3350', changed(16, 0x50), /offset 16: device type 0x3350/v],
])('a header %s is EINVAL with file and place', (_, bytes, text) => {
  expect(() => decodeHeader(bytes, '/some/file')).toThrow(
    expect.objectContaining({
      code: 'EINVAL',
      message: expect.stringMatching(new RegExp(`/some/file: .*${text.source}`, 'v')),
    }),
  );
});

test('a serial number of other than printable characters is none', () => {
  expect(decodeHeader(changed(20, 1), 'x').serial).toBe('');
});

describe('names of several files', () => {
  test.each([
    ['/a/vol.ckd', '/a/vol_1.ckd', '/a/vol_2.ckd'],
    ['/a/vol_1.ckd', '/a/vol_1.ckd', '/a/vol_2.ckd'],
    ['/a.b/vol', '/a.b/vol_1', '/a.b/vol_2'],
    ['vol_1', 'vol_1', 'vol_2'],
    ['/a/vol.old.ckd', '/a/vol_1.old.ckd', '/a/vol_2.old.ckd'],
  ])('%s begins with %s, then %s', (path, first, second) => {
    expect(firstPartName(path)).toBe(first);
    expect(partName(first, 2)).toBe(second);
  });

  test('behind 9 come letters', () => {
    expect([partName('v_1', 10), partName('v_1', 27)]).toEqual(['v_A', 'v_R']);
  });

  test('there are no more than 27', () => {
    expect(() => partName('v_1', 28)).toThrow(expect.objectContaining({ code: 'EINVAL' }));
  });
});

/** Opens what is in a file, reads all of it, and says what it threw. */
async function tryVolume(bytes: Uint8Array, isReadOnly: boolean): Promise<unknown> {
  const disk = new SimulatedDisk(new Map([['/v', bytes]]));
  try {
    await using held = new AsyncDisposableStack();
    const store = await openImage('/v', { files: disk, locks: [], isReadOnly });
    held.defer(() => store.close());
    const { cylinders, heads } = store.geometry;
    for (let track = 0; track < Math.min(cylinders * heads, 20); track += 1)
      await store.read(track);
    await readVtoc(store);
    return undefined;
  } catch (error) {
    return error;
  } finally {
    expect(disk.openFiles).toBe(0);
  }
}

test('a file of any bytes is refused with a VfioError and left closed', async () => {
  const plain = smallVolume(3);
  const compressed = plain.slice();
  compressed.set(new TextEncoder().encode('CKD_C370'));
  const compressed64 = compressed.slice();
  compressed64.set(new TextEncoder().encode('CKD_C064'));
  const change = fc.record({
    at: fc.oneof(fc.nat({ max: 60 }), fc.nat({ max: 1100 }), fc.nat({ max: plain.length - 1 })),
    value: fc.nat({ max: 255 }),
  });
  const anyFile = fc.asyncProperty(
    fc.constantFrom(plain, compressed, compressed64),
    fc.array(change, { maxLength: 12 }),
    fc.nat({ max: plain.length }),
    fc.boolean(),
    async (base, changes, cut, isReadOnly) => {
      const bytes = base.slice(0, changes.length % 3 === 0 ? cut : base.length);
      for (const { at, value } of changes) if (at < bytes.length) bytes[at] = value;
      const error = await tryVolume(bytes, isReadOnly);
      return error === undefined || error instanceof VfioError;
    },
  );
  await expect(fc.assert(anyFile, { numRuns: 600 })).resolves.toBeUndefined();
});
