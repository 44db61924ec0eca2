// One vGPU of the software GPU: it puts the rooms together, and says in which order a reset goes through them.

import { Display } from './display/display.ts';
import { Execution } from './execution/execution.ts';
import type { GpuScheduler } from './execution/scheduler.ts';
import type {
  EngineMask,
  FailsafeReason,
  GpuShare,
  Monitor,
  Screen,
  VgpuCounters,
  VgpuHost,
  VirtualGpu,
} from './gpu.ts';
import { InterruptRouter } from './interrupts/router.ts';
import { limits } from './limits.ts';
import { Aperture } from './memory/aperture.ts';
import { Ggtt } from './memory/ggtt.ts';
import { PvInfo } from './pvinfo.ts';
import { GRDOM_FULL } from './registers/engines.ts';
import { gtControl } from './registers/gt-control.ts';
import { RegisterFile } from './registers/register-file.ts';

/** What a vGPU is made of. */
export interface SoftVgpuParts {
  readonly share: GpuShare;
  readonly monitor: Monitor;
  readonly host: VgpuHost;
  /** Pipes of the display, 0 to 3. */
  readonly pipes: number;
  /** Shares the time between the vGPUs of the GPU. */
  readonly scheduler: GpuScheduler;
}

/** One vGPU. Counterpart of `struct intel_vgpu` below its VFIO side. */
export class SoftVgpu implements VirtualGpu {
  readonly registers: RegisterFile = new RegisterFile();
  readonly #host: VgpuHost;
  readonly #interrupts: InterruptRouter;
  readonly #pvinfo: PvInfo;
  readonly #ggtt: Ggtt;
  readonly #aperture: Aperture;
  readonly #display: Display;
  readonly #execution: Execution;
  #faults = 0;
  #isFailsafe = false;

  constructor({ share, monitor, host, pipes, scheduler }: SoftVgpuParts) {
    const { registers } = this;
    const { clock, memory } = host;
    const failsafe = (reason: FailsafeReason): void => this.#failsafe(reason);
    this.#host = host;
    this.#interrupts = new InterruptRouter(registers, () => host.interrupt());
    this.#pvinfo = new PvInfo(share, {
      log: (level, message) => host.log(level, message),
      displayReady: (isReady) => host.displayReady(isReady),
      failsafe,
    });
    const faults = { fault: () => void this.#faults++ };
    this.#ggtt = new Ggtt(memory, faults, [share.aperture, share.hidden], host.table);
    this.#aperture = new Aperture(this.#ggtt, registers, share.fences);
    this.#display = new Display({
      registers,
      interrupts: this.#interrupts,
      memory: this.#ggtt,
      clock,
      pipes,
      monitor,
    });
    const parts = {
      registers,
      interrupts: this.#interrupts,
      ggtt: this.#ggtt,
      memory,
      faults,
      clock,
      share,
      log: host.log.bind(host),
      isNotified: () => this.#pvinfo.isNotified,
      failsafe,
    };
    this.#execution = new Execution(parts, scheduler);
    registers.add(
      this.#interrupts.family,
      this.#pvinfo.family,
      limits(share, { isNotified: () => this.#pvinfo.isNotified, failsafe }),
      ...gtControl({ clock, pipes, reset: (mask) => this.#resetEngines(mask) }),
      ...this.#display.families,
      ...this.#execution.families,
    );
  }

  get counters(): VgpuCounters {
    return {
      ...this.#execution.counters,
      interrupts: this.#interrupts.sent,
      faults: this.#faults,
    };
  }

  readRegister(offset: number, into: Uint8Array): void {
    this.registers.readBytes(offset, into);
  }

  writeRegister(offset: number, from: Uint8Array): void {
    this.registers.writeBytes(offset, from);
  }

  readGtt(offset: number, into: Uint8Array): void {
    this.#ggtt.readEntries(offset, into);
  }

  writeGtt(offset: number, from: Uint8Array): void {
    this.#ggtt.writeEntries(offset, from);
  }

  readAperture(offset: number, into: Uint8Array): void {
    this.#aperture.read(offset, into);
  }

  writeAperture(offset: number, from: Uint8Array): void {
    this.#aperture.write(offset, from);
  }

  plug(monitor: Monitor): void {
    this.#display.plug(monitor);
  }

  screen(): Screen | undefined {
    return this.#display.screen();
  }

  draw(into: Uint8Array): Screen | undefined {
    return this.#display.draw(into);
  }

  reset(keepsTables: boolean): void {
    this.#execution.reset(GRDOM_FULL);
    if (!keepsTables) {
      this.#ggtt.clear();
      this.#isFailsafe = false;
    }
    this.registers.reset('device');
    this.registers.isPlain = this.#isFailsafe;
    this.#interrupts.reset();
    this.#pvinfo.reset(keepsTables);
    this.#display.reset();
  }

  start(): void {
    this.#execution.start();
    this.#display.start();
  }

  stop(): void {
    this.#display.stop();
    this.#execution.stop();
  }

  close(): void {
    this.stop();
    this.#execution.reset(GRDOM_FULL);
  }

  #resetEngines(mask: EngineMask): void {
    if ((mask & GRDOM_FULL) !== 0) this.registers.reset('engines');
    this.#execution.reset(mask);
  }

  #failsafe(reason: FailsafeReason): void {
    if (this.#isFailsafe) return;
    this.#isFailsafe = true;
    this.registers.isPlain = true;
    this.#execution.reset(GRDOM_FULL);
    this.#host.failsafe(reason);
  }
}
