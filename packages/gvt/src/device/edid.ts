// The monitor's E-EDID: one block, version 1.3, without extensions (VESA E-EDID A2). Timings as in VESA DMT, and
// reduced blanking of VESA CVT 1.1 for what is larger.

import { VfioError } from '@vfio-ts/core';
import { Bytes, byteSum } from './bytes.ts';
import type { Resolution } from './types.ts';

/** Bytes of a block. */
export const EDID_SIZE = 128;

const HEADER = [0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00];
/** Primaries of sRGB. */
const CHROMATICITY = [0xee, 0x91, 0xa3, 0x54, 0x4c, 0x99, 0x26, 0x0f, 0x50, 0x54];
const GAMMA_2_2 = 120;
const DIGITAL_DFP = 0x81;
/** sRGB, and the first detailed timing is the preferred one. */
const FEATURES = 0x06;
const UNUSED_TIMING = 0x0101;
const DPI = 96;
const CM_PER_INCH = 2.54;
/** What a DVI link takes, kHz. */
const MAX_CLOCK = 165_000;

/** Blank, front porch and pulse of one direction, pixels or lines. */
type Sync = readonly [blank: number, front: number, pulse: number];

/** A mode's timing. */
interface Timing extends Resolution {
  /** kHz. */
  readonly clock: number;
  readonly h: Sync;
  readonly v: Sync;
  /** Both positive, both negative, or reduced blanking's. */
  readonly polarity: number;
}

const NEGATIVE = 0x18;
const POSITIVE = 0x1e;
const REDUCED = 0x1a;

const DMT: readonly Timing[] = [
  timing(640, 480, 25_175, { h: [160, 16, 96], v: [45, 10, 2], polarity: NEGATIVE }),
  timing(800, 600, 40_000, { h: [256, 40, 128], v: [28, 1, 4], polarity: POSITIVE }),
  timing(1024, 768, 65_000, { h: [320, 24, 136], v: [38, 3, 6], polarity: NEGATIVE }),
];

/** Bits of the established timings at 60 Hz. */
const ESTABLISHED: readonly (readonly [Resolution, number, number])[] = [
  [{ width: 640, height: 480 }, 0, 0x20],
  [{ width: 800, height: 600 }, 0, 0x01],
  [{ width: 1024, height: 768 }, 1, 0x08],
];

/** Standard timings at 60 Hz, with their codes. */
const STANDARD: readonly (readonly [Resolution, number])[] = [
  [{ width: 1280, height: 720 }, 0xc081],
  [{ width: 1280, height: 800 }, 0x0081],
  [{ width: 1280, height: 1024 }, 0x8081],
  [{ width: 1440, height: 900 }, 0x0095],
  [{ width: 1680, height: 1050 }, 0x00b3],
  [{ width: 1920, height: 1080 }, 0xc0d1],
  [{ width: 1920, height: 1200 }, 0x00d1],
];
const STANDARD_COUNT = 8;

/**
 * Builds the block of a monitor that prefers `resolution` at 60 Hz and takes the usual smaller ones too.
 *
 * @throws VfioError `EINVAL` not from 640x480 up, no multiple of 8 pixels, or more than one DVI link takes
 */
export function monitorEdid(resolution: Resolution): Uint8Array {
  const preferred = timingOf(resolution);
  const smaller = ({ width, height }: Resolution): boolean =>
    width <= resolution.width && height <= resolution.height;
  const bytes = new Bytes(EDID_SIZE)
    .put(0, HEADER)
    .put(8, vendor('VTS'))
    .set16(10, 1)
    .set8(17, 2026 - 1990)
    .put(18, [1, 3, DIGITAL_DFP])
    .put(21, [centimetres(resolution.width), centimetres(resolution.height), GAMMA_2_2, FEATURES])
    .put(25, CHROMATICITY);
  const established = [0, 0, 0];
  for (const [mode, at, bit] of ESTABLISHED) {
    if (smaller(mode)) established[at] = (established[at] ?? 0) | bit;
  }
  bytes.put(35, established);
  const codes = STANDARD.filter(([mode]) => smaller(mode)).map(([, code]) => code);
  for (let i = 0; i < STANDARD_COUNT; i++) bytes.set16(38 + 2 * i, codes[i] ?? UNUSED_TIMING);
  return bytes
    .put(54, detailedTiming(preferred))
    .put(72, descriptor(0xfc, 'vfio-ts vGPU\n'))
    .put(90, descriptor(0x10, ''))
    .put(108, descriptor(0x10, ''))
    .checksum(EDID_SIZE - 1, 0, EDID_SIZE).bytes;
}

/** Whether a block is one that a driver takes: header, version 1 and sum. Counterpart of `drm_edid_block_valid()`. */
export function isEdidBlock(block: Uint8Array): boolean {
  return (
    block.length === EDID_SIZE &&
    HEADER.every((byte, i) => block[i] === byte) &&
    block[18] === 1 &&
    byteSum(block) === 0
  );
}

function timing(
  width: number,
  height: number,
  clock: number,
  rest: Pick<Timing, 'h' | 'v' | 'polarity'>,
): Timing {
  return { width, height, clock, ...rest };
}

function timingOf({ width, height }: Resolution): Timing {
  const known = DMT.find((mode) => mode.width === width && mode.height === height);
  if (known !== undefined) return known;
  const isPossible = Number.isInteger(height) && width % 8 === 0 && width >= 640 && height >= 480;
  const computed = isPossible ? reducedBlanking({ width, height }) : undefined;
  if (computed === undefined || computed.clock > MAX_CLOCK) {
    throw new VfioError('EINVAL', 'monitorEdid', `${width}x${height} is no mode of a DVI monitor`);
  }
  return computed;
}

const FRAME_US = 1e6 / 60;
/** kHz. */
const CLOCK_STEP = 250;
const LEAST_BLANK_US = 460;
/** Lines. */
const FRONT_PORCH = 3;
const LEAST_BACK_PORCH = 6;

/** CVT 1.1, reduced blanking, 60 Hz. */
function reducedBlanking({ width, height }: Resolution): Timing {
  const pulse = pulseOf({ width, height });
  const line = (FRAME_US - LEAST_BLANK_US) / height;
  const lines = Math.floor(LEAST_BLANK_US / line) + 1;
  const blank = Math.max(lines, FRONT_PORCH + pulse + LEAST_BACK_PORCH);
  const h: Sync = [160, 48, 32];
  const khz = (60 * (height + blank) * (width + h[0])) / 1000;
  const clock = Math.floor(khz / CLOCK_STEP) * CLOCK_STEP;
  return timing(width, height, clock, { h, v: [blank, FRONT_PORCH, pulse], polarity: REDUCED });
}

/** The width of the vertical pulse tells the aspect ratio. */
function pulseOf({ width, height }: Resolution): number {
  const ratios = [
    [4, 3, 4],
    [16, 9, 5],
    [16, 10, 6],
    [5, 4, 7],
    [15, 9, 7],
  ] as const;
  return ratios.find(([x, y]) => width * y === height * x)?.[2] ?? 10;
}

function detailedTiming({ width, height, clock, h, v, polarity }: Timing): Uint8Array {
  const [hBlank, hFront, hSync] = h;
  const [vBlank, vFront, vSync] = v;
  const [mmWide, mmHigh] = [centimetres(width) * 10, centimetres(height) * 10];
  return new Bytes(18)
    .set16(0, clock / 10)
    .put(2, [width, hBlank, ((width >> 8) << 4) | (hBlank >> 8)])
    .put(5, [height, vBlank, ((height >> 8) << 4) | (vBlank >> 8)])
    .put(8, [hFront, hSync, ((vFront & 15) << 4) | (vSync & 15)])
    .set8(11, ((hFront >> 8) << 6) | ((hSync >> 8) << 4) | ((vFront >> 4) << 2) | (vSync >> 4))
    .put(12, [mmWide, mmHigh, ((mmWide >> 8) << 4) | (mmHigh >> 8)])
    .set8(17, polarity).bytes;
}

function descriptor(tag: number, text: string): Uint8Array {
  return new Bytes(18).set8(3, tag).text(5, tag === 0xfc ? text.padEnd(13) : text).bytes;
}

/** Three letters of five bits, big endian. */
function vendor(letters: string): readonly [number, number] {
  let packed = 0;
  for (const letter of letters) packed = (packed << 5) | (letter.charCodeAt(0) - 64);
  return [packed >> 8, packed & 0xff];
}

function centimetres(pixels: number): number {
  return Math.min(255, Math.round((pixels / DPI) * CM_PER_INCH));
}
