// A vGPU whose guest is the test.

import { ManualClock } from '@vfio-ts/conformance/fakes';
import { VfioError } from '@vfio-ts/core';
import type { FailsafeReason, GpuShare, Monitor, VgpuHost } from '../../../src/gpu/gpu.ts';
import { monitorEdid } from '../../../src/device/edid.ts';
import { SoftGpu, type SoftGpuOptions } from '../../../src/gpu/soft-gpu.ts';
import type { SoftVgpu } from '../../../src/gpu/soft-vgpu.ts';

const MIB = 1024 * 1024;

/** Bytes of the guest's memory. */
export const GUEST_MEMORY = 32 * MIB;

export const SHARE: GpuShare = {
  id: 1,
  aperture: { base: 0, size: 128 * MIB },
  hidden: { base: 256 * MIB, size: 512 * MIB },
  mappable: { base: 0, size: 2 * MIB },
  unmappable: { base: 256 * MIB, size: 512 * MIB },
  fences: 4,
  weight: 4,
};

export const XGA: Monitor = { edid: monitorEdid({ width: 1024, height: 768 }), isConnected: true };

/** A vGPU, its guest's memory, and what it has told. */
export interface Bench {
  readonly vgpu: SoftVgpu;
  readonly clock: ManualClock;
  readonly memory: Uint8Array;
  /** Interrupts since the last look. */
  takeInterrupts(): number;
  readonly failsafes: FailsafeReason[];
  readonly log: string[];
  read(offset: number): number;
  write(offset: number, value: number): void;
}

/** Makes a started vGPU. */
export function bench(options: SoftGpuOptions = {}, monitor: Monitor = XGA): Bench {
  const clock = new ManualClock();
  const memory = new Uint8Array(GUEST_MEMORY);
  const failsafes: FailsafeReason[] = [];
  const log: string[] = [];
  let interrupts = 0;
  const host: VgpuHost = {
    clock,
    memory: {
      read: (address, into) => into.set(piece(memory, address, into.length)),
      write: (address, from) => piece(memory, address, from.length).set(from),
      view: (address, length) =>
        address + length <= memory.length ? memory.subarray(address, address + length) : undefined,
    },
    log: (_, message) => void log.push(message()),
    interrupt: () => void interrupts++,
    displayReady: () => undefined,
    failsafe: (reason) => void failsafes.push(reason),
  };
  const vgpu = new SoftGpu(options).createVgpu(SHARE, monitor, host);
  vgpu.start();
  return {
    vgpu,
    clock,
    memory,
    failsafes,
    log,
    takeInterrupts() {
      const taken = interrupts;
      interrupts = 0;
      return taken;
    },
    read(offset) {
      const bytes = new Uint8Array(4);
      vgpu.readRegister(offset, bytes);
      return new DataView(bytes.buffer).getUint32(0, true);
    },
    write(offset, value) {
      const bytes = new Uint8Array(4);
      new DataView(bytes.buffer).setUint32(0, value, true);
      vgpu.writeRegister(offset, bytes);
    },
  };
}

/** Maps `pages` of the guest's memory from `physical` on at a graphics address. */
export function mapGraphics(
  { vgpu }: Bench,
  address: number,
  physical: number,
  pages: number,
): void {
  const entry = new DataView(new ArrayBuffer(8));
  for (let i = 0; i < pages; i++) {
    entry.setUint32(0, (physical + i * 4096) | 1, true);
    vgpu.writeGtt((address / 4096 + i) * 8, new Uint8Array(entry.buffer));
  }
}

function piece(memory: Uint8Array, address: number, length: number): Uint8Array {
  if (address + length > memory.length) {
    throw new VfioError('EFAULT', 'memory', `no memory at 0x${address.toString(16)}`);
  }
  return memory.subarray(address, address + length);
}
