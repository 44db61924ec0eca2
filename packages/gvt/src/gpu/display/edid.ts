// The description of a monitor. VESA Enhanced EDID standard, release A revision 2 (EDID 1.4), section 3; timings of
// VESA DMT and of CVT with reduced blanking.

import { VfioError } from '@vfio-ts/core';

/** Bytes of the block. */
export const EDID_LENGTH = 128;

/** What a monitor is asked to be. */
export interface EdidOptions {
  /** Pixels, 8 to 4095, rounded down to a multiple of 8. */
  readonly width: number;
  /** Lines, 8 to 4095. */
  readonly height: number;
  /** Hz; less where one link of DVI has no more. 60 when left out. */
  readonly refresh?: number;
  /** Up to 13 characters of ASCII; `vfio-ts` when left out. */
  readonly name?: string;
}

/** A mode, in pixels, lines and kHz. */
export interface DetailedTiming {
  readonly clock: number;
  readonly width: number;
  readonly horizontalFront: number;
  readonly horizontalSync: number;
  readonly horizontalBlank: number;
  readonly height: number;
  readonly verticalFront: number;
  readonly verticalSync: number;
  readonly verticalBlank: number;
  readonly isHorizontalPositive: boolean;
  readonly isVerticalPositive: boolean;
}

/** kHz that one link of DVI carries. */
const MOST_CLOCK = 165_000;
/** CVT rounds down to these, kHz. */
const CLOCK_STEP = 250;
/** CVT with reduced blanking keeps the beam off this long at least, in units of seconds. */
const LEAST_VERTICAL_BLANK = 0.00046;
const RB_HORIZONTAL_BLANK = 160;
const RB_VERTICAL_FRONT = 3;
const RB_LEAST_BACK_PORCH = 6;
const MOST_SIZE = 4095;
const LEAST_REFRESH = 5;

/** Modes of DMT that are older than reduced blanking. */
const DMT: readonly DetailedTiming[] = [
  timing(25_175, [640, 16, 96, 160, false], [480, 10, 2, 45, false]),
  timing(40_000, [800, 40, 128, 256, true], [600, 1, 4, 28, true]),
  timing(65_000, [1024, 24, 136, 320, false], [768, 3, 6, 38, false]),
];

/** Bits of the established timings, byte and bit, in the order of {@link DMT}. */
const ESTABLISHED = [
  [0x23, 0x20],
  [0x23, 0x01],
  [0x24, 0x08],
] as const;

/** Widths of the vertical sync that CVT knows aspect ratios by. */
const SYNC_OF_ASPECT = [
  [4 / 3, 4],
  [16 / 9, 5],
  [16 / 10, 6],
  [5 / 4, 7],
  [15 / 9, 7],
] as const;

const SYNC_OF_OTHERS = 10;

/** Header, then a made-up vendor, EDID 1.4, digital input of 8 bits, gamma 2.2, sRGB. */
const FIXED = [
  [0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00],
  [0x08, ...vendor('VTS'), 0x01, 0x00, 0x01, 0x00, 0x00, 0x00],
  [0x10, 0x01, 0x24, 0x01, 0x04, 0xa1],
  [0x17, 0x78, 0x06, 0xee, 0x91, 0xa3, 0x54, 0x4c, 0x99, 0x26, 0x0f, 0x50, 0x54],
] as const;

const STANDARD_TIMINGS = 0x26;
const DESCRIPTORS = 0x36;
const DESCRIPTOR_LENGTH = 18;
const CHECKSUM = 0x7f;

/** Millimetres of a pixel: 96 to the inch. */
const PIXEL_PITCH = 25.4 / 96;

/**
 * Describes a monitor with one native mode, and those of VGA, SVGA and XGA that fit into it.
 *
 * @returns 128 bytes
 * @throws VfioError `EINVAL` a size that no detailed timing can say, a refresh that is not from 5 to 240 Hz, a name
 * that is too long or not ASCII
 */
export function makeEdid(options: EdidOptions): Uint8Array<ArrayBuffer> {
  const { width, height, refresh = 60, name = 'vfio-ts' } = options;
  checkOptions(width, height, refresh, name);
  const native = detailedTiming(width - (width % 8), height, refresh);
  const edid = new Uint8Array(EDID_LENGTH);
  for (const [at, ...bytes] of FIXED) edid.set(bytes, at);
  edid[0x15] = centimetres(native.width);
  edid[0x16] = centimetres(native.height);
  for (const [i, mode] of DMT.entries()) {
    const [at, bit] = ESTABLISHED[i] ?? [0, 0];
    const fits = mode.width <= native.width && mode.height <= native.height;
    if (fits) edid[at] = (edid[at] ?? 0) | bit;
  }
  edid.fill(0x01, STANDARD_TIMINGS, DESCRIPTORS);
  edid.set(encodeTiming(native), DESCRIPTORS);
  edid.set(textDescriptor(0xfc, name), DESCRIPTORS + DESCRIPTOR_LENGTH);
  edid.set(rangeLimits(native), DESCRIPTORS + 2 * DESCRIPTOR_LENGTH);
  edid.set([0x00, 0x00, 0x00, 0x10], DESCRIPTORS + 3 * DESCRIPTOR_LENGTH);
  edid[CHECKSUM] = -edid.reduce((sum, byte) => sum + byte, 0);
  return edid;
}

/** Whether a block is one that a guest will take: header, version and checksum. */
export function isEdid(block: Uint8Array): boolean {
  const [, ...header] = FIXED[0];
  if (block.length !== EDID_LENGTH || header.some((byte, i) => block[i] !== byte)) return false;
  return block.reduce((sum, byte) => sum + byte, 0) % 256 === 0;
}

/**
 * The mode of a size: of DMT where there is one for 60 Hz, otherwise CVT with reduced blanking; slower where one link
 * of DVI would not carry it.
 */
export function detailedTiming(width: number, height: number, refresh: number): DetailedTiming {
  const known = DMT.find((mode) => mode.width === width && mode.height === height);
  if (known !== undefined && refresh === 60) return known;
  let hz = refresh;
  let mode = reducedBlanking(width, height, hz);
  while (mode.clock > MOST_CLOCK && hz > LEAST_REFRESH) {
    hz--;
    mode = reducedBlanking(width, height, hz);
  }
  return mode;
}

/** CVT 1.2, section 3.4.2, of version 1. */
function reducedBlanking(width: number, height: number, refresh: number): DetailedTiming {
  const line = (1 / refresh - LEAST_VERTICAL_BLANK) / height;
  const sync = verticalSync(width, height);
  const wanted = Math.floor(LEAST_VERTICAL_BLANK / line) + 1;
  const blank = Math.max(wanted, RB_VERTICAL_FRONT + sync + RB_LEAST_BACK_PORCH);
  const pixels = (width + RB_HORIZONTAL_BLANK) * (height + blank);
  const clock = Math.floor((refresh * pixels) / 1000 / CLOCK_STEP) * CLOCK_STEP;
  return timing(
    clock,
    [width, 48, 32, RB_HORIZONTAL_BLANK, true],
    [height, RB_VERTICAL_FRONT, sync, blank, false],
  );
}

function verticalSync(width: number, height: number): number {
  for (const [aspect, sync] of SYNC_OF_ASPECT) {
    if (8 * Math.floor((height * aspect) / 8) === width) return sync;
  }
  return SYNC_OF_OTHERS;
}

type Direction = readonly [
  active: number,
  front: number,
  sync: number,
  blank: number,
  isPositive: boolean,
];

function timing(clock: number, horizontal: Direction, vertical: Direction): DetailedTiming {
  const [width, horizontalFront, horizontalSync, horizontalBlank, isHorizontalPositive] =
    horizontal;
  const [height, verticalFront, sync, verticalBlank, isVerticalPositive] = vertical;
  return {
    clock,
    width,
    horizontalFront,
    horizontalSync,
    horizontalBlank,
    height,
    verticalFront,
    verticalSync: sync,
    verticalBlank,
    isHorizontalPositive,
    isVerticalPositive,
  };
}

/** Section 3.10.2. */
function encodeTiming(mode: DetailedTiming): readonly number[] {
  const { width, height, horizontalBlank, verticalBlank } = mode;
  const { horizontalFront, horizontalSync, verticalFront, verticalSync: sync } = mode;
  const clock = mode.clock / 10;
  const wide = Math.min(MOST_SIZE, Math.round(width * PIXEL_PITCH));
  const tall = Math.min(MOST_SIZE, Math.round(height * PIXEL_PITCH));
  const polarity = (mode.isHorizontalPositive ? 2 : 0) | (mode.isVerticalPositive ? 4 : 0);
  return [
    clock & 0xff,
    clock >>> 8,
    width & 0xff,
    horizontalBlank & 0xff,
    ((width >>> 8) << 4) | (horizontalBlank >>> 8),
    height & 0xff,
    verticalBlank & 0xff,
    ((height >>> 8) << 4) | (verticalBlank >>> 8),
    horizontalFront & 0xff,
    horizontalSync & 0xff,
    ((verticalFront & 0xf) << 4) | (sync & 0xf),
    ((horizontalFront >>> 8) << 6) | ((horizontalSync >>> 8) << 4),
    wide & 0xff,
    tall & 0xff,
    ((wide >>> 8) << 4) | (tall >>> 8),
    0,
    0,
    0x18 | polarity,
  ];
}

/** Section 3.10.3.1. */
function textDescriptor(tag: number, text: string): readonly number[] {
  const bytes = Array.from(text, (letter) => letter.charCodeAt(0));
  const ended = [...bytes, 0x0a, ...Array.from({ length: 13 }, () => 0x20)].slice(0, 13);
  return [0, 0, 0, tag, 0, ...ended];
}

/** Section 3.10.3.3; wide enough for the native mode and the established ones. */
function rangeLimits(mode: DetailedTiming): readonly number[] {
  const rows = mode.height + mode.verticalBlank;
  const kilohertz = mode.clock / (mode.width + mode.horizontalBlank);
  const hertz = (kilohertz * 1000) / rows;
  const slowest = Math.min(56, Math.floor(hertz));
  const fastest = Math.max(75, Math.ceil(hertz));
  const least = Math.max(1, Math.min(30, Math.floor(kilohertz)));
  const most = Math.min(255, Math.max(81, Math.ceil(kilohertz)));
  const clock = Math.ceil(Math.max(mode.clock, 80_000) / 10_000);
  const unused = [0x0a, 0x20, 0x20, 0x20, 0x20, 0x20, 0x20];
  return [0, 0, 0, 0xfd, 0, slowest, Math.min(255, fastest), least, most, clock, 0x01, ...unused];
}

/** Three letters in five bits each. */
function vendor(letters: string): readonly [number, number] {
  let packed = 0;
  for (const letter of letters) packed = (packed << 5) | (letter.charCodeAt(0) - 0x40);
  return [packed >>> 8, packed & 0xff];
}

function centimetres(pixels: number): number {
  return Math.min(255, Math.round((pixels * PIXEL_PITCH) / 10));
}

function checkOptions(width: number, height: number, refresh: number, name: string): void {
  for (const size of [width, height]) {
    if (!Number.isInteger(size) || size < 8 || size > MOST_SIZE) {
      throw new VfioError('EINVAL', 'makeEdid', `no mode of ${width} by ${height}`);
    }
  }
  if (!(refresh >= LEAST_REFRESH && refresh <= 240)) {
    throw new VfioError('EINVAL', 'makeEdid', `no mode of ${refresh} Hz`);
  }
  if (!/^[\u0020-\u007e]{1,13}$/u.test(name)) {
    throw new VfioError('EINVAL', 'makeEdid', `name '${name}' is not 1 to 13 characters of ASCII`);
  }
}
