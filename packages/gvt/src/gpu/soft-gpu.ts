// A Gen9 GPU of no hardware: it has nothing in common between vGPUs but the time they execute in.

import { VfioError } from '@vfio-ts/core';
import { GpuScheduler } from './execution/scheduler.ts';
import type {
  Gpu,
  GpuCapacity,
  GpuShare,
  GraphicsRange,
  Monitor,
  SharedTable,
  VgpuHost,
  VirtualGpu,
} from './gpu.ts';
import { TABLE_SIZE } from './memory/ggtt.ts';
import { MOST_PIPES } from './registers/fuses.ts';
import { SoftVgpu } from './soft-vgpu.ts';

/** What a software GPU is like. */
export interface SoftGpuOptions {
  /** Bytes of the aperture, a power of two from 128 MiB to 1 GiB; 256 MiB when left out. */
  readonly aperture?: number;
  /** Pipes of each vGPU's display, 0 (no display) to 3; 1 when left out. */
  readonly pipes?: number;
}

const MIB = 1024 * 1024;
const PAGE_SIZE = 4096;
const TOTAL = 4096 * MIB;
const FENCES = 32;
const MOST_WEIGHT = 16;

/** The software GPU. */
export class SoftGpu implements Gpu {
  readonly capacity: GpuCapacity;
  readonly #pipes: number;
  readonly #scheduler = new GpuScheduler();

  /** @throws VfioError `EINVAL` an aperture or a number of pipes that there cannot be */
  constructor(options: SoftGpuOptions = {}) {
    const { aperture = 256 * MIB, pipes = 1 } = options;
    if (![128, 256, 512, 1024].includes(aperture / MIB)) {
      throw new VfioError('EINVAL', 'SoftGpu', `no aperture of ${aperture} bytes`);
    }
    if (!Number.isInteger(pipes) || pipes < 0 || pipes > MOST_PIPES) {
      throw new VfioError('EINVAL', 'SoftGpu', `no display of ${pipes} pipes`);
    }
    this.capacity = { aperture, total: TOTAL, fences: FENCES };
    this.#pipes = pipes;
  }

  createVgpu(share: GpuShare, monitor: Monitor, host: VgpuHost): VirtualGpu {
    checkShare(share, this.capacity);
    checkTable(host.table);
    return new SoftVgpu({ share, monitor, host, pipes: this.#pipes, scheduler: this.#scheduler });
  }
}

function checkShare(share: GpuShare, capacity: GpuCapacity): void {
  const { aperture, hidden, mappable, unmappable, fences, weight, id } = share;
  const low = { base: 0, size: capacity.aperture };
  const high = { base: capacity.aperture, size: capacity.total - capacity.aperture };
  check(isInside(aperture, low) && isInside(mappable, aperture), 'low memory', aperture);
  check(isInside(hidden, high), 'high memory', hidden);
  check(isInside(unmappable, { base: 0, size: capacity.total }), 'unmappable memory', unmappable);
  check(isCount(fences, capacity.fences), 'fences', fences);
  check(isCount(weight, MOST_WEIGHT), 'weight', weight);
  check(isCount(id, Number.MAX_SAFE_INTEGER), 'id', id);
}

function checkTable(table: SharedTable | undefined): void {
  if (table === undefined) return;
  const { length, byteOffset } = table.bytes;
  if (length === TABLE_SIZE && byteOffset % 8 === 0) return;
  const where = `0x${length.toString(16)} bytes at 0x${byteOffset.toString(16)}`;
  throw new VfioError('EINVAL', 'createVgpu', `a table of ${where}`);
}

function check(isGood: boolean, what: string, value: number | GraphicsRange): void {
  if (isGood) return;
  const text =
    typeof value === 'number'
      ? String(value)
      : `0x${value.base.toString(16)}+0x${value.size.toString(16)}`;
  throw new VfioError('EINVAL', 'createVgpu', `${what} of ${text} is not the GPU's to share`);
}

function isCount(value: number, most: number): boolean {
  return Number.isInteger(value) && value >= 1 && value <= most;
}

function isInside(range: GraphicsRange, outer: GraphicsRange): boolean {
  const isAligned =
    Number.isInteger(range.base / PAGE_SIZE) && Number.isInteger(range.size / PAGE_SIZE);
  if (!isAligned || range.size <= 0 || range.base < outer.base) return false;
  return range.base + range.size <= outer.base + outer.size;
}
