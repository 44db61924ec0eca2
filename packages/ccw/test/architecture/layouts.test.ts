// The architected layouts, against bytes that a real guest sent or was sent.

import { describe, expect, test } from 'vitest';
import {
  commandClass,
  CRW_ERC,
  CRW_RSC,
  decodeCcw0,
  decodeCcw1,
  decodeCrw,
  decodeIrb,
  decodeOrb,
  decodePmcw,
  decodeSchib,
  decodeScsw,
  encodeCcw0,
  encodeCcw1,
  encodeCrw,
  encodeIrb,
  encodeOrb,
  encodeSchib,
  eswOf,
  idawCount,
  IDAW_FORMAT_1,
  IDAW_FORMAT_2,
  IDAW_FORMAT_2_2K,
  idawFormat,
  decodeIdaws,
  encodeIdaws,
  isInput,
  ORB_2K_IDAW_CONTROL,
  ORB_FORMAT_2_IDAW_CONTROL,
  ORB_FORMAT_CONTROL,
  ORB_PREFETCH_CONTROL,
  toFormat1,
} from '../../src/architecture/index.ts';

const bytes = (hex: string): Uint8Array => Uint8Array.fromHex(hex.replaceAll(' ', ''));

describe('ORB', () => {
  // The first start of a Linux guest.
  const first = bytes('01af5800 00c28000 01bad028');

  test('decodes what a guest sent', () => {
    expect(decodeOrb(first)).toEqual({
      interruptionParameter: 0x01af5800,
      key: 0,
      control: ORB_FORMAT_CONTROL | ORB_PREFETCH_CONTROL | ORB_FORMAT_2_IDAW_CONTROL,
      lpm: 0x80,
      programAddress: 0x01bad028,
    });
  });

  test('encodes to the same bytes', () => {
    expect(encodeOrb(decodeOrb(first))).toEqual(first);
  });

  test('all bits have their place', () => {
    const ones = bytes('ffffffff ffffffff ffffffff');
    expect(encodeOrb(decodeOrb(ones))).toEqual(ones);
  });
});

describe('CCW', () => {
  test('format 0', () => {
    const ccw = { command: 0x02, flags: 0x60, count: 24, address: 0x123456 };
    expect(decodeCcw0(bytes('02123456 60000018'))).toEqual(ccw);
    expect(encodeCcw0(ccw)).toEqual(bytes('02123456 60000018'));
  });

  test('format 1', () => {
    const ccw = { command: 0xe4, flags: 0x20, count: 40, address: 0x7fff_fff8 };
    expect(decodeCcw1(bytes('e4200028 7ffffff8'))).toEqual(ccw);
    expect(encodeCcw1(ccw)).toEqual(bytes('e4200028 7ffffff8'));
  });

  test.each([0x08, 0x18, 0xf8])('command %i of format 0 is a TIC', (command) => {
    const ccw = toFormat1({ command, flags: 0xff, count: 7, address: 8 });
    expect(ccw).toEqual({ command: 8, flags: 0, count: 0, address: 8 });
  });

  test.each([
    [0x01, 'write'],
    [0x85, 'write'],
    [0x06, 'read'],
    [0xde, 'read'],
    [0x03, 'control'],
    [0x47, 'control'],
    [0x04, 'sense'],
    [0xe4, 'sense'],
    [0x0c, 'read backward'],
    [0x08, 'tic'],
    [0x80, 'invalid'],
  ])('command %i is of its class', (command, name) => {
    expect(commandClass(command)).toBe(name);
  });

  test.each([
    [0x02, true],
    [0x04, true],
    [0x0c, true],
    [0x01, false],
    [0x03, false],
    [0x08, false],
  ])('command %i brings data in: %s', (command, brings) => {
    expect(isInput(command)).toBe(brings);
  });
});

describe('IDAW', () => {
  test.each([
    [0, IDAW_FORMAT_1],
    [ORB_2K_IDAW_CONTROL, IDAW_FORMAT_1],
    [ORB_FORMAT_2_IDAW_CONTROL, IDAW_FORMAT_2],
    [ORB_FORMAT_2_IDAW_CONTROL | ORB_2K_IDAW_CONTROL, IDAW_FORMAT_2_2K],
  ])('control %i asks for its format', (control, format) => {
    expect(idawFormat(control)).toBe(format);
  });

  test.each([
    [0, 0, IDAW_FORMAT_2, 1],
    [0, 1, IDAW_FORMAT_2, 1],
    [0, 4096, IDAW_FORMAT_2, 1],
    [1, 4096, IDAW_FORMAT_2, 2],
    [0xfff, 1, IDAW_FORMAT_2, 1],
    [0xfff, 2, IDAW_FORMAT_2, 2],
    [0, 4096, IDAW_FORMAT_1, 2],
    [0x7ff, 4096, IDAW_FORMAT_2_2K, 3],
    [0, 0xffff, IDAW_FORMAT_2, 16],
  ])('%i + %i bytes of %o need %i', (address, count, format, needed) => {
    expect(idawCount(address, count, format)).toBe(needed);
  });

  test('words of both sizes', () => {
    expect(decodeIdaws(bytes('00001000 00001800'), 2, IDAW_FORMAT_1)).toEqual([0x1000, 0x1800]);
    const idaws = [0x1_0000_1000, 0x2000];
    expect(decodeIdaws(encodeIdaws(idaws, IDAW_FORMAT_2), 2, IDAW_FORMAT_2)).toEqual(idaws);
  });

  test('an address past what a number holds is nowhere', () => {
    expect(decodeIdaws(new Uint8Array(8).fill(0xff), 1, IDAW_FORMAT_2)).toEqual([Infinity]);
  });
});

describe('IRB', () => {
  const normal = new Uint8Array(96);
  normal.set(bytes('00c04007 01bad030 0c000000 00800000'));

  test('of a normal end', () => {
    const scsw = {
      flags: 0xc0,
      control: 0x4007,
      programAddress: 0x01bad030,
      deviceStatus: 0x0c,
      subchannelStatus: 0,
      count: 0,
    };
    const none = new Uint8Array(0);
    expect(encodeIrb({ scsw, esw: eswOf(0x80, none), sense: none })).toEqual(normal);
    expect(decodeIrb(normal)).toEqual({ scsw, esw: { logout: 0x80_0000, report: 0 }, sense: none });
  });

  test('of a unit check with sense data', () => {
    const sense = Uint8Array.from({ length: 32 }, (_, i) => i);
    const scsw = decodeScsw(bytes('04c24017 00001008 0e000000'));
    const irb = encodeIrb({ scsw, esw: eswOf(0x80, sense), sense });
    expect(irb.subarray(12, 20)).toEqual(bytes('00800000 01200000'));
    expect(irb.subarray(32, 64)).toEqual(sense);
    expect(decodeIrb(irb).sense).toEqual(sense);
  });
});

describe('SCHIB', () => {
  test('all bits have their place', () => {
    const schib = Uint8Array.from({ length: 52 }, (_, i) => (i < 40 ? i + 1 : 0));
    expect(encodeSchib(decodeSchib(schib))).toEqual(schib);
  });

  test('path masks and identifiers', () => {
    const pmcw = new Uint8Array(28);
    pmcw.set(bytes('00000000 00811234 80402010 00000804 4445'));
    expect(decodePmcw(pmcw)).toMatchObject({
      flags: 0x81,
      deviceNumber: 0x1234,
      lpm: 0x80,
      pnom: 0x40,
      lpum: 0x20,
      pim: 0x10,
      pom: 0x08,
      pam: 0x04,
      chpids: [0x44, 0x45, 0, 0, 0, 0, 0, 0],
    });
  });
});

test('a CRW of a channel path that is gone', () => {
  const crw = {
    flags: 0,
    source: CRW_RSC.CHANNEL_PATH,
    recovery: CRW_ERC.PERMANENT_ERROR_NOT_INITIALIZED,
    sourceId: 0x44,
  };
  expect(encodeCrw(crw)).toEqual(bytes('04060044'));
  expect(decodeCrw(bytes('04060044'))).toEqual(crw);
});

test.each([
  ['decodeOrb', decodeOrb, 12],
  ['decodeCcw0', decodeCcw0, 8],
  ['decodeCcw1', decodeCcw1, 8],
  ['decodeScsw', decodeScsw, 12],
  ['decodeIrb', decodeIrb, 96],
  ['decodePmcw', decodePmcw, 28],
  ['decodeSchib', decodeSchib, 52],
  ['decodeCrw', decodeCrw, 4],
])('%s of too few bytes throws EINVAL', (_name, decode, size) => {
  expect(() => decode(new Uint8Array(size - 1))).toThrow(
    expect.objectContaining({ code: 'EINVAL' }),
  );
});
