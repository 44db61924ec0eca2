// Define Subsystem Operation: the release of space, and what a volume says of its space.

import { describe, expect, test } from 'vitest';
import { DasdControlUnit } from '../../src/dasd/dasd-control-unit.ts';
import { emptyTrack, packCchh } from '../../src/dasd/track-image.ts';
import { CHECK, control, get, NORMAL, put, runChain, senseOf, toHex } from './support/channel.ts';
import type { TestCcw } from './support/channel.ts';
import { MemoryStore } from './support/memory-store.ts';
import { linuxVolume, pattern } from './support/volume.ts';

const LAST_TRACK = 149;

/** A release of 24 bytes, with bytes from some offsets on that differ, and the extents behind. */
function release(changes: Readonly<Record<number, string>> = {}, ...extents: string[]): TestCcw {
  const count = extents.length.toString(16).padStart(4, '0');
  const scope = extents.length > 0 ? '20' : '00';
  const head = Buffer.from(
    `8100 ${scope}00 ${'00'.repeat(16)} ${count} 0000`.replaceAll(' ', ''),
    'hex',
  );
  for (const [at, digits] of Object.entries(changes))
    head.set(Buffer.from(digits, 'hex'), Number(at));
  return put(0xf7, Buffer.concat([head, Buffer.from(extents.join(''), 'hex')]), true);
}

const CYLINDER_2 = '000200000002000e';
/** The last two tracks of cylinder 3 and the first of cylinder 4. */
const THREE_TRACKS = '0003000d00040000';

function empty(track: number): Uint8Array {
  return emptyTrack(packCchh(Math.floor(track / 15), track % 15));
}

/** Tracks that have only R0. */
function released(store: MemoryStore): number[] {
  const tracks: number[] = [];
  for (let track = 0; track <= LAST_TRACK; track += 1) {
    if (Buffer.compare(store.image(track), empty(track)) === 0) tracks.push(track);
  }
  return tracks;
}

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_unused, at) => first + at);
}

const DEFINE_ALL = put(0x63, 'c0c0 0000 0000 00 00 0000 0000 0009 000e');
const READ_ONE = put(0x47, '06 00 00 01 0003000d 0003000d 01 ff 0000');
const PREPARE = put(0x27, '180000000000 41 0000000000');
const FEATURES = get(0x3e, 256);

describe('a release of space', () => {
  test('leaves home address and R0 of the tracks it names, and all of the others', async () => {
    const store = linuxVolume();
    const { status, residual } = await runChain(new DasdControlUnit(store), [
      release({}, CYLINDER_2, THREE_TRACKS),
    ]);
    expect({ status, residual }).toEqual({ status: NORMAL, residual: 0 });
    expect(released(store)).toEqual([...range(30, 44), 58, 59, 60]);
  });

  test('without extents is of the whole volume', async () => {
    const store = linuxVolume();
    expect((await runChain(new DasdControlUnit(store), [release()])).status).toBe(NORMAL);
    expect(released(store)).toEqual(range(0, LAST_TRACK));
  });

  test.each([true, false])('is durable before its status (slow disk: %s)', async (isSlow) => {
    const store = linuxVolume({ isSlow });
    await runChain(new DasdControlUnit(store), [release({}, THREE_TRACKS)]);
    expect({ written: store.written, flushes: store.flushes }).toEqual({
      written: [58, 59, 60],
      flushes: 1,
    });
  });

  test.each([
    ['that tracks of a part of an extent are initialised', { 2: '30' }],
    ['that it is forced', { 2: '28' }],
  ])('may ask %s', async (_what, changes) => {
    const store = linuxVolume();
    const chain = [release(changes, THREE_TRACKS)];
    expect((await runChain(new DasdControlUnit(store), chain)).status).toBe(NORMAL);
    expect(released(store)).toEqual([58, 59, 60]);
  });

  test('of 110 extents is the longest', async () => {
    const extents = range(20, 129).map((track) => {
      const address = packCchh(Math.floor(track / 15), track % 15)
        .toString(16)
        .padStart(8, '0');
      return address + address;
    });
    const store = linuxVolume();
    const unit = new DasdControlUnit(store);
    expect((await runChain(unit, [release({}, ...extents)])).status).toBe(NORMAL);
    expect(released(store)).toEqual(range(20, 129));
    const tooMany = [release({}, ...extents, '0000000000000000')];
    expect(senseOf(await runChain(unit, tooMany))).toBe('800004');
  });

  test.each([
    ['itself', [release({}, CYLINDER_2)], [...range(30, 44), 58, 59, 60]],
    ['Read Subsystem Data', [PREPARE, FEATURES], [58, 59, 60]],
    ['a first Suspend Multipath Reconnection', [control(0x5b)], [58, 59, 60]],
  ] as const)('may be behind %s', async (_what, before, tracks) => {
    const store = linuxVolume();
    const chain = [...before, release({}, THREE_TRACKS)];
    expect((await runChain(new DasdControlUnit(store), chain)).status).toBe(NORMAL);
    expect(released(store)).toEqual(tracks);
  });

  test('takes away what its chain has written before', async () => {
    const store = linuxVolume();
    const update = put(0x47, '01 80 00 01 0003000d 0003000d 01 ff 1000');
    const write = put(0x85, pattern(4096, 99));
    const chain = [DEFINE_ALL, update, write, PREPARE, FEATURES, release({}, THREE_TRACKS)];
    expect((await runChain(new DasdControlUnit(store), chain)).status).toBe(NORMAL);
    expect(released(store)).toEqual([58, 59, 60]);
  });

  test('of the track under the arm leaves nothing there that a read could go on with', async () => {
    const before = [DEFINE_ALL, READ_ONE, get(0x86, 4096), PREPARE, FEATURES];
    const chain = [...before, release({}, THREE_TRACKS), get(0x06, 4096)];
    expect(senseOf(await runChain(new DasdControlUnit(linuxVolume()), chain))).toBe('800002');
  });

  test('that is not wanted any more ends', async () => {
    const store = linuxVolume({ isSlow: true });
    const unit = new DasdControlUnit(store);
    const over = runChain(unit, [release()]);
    unit.abort();
    await over;
    expect(released(store)).toEqual([0]);
    await runChain(unit, [release({}, THREE_TRACKS)]);
    expect(released(store)).toEqual([0, 58, 59, 60]);
  });

  test('is an equipment check where the disk fails', async () => {
    const store = linuxVolume();
    store.broken.add('write');
    expect(senseOf(await runChain(new DasdControlUnit(store), [release()]))).toBe('100010');
  });
});

/** A Define Extent, and the commands that let a release come behind it. */
function behind(define: string): readonly TestCcw[] {
  return [put(0x63, `${define} 0000 0000 00 00 0002 0000 0003 000e`), PREPARE, FEATURES];
}

const REFUSED: readonly (readonly [string, string, number, readonly TestCcw[]])[] = [
  ['no order', '800003', 0, [put(0xf7, '')]],
  ['one byte of an order', '800003', 0, [put(0xf7, '81')]],
  ['another order', '800004', 22, [put(0xf7, `18${'00'.repeat(23)}`)]],
  ['23 bytes', '800003', 0, [put(0xf7, `8100${'00'.repeat(21)}`)]],
  ['a message', '800004', 0, [release({ 1: '80' })]],
  ['a volume of fixed blocks', '800004', 0, [release({ 1: '10' })]],
  ['a reserved scope', '800004', 0, [release({ 2: '40' })]],
  ['a reserved byte of the scope', '800004', 0, [release({ 3: '01' })]],
  ['another subsystem', '800004', 0, [release({ 4: '01' })]],
  ['another device', '800004', 0, [release({ 5: '01' })]],
  ['a reserved byte', '800004', 0, [release({ 6: '01' })]],
  ['a reserved byte before the number', '800004', 0, [release({ 19: '01' })]],
  ['a reserved byte behind the number', '800004', 0, [release({ 23: '01' })]],
  ['a number of extents for the whole volume', '800004', 8, [release({ 2: '00' }, CYLINDER_2)]],
  ['no extents although it is by extents', '800004', 0, [release({ 2: '20' })]],
  ['extents that are cut off', '800003', 0, [release({ 20: '0002' }, CYLINDER_2)]],
  ['an extent past the volume', '800004', 0, [release({}, '000900000009000f')]],
  ['an extent from behind the volume', '800004', 0, [release({}, '000a0000000a0000')]],
  ['an extent that ends before it begins', '800004', 0, [release({}, '0002000100020000')]],
  ['a later extent past the volume', '800004', 0, [release({}, CYLINDER_2, '00000000000a0000')]],
  ['a command before it', '800002', 24, [control(0x03), release()]],
  ['a Define Extent before it', '800002', 24, [DEFINE_ALL, release()]],
  ['a mask that forbids writes', '800002', 32, [...behind('40c0'), release({}, CYLINDER_2)]],
  ['a mask for updates', '800002', 32, [...behind('80c0'), release({}, CYLINDER_2)]],
  [
    'an extent outside the defined one',
    '000400',
    0,
    [...behind('00c0'), release({}, THREE_TRACKS)],
  ],
  ['the volume outside the defined extent', '000400', 0, [...behind('c0c0'), release()]],
];

test.each(REFUSED)(
  'a release with %s is %s, and changes nothing',
  async (_, sense, left, chain) => {
    const store = linuxVolume();
    const result = await runChain(new DasdControlUnit(store), chain);
    expect([result.status, senseOf(result), result.residual]).toEqual([CHECK, sense, left]);
    expect({ written: store.written, flushes: store.flushes }).toEqual({ written: [], flushes: 0 });
  },
);

test('a release inside a domain is out of its order', async () => {
  const chain = [DEFINE_ALL, READ_ONE, release()];
  expect(senseOf(await runChain(new DasdControlUnit(linuxVolume()), chain))).toBe('800002');
});

test('a release of a read-only volume is inhibited', async () => {
  const unit = new DasdControlUnit(linuxVolume({ isReadOnly: true }));
  expect(senseOf(await runChain(unit, [release()]))).toBe('100204');
});

/** A volume whose cylinder 2 is released. */
async function volume(): Promise<DasdControlUnit> {
  const unit = new DasdControlUnit(linuxVolume());
  await runChain(unit, [release({}, CYLINDER_2)]);
  return unit;
}

function locate(operation: string, count: string, track: string, record: string): TestCcw {
  return put(0x47, `${operation} 00 00 ${count} ${track} ${track} ${record} ff 0000`);
}

describe('a released track', () => {
  test('has no record for a read: sense data name the track', async () => {
    const result = await runChain(await volume(), [
      DEFINE_ALL,
      locate('06', '01', '00020003', '01'),
    ]);
    expect(senseOf(result)).toBe('000800');
    expect(toHex(result.sense?.subarray(27) ?? new Uint8Array(0))).toBe('a000000203');
  });

  test('ends a read that comes to it from the track before, and is named', async () => {
    const reads = [get(0x86, 4096), get(0x86, 4096)];
    const chain = [DEFINE_ALL, locate('06', '02', '0001000e', '0c'), ...reads];
    const result = await runChain(await volume(), chain);
    expect([senseOf(result), result.last]).toEqual(['000800', 3]);
    expect(toHex(result.sense?.subarray(27) ?? new Uint8Array(0))).toBe('a000000200');
  });

  test('read as a whole is R0 and the end of the track', async () => {
    const chain = [DEFINE_ALL, locate('0c', '01', '00020003', '00'), get(0xde, 60_000)];
    const { data } = await runChain(await volume(), chain);
    expect(toHex(data[0] ?? new Uint8Array(0))).toBe(
      `0002000300000008${'00'.repeat(8)}${'ff'.repeat(8)}`,
    );
  });

  test('can be formatted and written', async () => {
    const unit = await volume();
    const count = put(0x1d, '00020003 01 00 1000');
    const formatted = await runChain(unit, [
      DEFINE_ALL,
      locate('03', '01', '00020003', '00'),
      count,
    ]);
    expect(formatted.status).toBe(NORMAL);
    const read = [DEFINE_ALL, locate('06', '01', '00020003', '01'), get(0x86, 4096)];
    expect((await runChain(unit, read)).data).toEqual([new Uint8Array(4096)]);
  });
});

test('sense data name a track past cylinder 65535 with the bits of its address', async () => {
  const unit = new DasdControlUnit(new MemoryStore({ cylinders: 262_668 }));
  const define = put(0x63, '40c0 0000 0000 00 00 0000 0000 020b 004e');
  const result = await runChain(unit, [
    define,
    put(0x47, '06 00 00 01 020b0043 020b0043 01 ff 0000'),
  ]);
  expect(senseOf(result)).toBe('000800');
  expect(toHex(result.sense?.subarray(27) ?? new Uint8Array(0))).toBe('b0020b0043');
});

/** Read Subsystem Data of a suborder about the device of an address. */
function query(suborder: string, address = '00'): readonly TestCcw[] {
  return [put(0x27, `1800 0000 00 ${address} ${suborder} 0000000000`), get(0x3e, 3616)];
}

function efficient(): DasdControlUnit {
  return new DasdControlUnit(linuxVolume(), { isSpaceEfficient: true, unitAddress: 0x12 });
}

describe('a volume', () => {
  test.each(['00', '12'])('that is space-efficient says so of device %s', async (address) => {
    const { data, status } = await runChain(efficient(), query('52', address));
    expect(status).toBe(NORMAL);
    const cylinders = '0000000a';
    expect(toHex(data[0] ?? new Uint8Array(0))).toBe(
      `20000001${'00'.repeat(12)}${cylinders.repeat(3)}`,
    );
  });

  test('that is space-efficient says nothing of another device', async () => {
    expect(senseOf(await runChain(efficient(), query('52', '13')))).toBe('800004');
  });

  test('that is space-efficient is in a pool with extents of 21 cylinders', async () => {
    const { data } = await runChain(efficient(), query('53'));
    expect(toHex(data[0] ?? new Uint8Array(0))).toBe(
      `0028000180${'00'.repeat(27)}0001000028000100`,
    );
  });

  test('that is space-efficient releases no more than it is asked for', async () => {
    const { data } = await runChain(efficient(), query('41'));
    expect(data[0]?.[56]).toBe(0x01);
  });

  test.each(['52', '53'])('that is not space-efficient refuses suborder %s', async (suborder) => {
    const unit = new DasdControlUnit(linuxVolume());
    expect(senseOf(await runChain(unit, query(suborder)))).toBe('800004');
    expect((await runChain(unit, query('41'))).data[0]?.[56]).toBe(0);
  });
});
