// The real lspci as the judge of what is told of a configuration space.

import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { hexDump } from '@vfio-ts/core';
import { programForTest } from '@vfio-ts/lab';
import { digits } from '../../src/inspect/pci/facts.ts';
import { decodeSpace, type PciSpaceReport } from '../../src/inspect/pci/space.ts';
import { temporaryFolder } from '../support.ts';

/** Spaces that one lspci is given, each as a device of its own. */
const AT_ONCE = 32;
const CAP_LIST = 0x10;

/** Chance alone makes no lists: begins one, and lets links lead somewhere. */
const anySpace = fc
  .record({
    seed: fc.integer({ min: 0, max: 2 ** 31 - 1 }),
    size: fc.constantFrom(64, 256, 4096),
    headerType: fc.constantFrom(0, 0, 0, 0x80, 1, 3),
    capabilities: fc.array(
      fc.record({
        at: fc.integer({ min: 16, max: 63 }).map((word) => word * 4),
        id: fc.oneof(fc.constant(0x10), fc.integer({ min: 0, max: 255 })),
        low: fc.integer({ min: 0, max: 3 }),
      }),
      { maxLength: 8 },
    ),
    extended: fc.array(
      fc.record({
        at: fc.integer({ min: 0, max: 959 }).map((word) => 0x100 + word * 4),
        id: fc.oneof(fc.integer({ min: 0, max: 0x30 }), fc.integer({ min: 0, max: 0xffff })),
        version: fc.integer({ min: 0, max: 15 }),
      }),
      { maxLength: 6 },
    ),
    end: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 255 })),
  })
  .map(({ seed, size, headerType, capabilities, extended, end }) => {
    const space = noise(seed);
    const view = new DataView(space.buffer);
    view.setUint32(0, 0x5678_1234, true);
    view.setUint8(0x0e, headerType);
    view.setUint16(6, view.getUint16(6, true) | CAP_LIST, true);
    view.setUint8(0x34, (capabilities[0]?.at ?? end) | (end & 3));
    for (const [i, { at, id, low }] of capabilities.entries()) {
      view.setUint8(at, id);
      view.setUint8(at + 1, (capabilities[i + 1]?.at ?? end) | low);
    }
    // The list of extended ones begins at a fixed place.
    const places = [0x100, ...extended.slice(1).map(({ at }) => at)];
    for (const [i, { id, version }] of extended.entries()) {
      const next = places[i + 1] ?? end;
      view.setUint32(places[i] ?? 0, id | (version << 16) | (next << 20), true);
    }
    return space.subarray(0, size);
  });

/** Bytes that depend on a number alone; half of the numbers give none. */
function noise(seed: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(4096);
  if (seed % 2 === 0) return bytes;
  let state = seed;
  return bytes.map(() => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff;
    return state >>> 16;
  });
}

function slot(index: number): string {
  return `00:${digits(index, 2)}.0`;
}

/** What lspci says of each, by slot. */
function lspci(program: string, spaces: readonly Uint8Array[], ...flags: string[]): string[] {
  using folder = temporaryFolder();
  const file = join(folder.path, 'dump');
  writeFileSync(file, spaces.map((space, i) => hexDump(space, slot(i), 'Device')).join(''));
  const said = execFileSync(program, ['-F', file, '-n', ...flags], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return said.split(/\n\n/u).filter((text) => text.trim() !== '');
}

const FAULTS: Readonly<Record<string, string>> = {
  '<chain looped>': 'looped',
  '<chain broken>': 'broken',
  '<access denied>': 'cut off',
};

/** Places of the capabilities in lspci's order, and how a list ends that has no end. */
function placesSaid(text: string): string[] {
  const lines = text.matchAll(/Capabilities: (?:\[(?<place>[\da-f]+)[^\]]*\] ?)?(?<rest>.*)/gu);
  return Array.from(lines, ({ groups }) => {
    const { place = '', rest = '' } = groups ?? {};
    return FAULTS[rest] ?? place;
  });
}

function placesTold(space: PciSpaceReport): string[] {
  const { capabilities, fault, extendedCapabilities, extendedFault } = space;
  return [
    ...capabilities.map(({ offset }) => digits(offset, 2)),
    ...(fault === undefined ? [] : [fault]),
    // lspci shows those below 0x100 with three digits.
    ...extendedCapabilities.map(({ offset }) => digits(offset, 3)),
    ...(extendedFault === undefined ? [] : [extendedFault]),
  ];
}

test('lspci reads back each byte of a dump', (context) => {
  const program = programForTest(context, 'lspci', 'pciutils');
  fc.assert(
    fc.property(fc.array(anySpace, { minLength: 1, maxLength: AT_ONCE }), (spaces) => {
      const said = lspci(program, spaces, '-xxxx');
      const read = said.map((text) =>
        text
          .split('\n')
          .slice(1)
          .map((line) => line.replace(/^[\da-f]+: /u, ''))
          .join(' ')
          .replaceAll(' ', ''),
      );
      expect(read).toEqual(spaces.map((space) => space.toHex()));
    }),
    { numRuns: 10, endOnFailure: true },
  );
});

test('capabilities are found where lspci finds them, whatever the bytes are', (context) => {
  const program = programForTest(context, 'lspci', 'pciutils');
  fc.assert(
    fc.property(fc.array(anySpace, { minLength: 1, maxLength: AT_ONCE }), (spaces) => {
      const said = lspci(program, spaces, '-v').map((text) => placesSaid(text));
      expect(spaces.map((space) => placesTold(decodeSpace(space, [])))).toEqual(said);
    }),
    { numRuns: 30, endOnFailure: true },
  );
});
