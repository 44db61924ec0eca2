// The line between the mediation and the GPU below it: the mediation shares a GPU out and presents each share as a
// PCI device, the GPU executes what a guest submits. Another model can stand behind these interfaces.

import type { Clock, LogLevel } from '@vfio-ts/core';

/** A range of the graphics address space, bytes. */
export interface GraphicsRange {
  readonly base: number;
  readonly size: number;
}

/** What a GPU has to share out. */
export interface GpuCapacity {
  /** Bytes of graphics memory that the CPU can reach through BAR 2. */
  readonly aperture: number;
  /** Bytes of the whole graphics address space. */
  readonly total: number;
  /** Fence registers. */
  readonly fences: number;
}

/** One vGPU's part of the GPU. */
export interface GpuShare {
  /** 1 and up. */
  readonly id: number;
  /** Low graphics memory. */
  readonly aperture: GraphicsRange;
  /** High graphics memory. */
  readonly hidden: GraphicsRange;
  /** What the guest is told of as mappable; inside the aperture's share. */
  readonly mappable: GraphicsRange;
  /** What the guest is told of as not mappable. */
  readonly unmappable: GraphicsRange;
  readonly fences: number;
  /** Share of the time when several are busy, 1 to 16. */
  readonly weight: number;
}

/** The guest's memory as its GPU sees it, by guest physical address. */
export interface GuestMemory {
  /** Fills `into`. @throws VfioError `EFAULT`, `EINVAL` not memory of the guest; `EPERM` not readable */
  read(address: number, into: Uint8Array): void;
  /** Opposite direction of {@link GuestMemory.read}. @throws VfioError as it, `EPERM` not writable */
  write(address: number, from: Uint8Array): void;
  /**
   * The bytes themselves, where they are mapped in one piece. Valid until control returns to the loop, not longer.
   *
   * @returns `undefined` where there is no such piece; `read` and `write` then say why, or do it
   */
  view(address: number, length: number): Uint8Array | undefined;
}

/** Memory of the table of the graphics address space, of which the guest has a part mapped. */
export interface SharedTable {
  /** All of it, 8 MiB at a multiple of eight. To be asked for again whenever control comes from the loop. */
  readonly bytes: Uint8Array;
  /** Graphics addresses whose entries the guest changes without a message: at any moment, even while a batch runs. */
  readonly range: GraphicsRange;
}

/** Why a vGPU stops to do work for its guest. Counterpart of `enum failsafe_mode`'s reasons. */
export type FailsafeReason = 'unsupported guest' | 'insufficient resource' | 'guest error';

/** What a vGPU needs from where it is used. */
export interface VgpuHost {
  readonly memory: GuestMemory;
  /** The table's memory where some of it is shared; that of the GPU itself when left out. */
  readonly table?: SharedTable;
  /** Frames, time stamps, and the slices of execution: `after(0, …)` is the next turn of the loop. */
  readonly clock: Clock;
  log(level: LogLevel, message: () => string): void;
  /** Sends the only interrupt. */
  interrupt(): void;
  /** The guest's display driver has said whether it is ready. */
  displayReady(isReady: boolean): void;
  /** From now on registers are plain storage and nothing is executed; told once for each reset. */
  failsafe(reason: FailsafeReason): void;
}

/** What a vGPU's only monitor is, as the guest learns it over GMBUS. */
export interface Monitor {
  /** One block of E-EDID, 128 bytes. */
  readonly edid: Uint8Array;
  readonly isConnected: boolean;
}

/** What a vGPU shows. */
export interface Screen {
  /** Pixels. */
  readonly width: number;
  /** Pixels. */
  readonly height: number;
}

/** Figures of a vGPU since it was made. */
export interface VgpuCounters {
  readonly submissions: number;
  readonly commands: number;
  /** Milliseconds of execution. */
  readonly busy: number;
  readonly interrupts: number;
  /** Addresses of the guest that no table or no memory stands for. */
  readonly faults: number;
  /** Privileged register writes from batches that were refused. */
  readonly refused: number;
  /** Draws that ended without a picture: there are no shaders. */
  readonly draws: number;
}

/** Which engines a reset is for; bits as of GDRST. */
export type EngineMask = number;

/**
 * One vGPU: registers, tables and engines of its own.
 *
 * Offsets and lengths are checked by the caller: inside the register space of 2 MiB, the table of 8 MiB, the share of
 * the aperture; an access is naturally aligned and of 1, 2, 4 or 8 bytes, 8 in tables and PVINFO only.
 */
export interface VirtualGpu {
  /** @param offset - bytes from the start of BAR 0, below 2 MiB */
  readRegister(offset: number, into: Uint8Array): void;
  writeRegister(offset: number, from: Uint8Array): void;
  /** Entries by message. @param offset - bytes from the start of the table (BAR 0 + 8 MiB) */
  readGtt(offset: number, into: Uint8Array): void;
  writeGtt(offset: number, from: Uint8Array): void;
  /** Graphics memory through its table and fences; any length. @param offset - graphics address */
  readAperture(offset: number, into: Uint8Array): void;
  writeAperture(offset: number, from: Uint8Array): void;
  /** The monitor is plugged, unplugged or another one; tells the guest by hot plug. */
  plug(monitor: Monitor): void;
  /** What the guest's mode shows now; `undefined` while pipe or plane is off. */
  screen(): Screen | undefined;
  /**
   * Draws what is shown, cursor included, as XRGB8888 rows of `width * 4` bytes.
   *
   * @param into - `width * height * 4` bytes of {@link VirtualGpu.screen} at least
   * @returns the screen that was drawn; `undefined` when there is none or it does not fit
   */
  draw(into: Uint8Array): Screen | undefined;
  /**
   * Device-level reset as of VFIO: everything but the monitor.
   *
   * @param keepsTables - page tables survive: the guest came from D3
   */
  reset(keepsTables: boolean): void;
  /** Power and clock of the guest: nothing runs and no frame comes while it is stopped. */
  start(): void;
  /** Opposite of {@link VirtualGpu.start}; no guest memory is used after it. */
  stop(): void;
  readonly counters: VgpuCounters;
  /** Stops, and forgets everything. */
  close(): void;
}

/** A GPU. */
export interface Gpu {
  readonly capacity: GpuCapacity;
  /** @throws VfioError `EINVAL` a share that is not inside the capacity, a table of another size */
  createVgpu(share: GpuShare, monitor: Monitor, host: VgpuHost): VirtualGpu;
}
