// A vGPU whose guest is the test.

import { ManualClock } from '@vfio-ts/conformance/fakes';
import { VfioError } from '@vfio-ts/core';
import type { FailsafeReason, GpuShare, Monitor, VgpuHost } from '../../../src/gpu/gpu.ts';
import { monitorEdid } from '../../../src/device/edid.ts';
import { GpuScheduler } from '../../../src/gpu/execution/scheduler.ts';
import type { SoftGpuOptions } from '../../../src/gpu/soft-gpu.ts';
import { SoftVgpu } from '../../../src/gpu/soft-vgpu.ts';

const MIB = 1024 * 1024;

/** Bytes of the guest's memory. */
export const GUEST_MEMORY = 8 * MIB;

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
  readonly host: VgpuHost;
  readonly clock: ManualClock;
  readonly memory: Uint8Array;
  /** Interrupts since the last look. */
  readonly takeInterrupts: () => number;
  readonly failsafes: FailsafeReason[];
  readonly log: string[];
  readonly read: (offset: number) => number;
  readonly write: (offset: number, value: number) => void;
}

/** Makes a started vGPU. */
export function bench(options: Pick<SoftGpuOptions, 'pipes'> = {}, monitor: Monitor = XGA): Bench {
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
  const { pipes = 1 } = options;
  const scheduler = new GpuScheduler();
  const vgpu = new SoftVgpu({ share: SHARE, monitor, host, pipes, scheduler });
  vgpu.start();
  return {
    vgpu,
    host,
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

/** Registers of pipe A. */
export const REG = {
  IIR: 0x4_4408,
  FRMCOUNT: 0x7_0040,
  FLIPCOUNT: 0x7_0044,
  DSL: 0x7_0000,
  CONF: 0x7_0008,
  CURCNTR: 0x7_0080,
  CURBASE: 0x7_0084,
  CURPOS: 0x7_0088,
  CUR_FBC: 0x7_00a0,
  PLANE_CTL: 0x7_0180,
  PLANE_STRIDE: 0x7_0188,
  PLANE_POS: 0x7_018c,
  PLANE_SIZE: 0x7_0190,
  PLANE_SURF: 0x7_019c,
  PLANE_OFFSET: 0x7_01a4,
  PLANE_SURFLIVE: 0x7_01ac,
} as const;

/** Milliseconds of a frame of {@link setMode}. */
export const FRAME = (1344 * 806) / 65_000;

/** DPLL 1 makes 65 MHz for port B: 9100 MHz through dividers 2, 7, 2 and 5. */
export function setClock({ write }: Bench): void {
  write(0x6_c040, (0x8000_0000 | (5461 << 9) | 379) >>> 0);
  write(0x6_c044, (7 << 8) | (1 << 7) | (1 << 5) | (1 << 2));
  write(0x6_c058, 1 << 11);
  write(0x6_c05c, (1 << 3) | (1 << 4));
}

/** A pipe runs at 1024 by 768, as i915 programs it. */
export function setMode(made: Bench, pipe = 0): void {
  const at = pipe * 0x1000;
  setClock(made);
  made.write(0x6_0000 + at, (1343 << 16) | 1023);
  made.write(0x6_000c + at, (805 << 16) | 767);
  made.write(0x6_0010 + at, (805 << 16) | 767);
  made.write(0x6_001c + at, (1023 << 16) | 767);
  made.write(0x6_0400 + at, 0x9100_0000);
  made.write(REG.CONF + at, 0x8000_0000);
}

/** The pipe shows pictures of this size; the beam stays as it is. */
export function setSize({ write }: Bench, width: number, height: number): void {
  write(0x6_001c, ((width - 1) << 16) | (height - 1));
}

/** Plane 1 of pipe A. */
export interface PlaneSetting {
  readonly control?: number;
  readonly width: number;
  readonly height: number;
  readonly stride: number;
  readonly address?: number;
  readonly x?: number;
  readonly y?: number;
  readonly offset?: number;
  readonly plane?: number;
}

/** Graphics address that tests draw at, and where it is in the guest's memory. */
export const SURFACE = 0x1000_0000;
export const PHYSICAL = 0x10_0000;

/** Sets a plane; it takes effect with the next frame. */
export function setPlane({ write }: Bench, setting: PlaneSetting): void {
  const { control = 0x8400_0000, width, height, stride, x = 0, y = 0, offset = 0 } = setting;
  const at = (setting.plane ?? 0) * 0x100;
  write(REG.PLANE_CTL + at, control);
  write(REG.PLANE_STRIDE + at, stride);
  write(REG.PLANE_POS + at, (y << 16) | x);
  write(REG.PLANE_SIZE + at, ((height - 1) << 16) | (width - 1));
  write(REG.PLANE_OFFSET + at, offset);
  write(REG.PLANE_SURF + at, setting.address ?? SURFACE);
}

/** What is shown, XRGB8888 without X, row after row. */
export function picture({ vgpu }: Bench): number[][] {
  const screen = vgpu.screen();
  if (screen === undefined) return [];
  const bytes = new Uint8Array(screen.width * screen.height * 4);
  vgpu.draw(bytes);
  const pixels = [...new Uint32Array(bytes.buffer)].map((pixel) => pixel & 0xff_ffff);
  return Array.from({ length: screen.height }, (_, y) =>
    pixels.slice(y * screen.width, (y + 1) * screen.width),
  );
}

/** Planes that are on. */
export const ON = 0x8000_0000;
export const XRGB8888: number = ON + 0x0400_0000;

/** Graphics address of a cursor, and where it is in the guest's memory. */
export const CURSOR = 0x1080_0000;
export const CURSOR_PHYSICAL = 0x40_0000;

/** A running pipe of this size, with graphics memory for a surface and a cursor. */
export function scanning(width: number, height: number): Bench {
  const made = bench();
  setMode(made);
  setSize(made, width, height);
  mapGraphics(made, SURFACE, PHYSICAL, 64);
  mapGraphics(made, CURSOR, CURSOR_PHYSICAL, 64);
  return made;
}

/** The next vertical blank. */
export function frame({ clock }: Bench): void {
  clock.advance(FRAME);
}

/** A colour for each place. */
export function colour(x: number, y: number): number {
  return (x * 0x1_0003 + y * 0x2_0500 + 0x12_3456) & 0xff_ffff;
}

/** A picture of a function. */
export function grid(
  width: number,
  height: number,
  at: (x: number, y: number) => number,
): number[][] {
  return Array.from({ length: height }, (_, y) =>
    Array.from({ length: width }, (__, x) => at(x, y)),
  );
}

/** Fills pixels of 32 bits. @param place - bytes from the start of the surface */
export function fill(
  { memory }: Bench,
  [width, height]: readonly [number, number],
  place: (x: number, y: number) => number,
  at: (x: number, y: number) => number = colour,
): void {
  const view = new DataView(memory.buffer, PHYSICAL);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) view.setUint32(place(x, y), at(x, y), true);
  }
}
