// The types of vGPU: how much of the GPU each gets. Counterpart of intel_vgpu_configs (gvt/kvmgt.c).

import type { MdevTypeDefinition } from '@vfio-ts/core';
import type { GpuCapacity } from '../gpu/gpu.ts';
import { HOST_APERTURE } from './resources.ts';

/** Bytes of a megabyte as all sizes here have it. */
const MB = 2 ** 20;

/** Pixels. */
export interface Resolution {
  readonly width: number;
  readonly height: number;
}

/** A type of vGPU. */
export interface GvtType extends MdevTypeDefinition {
  /** `GVTg_V5_4` for example; the type's directory is `i915-` and this. */
  readonly sysfsName: string;
  /** Bytes of low graphics memory, which the CPU reaches through BAR 2. */
  readonly lowGm: number;
  /** Bytes of high graphics memory. */
  readonly highGm: number;
  readonly fences: number;
  /** Share of the time when several vGPUs are busy, 1 to 16. */
  readonly weight: number;
  /** What the monitor prefers. */
  readonly resolution: Resolution;
}

const XGA: Resolution = { width: 1024, height: 768 };
const WUXGA: Resolution = { width: 1920, height: 1200 };

function gvtType(part: number, lowMb: number, highMb: number, resolution: Resolution): GvtType {
  return {
    sysfsName: `GVTg_V5_${part}`,
    lowGm: lowMb * MB,
    highGm: highMb * MB,
    fences: 4,
    weight: 16 / part,
    resolution,
  };
}

/** An eighth of a large GPU. */
export const GVT_V5_8: GvtType = gvtType(8, 64, 384, XGA);
/** A quarter. */
export const GVT_V5_4: GvtType = gvtType(4, 128, 512, WUXGA);
/** A half. */
export const GVT_V5_2: GvtType = gvtType(2, 256, 1024, WUXGA);
/** All that the host does not keep. */
export const GVT_V5_1: GvtType = gvtType(1, 512, 2048, WUXGA);

/** All types, smallest first. */
export const GVT_TYPES: readonly GvtType[] = [GVT_V5_8, GVT_V5_4, GVT_V5_2, GVT_V5_1];

/** The types that a GPU offers: those before the first whose low memory it does not have beside the host's. */
export function gvtTypesOf({ aperture }: GpuCapacity): readonly GvtType[] {
  const tooLarge = GVT_TYPES.findIndex(({ lowGm }) => lowGm > aperture - HOST_APERTURE);
  return tooLarge === -1 ? GVT_TYPES : GVT_TYPES.slice(0, tooLarge);
}

/** Text of the type's `description`. */
export function describeGvtType({ lowGm, highGm, fences, weight, resolution }: GvtType): string {
  return [
    `low_gm_size: ${lowGm / MB}MB`,
    `high_gm_size: ${highGm / MB}MB`,
    `fence: ${fences}`,
    `resolution: ${resolution.width}x${resolution.height}`,
    `weight: ${weight}`,
    '',
  ].join('\n');
}
