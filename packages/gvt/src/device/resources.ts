// What of a GPU is whose: the host keeps a part, vGPUs get the rest. Counterpart of gvt/aperture_gm.c.

import { VfioError, type Logger } from '@vfio-ts/core';
import type { GpuCapacity, GpuShare, GraphicsRange } from '../gpu/gpu.ts';
import { Ranges } from './ranges.ts';

/** Low graphics memory that the host keeps, bytes. */
export const HOST_APERTURE = 0x800_0000;
/** High graphics memory that the host keeps, bytes. */
export const HOST_HIGH_GM = 0x1800_0000;
/** Fences that the host keeps. */
export const HOST_FENCES = 4;
/** Ids of vGPUs go from 1 to this. */
export const MAX_VGPU_ID = 7;

/** Bytes of low memory that a guest is told of as mappable, unless it is to be told of all. */
export const MAPPABLE_WINDOW = 0x20_0000;

/** What one vGPU wants. */
export interface ResourceWish {
  /** Bytes. */
  readonly lowGm: number;
  /** Bytes. */
  readonly highGm: number;
  readonly fences: number;
  readonly weight: number;
}

/**
 * How much of its low memory a guest is told of. A guest keeps frame buffers out of a window that they do not fit,
 * and writes them in its own memory; where it is told of everything each pixel is a trapped write to BAR 2.
 */
export type MappablePolicy = 'window' | 'full';

/** Resources of one vGPU, until they are given back. */
export interface VgpuResources {
  readonly share: GpuShare;
  /** Gives everything back. A second call does nothing. */
  release(): void;
}

/** The resources of one GPU. */
export class GpuResources {
  readonly #capacity: GpuCapacity;
  readonly #logger: Logger | undefined;
  readonly #ids = new Set<number>();
  readonly #low: Ranges;
  readonly #high: Ranges;
  #fences: number;

  /** @param logger - where it is said what a vGPU could not get */
  constructor(capacity: GpuCapacity, logger?: Logger) {
    const { aperture, total, fences } = capacity;
    this.#capacity = capacity;
    this.#logger = logger;
    // The host's own part is the first of each.
    this.#low = new Ranges(behind({ base: 0, size: aperture }, HOST_APERTURE));
    this.#high = new Ranges(behind({ base: aperture, size: total - aperture }, HOST_HIGH_GM));
    this.#fences = Math.max(0, fences - HOST_FENCES);
  }

  /** How many more vGPUs of that wish the sums allow. Counterpart of `intel_vgpu_get_available()`. */
  available({ lowGm, highGm, fences }: ResourceWish): number {
    return Math.floor(
      Math.min(this.#low.free / lowGm, this.#high.free / highGm, this.#fences / fences),
    );
  }

  /**
   * Takes what one vGPU wants, all of it or nothing.
   *
   * @throws VfioError `ENOSPC` no id, too little memory in one piece or too few fences are left; `EINVAL` a wish for
   * nothing
   */
  take({ lowGm, highGm, fences, weight }: ResourceWish, mappable: MappablePolicy): VgpuResources {
    using undo = new DisposableStack();
    const id = this.#takeId();
    undo.defer(() => this.#ids.delete(id));
    if (lowGm === 0 || highGm === 0 || fences === 0) {
      throw new VfioError('EINVAL', 'createVgpu', 'a vGPU needs low and high memory and fences');
    }
    const aperture = this.#takeRange('low graphics memory', this.#low, lowGm);
    undo.defer(() => this.#low.give(aperture));
    const hidden = this.#takeRange('high graphics memory', this.#high, highGm);
    undo.defer(() => this.#high.give(hidden));
    if (fences > this.#fences) throw this.#noSpace('fences', this.#fences, fences);
    this.#fences -= fences;
    undo.defer(() => {
      this.#fences += fences;
    });
    const taken = undo.move();
    const share: GpuShare = {
      id,
      aperture,
      hidden,
      mappable: mappable === 'full' ? aperture : windowOf(aperture),
      unmappable: hidden,
      fences,
      weight,
    };
    return { share, release: () => taken.dispose() };
  }

  #takeId(): number {
    for (let id = 1; id <= MAX_VGPU_ID; id++) {
      if (this.#ids.has(id)) continue;
      this.#ids.add(id);
      return id;
    }
    throw new VfioError('ENOSPC', 'createVgpu', `there are ${MAX_VGPU_ID} vGPUs`);
  }

  #takeRange(kind: string, ranges: Ranges, size: number): GraphicsRange {
    const { free } = ranges;
    const range = ranges.take(size);
    if (range === undefined) throw this.#noSpace(kind, megabytes(free), megabytes(size));
    return range;
  }

  #noSpace(kind: string, free: number | string, wanted: number | string): VfioError {
    const { aperture } = this.#capacity;
    const fact = `${kind}: ${free} of ${wanted} are left, aperture ${megabytes(aperture)}`;
    this.#logger?.log('warn', 'gvt', () => `cannot allocate ${fact}`);
    return new VfioError('ENOSPC', 'createVgpu', fact);
  }
}

function behind({ base, size }: GraphicsRange, kept: number): GraphicsRange {
  return { base: base + kept, size: Math.max(0, size - kept) };
}

function windowOf({ base, size }: GraphicsRange): GraphicsRange {
  return { base, size: Math.min(size, MAPPABLE_WINDOW) };
}

function megabytes(bytes: number): string {
  return `${Math.floor(bytes / 2 ** 20)} MB`;
}
