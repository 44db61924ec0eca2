// The types a user can create: how large the screen is.

import type { MdevTypeDefinition } from '@vfio-ts/core';
import { BYTES_PER_PIXEL } from './layout.ts';

/** A type of mdpy device. */
export interface MdpyType extends MdevTypeDefinition {
  /** `vga`, `xga` or `hd`; the type's directory is `mdpy-` and this. */
  readonly sysfsName: string;
  /** Pixels. */
  readonly width: number;
  /** Pixels. */
  readonly height: number;
}

/** 640x480 pixels in 2 MiB. */
export const MDPY_VGA: MdpyType = { sysfsName: 'vga', width: 640, height: 480 };
/** 1024x768 pixels in 4 MiB. */
export const MDPY_XGA: MdpyType = { sysfsName: 'xga', width: 1024, height: 768 };
/** 1920x1080 pixels in 8 MiB. */
export const MDPY_HD: MdpyType = { sysfsName: 'hd', width: 1920, height: 1080 };

/** All types, smallest first. */
export const MDPY_TYPES: readonly MdpyType[] = [MDPY_VGA, MDPY_XGA, MDPY_HD];

/** Bytes from one row to the next. */
export function mdpyStride({ width }: MdpyType): number {
  return width * BYTES_PER_PIXEL;
}

/** Bytes of the frame buffer: the pixels, rounded up to a power of two, as a BAR has to be. */
export function mdpyMemorySize(type: MdpyType): number {
  return 2 ** Math.ceil(Math.log2(mdpyStride(type) * type.height));
}
