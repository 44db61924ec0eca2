// A GPU that only writes down what is asked of it.

import { VfioError } from '@vfio-ts/core';
import type {
  Gpu,
  GpuCapacity,
  GpuShare,
  Monitor,
  Screen,
  VgpuCounters,
  VgpuHost,
  VirtualGpu,
} from '../../src/index.ts';

const MB = 2 ** 20;

/** Makes vGPUs that do nothing. */
export class FakeGpu implements Gpu {
  readonly capacity: GpuCapacity;
  readonly made: FakeVgpu[] = [];
  /** The next creation fails. */
  fails = false;

  constructor(capacity: Partial<GpuCapacity> = {}) {
    this.capacity = { aperture: 256 * MB, total: 4096 * MB, fences: 32, ...capacity };
  }

  /** Those that are not closed. */
  get alive(): readonly FakeVgpu[] {
    return this.made.filter(({ calls }) => !calls.includes('close'));
  }

  createVgpu(share: GpuShare, monitor: Monitor, host: VgpuHost): FakeVgpu {
    if (this.fails) throw new VfioError('EIO', 'createVgpu', 'made to fail');
    const vgpu = new FakeVgpu(share, monitor, host);
    this.made.push(vgpu);
    return vgpu;
  }
}

/** What one access of a vGPU was. */
export type Access = readonly [what: string, offset: number, length: number];

/** One vGPU of it: reads give the low byte of each offset. */
export class FakeVgpu implements VirtualGpu {
  readonly share: GpuShare;
  readonly host: VgpuHost;
  readonly monitors: Monitor[];
  readonly accesses: Access[] = [];
  readonly calls: string[] = [];
  readonly counters: VgpuCounters = {
    submissions: 0,
    commands: 0,
    busy: 0,
    interrupts: 0,
    faults: 0,
    refused: 0,
    draws: 0,
  };
  shows: Screen | undefined = undefined;
  /** Every byte of the picture. */
  colour = 0;
  /** Runs when a register is written. */
  onWrite: (offset: number, from: Uint8Array) => void = () => undefined;

  constructor(share: GpuShare, monitor: Monitor, host: VgpuHost) {
    this.share = share;
    this.host = host;
    this.monitors = [monitor];
  }

  readRegister(offset: number, into: Uint8Array): void {
    this.#read('readRegister', offset, into);
  }

  writeRegister(offset: number, from: Uint8Array): void {
    this.accesses.push(['writeRegister', offset, from.length]);
    this.onWrite(offset, from);
  }

  readGtt(offset: number, into: Uint8Array): void {
    this.#read('readGtt', offset, into);
  }

  writeGtt(offset: number, from: Uint8Array): void {
    this.accesses.push(['writeGtt', offset, from.length]);
  }

  readAperture(offset: number, into: Uint8Array): void {
    this.#read('readAperture', offset, into);
  }

  writeAperture(offset: number, from: Uint8Array): void {
    this.accesses.push(['writeAperture', offset, from.length]);
  }

  plug(monitor: Monitor): void {
    this.monitors.push(monitor);
  }

  screen(): Screen | undefined {
    return this.shows;
  }

  draw(into: Uint8Array): Screen | undefined {
    this.calls.push('draw');
    const { shows } = this;
    if (shows === undefined || shows.width * shows.height * 4 > into.length) return undefined;
    into.fill(this.colour, 0, shows.width * shows.height * 4);
    return shows;
  }

  reset(keepsTables: boolean): void {
    this.calls.push(keepsTables ? 'reset, tables kept' : 'reset');
  }

  start(): void {
    this.calls.push('start');
  }

  stop(): void {
    this.calls.push('stop');
  }

  close(): void {
    this.calls.push('close');
  }

  #read(what: string, offset: number, into: Uint8Array): void {
    this.accesses.push([what, offset, into.length]);
    for (let i = 0; i < into.length; i++) into[i] = (offset + i) & 0xff;
  }
}
