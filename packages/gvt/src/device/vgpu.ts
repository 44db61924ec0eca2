// One vGPU. Counterpart of struct intel_vgpu and of its life in gvt/vgpu.c.
//
// Concepts: it is *created* with resources of the GPU and gives them back at its release. While somebody has it open it
// is *active*: its engines run and its frames come. Everything that a guest does goes through `read` and `write`; what
// it submits runs afterwards, on the clock.

import {
  deviceKvm,
  type Clock,
  type GfxPlane,
  type KvmReference,
  type PciConfigSpace,
  type Timer,
  type VfioDevice,
} from '@vfio-ts/core';
import type { GpuShare, VgpuHost, VirtualGpu } from '../gpu/gpu.ts';
import { gvtConfigSpace } from './config-space.ts';
import { EdidRegion } from './edid-region.ts';
import { VgpuMemory } from './guest-memory.ts';
import { guardedClock, limitedLog, type WriteLine } from './guard.ts';
import type { IntelGvt } from './gvt.ts';
import { VgpuInterrupt } from './interrupt.ts';
import { VgpuPicture } from './picture.ts';
import { setUpRegions, VgpuRegions } from './regions.ts';
import type { VgpuResources } from './resources.ts';
import { answerSoftwareSci } from './swsci.ts';
import { gvtTable, type VgpuTable } from './table.ts';
import type { GvtType } from './types.ts';

/** What a vGPU has from its creation to its release. */
interface Created {
  readonly resources: VgpuResources;
  readonly gpu: VirtualGpu;
  readonly edid: EdidRegion;
  readonly picture: VgpuPicture;
  readonly regions: VgpuRegions;
}

/** One vGPU. */
export class IntelVgpu {
  readonly vdev: VfioDevice;
  readonly gvt: IntelGvt;
  readonly type: GvtType;
  readonly config: PciConfigSpace;
  readonly #interrupt: VgpuInterrupt;
  readonly #memory: VgpuMemory;
  readonly #log: WriteLine;
  readonly #clock: Clock;
  #created: Created | undefined = undefined;
  #isActive = false;
  #hasSlept = false;
  #hasFailed = false;
  #kvm: KvmReference | undefined = undefined;
  #waking: Timer | undefined = undefined;

  constructor(vdev: VfioDevice, gvt: IntelGvt, type: GvtType) {
    this.vdev = vdev;
    this.gvt = gvt;
    this.type = type;
    this.#memory = new VgpuMemory(vdev);
    const { clock, logger } = vdev.core;
    this.#clock = guardedClock(clock, (error) => this.#fail(error));
    this.#log = limitedLog(clock, (level, message) => logger.log(level, vdev.name, message));
    this.config = gvtConfigSpace(gvt.gpu.capacity, {
      sleep: () => {
        this.#hasSlept = true;
      },
      softwareSci: (asls) => answerSoftwareSci(this.#memory, asls, this.#log),
      softwareSmi: () => this.#log('debug', () => 'firmware request by SMI'),
    });
    this.#interrupt = new VgpuInterrupt(vdev, this.config);
  }

  /** What it has of the GPU. */
  get share(): GpuShare | undefined {
    return this.#created?.resources.share;
  }

  /** Its registers, tables and engines. */
  get gpu(): VirtualGpu | undefined {
    return this.#created?.gpu;
  }

  /** Engines run and frames come. */
  get isActive(): boolean {
    return this.#isActive;
  }

  /** The virtual machine that has it open, where that is known. */
  get kvm(): KvmReference | undefined {
    return this.#kvm;
  }

  /** Draws what it shows; `undefined` while nothing is shown, or nobody has it open. */
  plane(): GfxPlane | undefined {
    this.#wake();
    return this.#isActive ? this.#created?.picture.draw() : undefined;
  }

  /**
   * Takes resources, and makes the GPU's side of it. Counterpart of `intel_gvt_create_vgpu()`.
   *
   * @throws VfioError `ENOSPC` the GPU has not enough left; `EINVAL` the resolution; `ENOMEM`. Nothing is taken then.
   */
  create(): void {
    const { gvt, vdev, type } = this;
    using undo = new DisposableStack();
    const resources = gvt.resources.take(type, gvt.options.mappable ?? 'window');
    undo.defer(() => resources.release());
    const resolution = gvt.options.resolution ?? type.resolution;
    const edid = new EdidRegion(resolution, (monitor) => this.gpu?.plug(monitor));
    const table = gvtTable(vdev.core.memory, resources.share, gvt.options.table ?? 'mapped');
    undo.defer(() => table?.memory.close());
    const gpu = gvt.gpu.createVgpu(resources.share, edid.monitor, this.#host(table));
    undo.defer(() => gpu.close());
    const picture = new VgpuPicture(vdev, gpu);
    const regions = new VgpuRegions({ gpu, edid, config: this.config, share: resources.share });
    // Opposite of release(): what the table of regions owns goes with it.
    setUpRegions(vdev, gvt.gpu.capacity, { table, picture: picture.memory });
    undo.move();
    this.#created = { resources, gpu, edid, picture, regions };
    gvt.vgpus.add(this);
  }

  /** Opposite of {@link IntelVgpu.create}. Counterpart of `intel_gvt_destroy_vgpu()`. */
  destroy(): void {
    const created = this.#created;
    if (created === undefined) return;
    this.#created = undefined;
    this.gvt.vgpus.delete(this);
    created.gpu.close();
    created.resources.release();
  }

  /** First open. @throws VfioError `EEXIST` the virtual machine has another vGPU of this GPU open */
  open(): void {
    const kvm = deviceKvm(this.vdev);
    this.gvt.checkGuest(kvm);
    this.#kvm = kvm;
    this.#activate();
  }

  /** Last close: nothing of the guest's memory is used from here on. */
  close(): void {
    this.#deactivate();
    this.#kvm = undefined;
  }

  /** Reads as the guest and its user do. @throws VfioError as `VgpuRegions.read` */
  read(region: number, offset: number, into: Uint8Array): void {
    this.#wake();
    this.#interrupt.hold();
    try {
      this.#created?.regions.read(region, offset, into);
    } finally {
      this.#interrupt.letGo();
    }
  }

  /** Opposite direction of {@link IntelVgpu.read}. */
  write(region: number, offset: number, from: Uint8Array): void {
    this.#wake();
    this.#interrupt.hold();
    try {
      this.#created?.regions.write(region, offset, from);
    } finally {
      this.#interrupt.letGo();
    }
  }

  /**
   * Device-level reset: everything but the monitor, and but the page tables of a guest that comes from D3. Counterpart
   * of `intel_gvt_reset_vgpu()`.
   */
  reset(): void {
    const keepsTables = this.#hasSlept;
    this.#interrupt.cancel();
    this.gpu?.reset(keepsTables);
    this.config.reset();
    this.#hasSlept = false;
    if (!this.#hasFailed) return;
    this.#hasFailed = false;
    if (this.#isActive && this.#waking === undefined) this.#run();
  }

  /**
   * Brings it to rest while guest memory comes or goes: until the next access, or the next turn of the loop. The GPU
   * keeps nothing of guest memory over a turn, so that nothing has to be told of mappings that go.
   */
  quiesce(): void {
    if (!this.#isActive || this.#waking !== undefined) return;
    this.#rest();
    this.#waking = this.#clock.after(0, () => this.#wake());
  }

  /** Ends the rest. */
  #wake(): void {
    if (this.#waking === undefined) return;
    this.#waking.cancel();
    this.#waking = undefined;
    this.#run();
  }

  #activate(): void {
    this.#isActive = true;
    this.#run();
  }

  #deactivate(): void {
    this.#isActive = false;
    this.#waking?.cancel();
    this.#waking = undefined;
    this.#rest();
    this.#interrupt.cancel();
  }

  #run(): void {
    if (this.#hasFailed) return;
    this.#memory.isReachable = true;
    this.gpu?.start();
  }

  #rest(): void {
    this.gpu?.stop();
    this.#memory.isReachable = false;
  }

  #host(table: VgpuTable | undefined): VgpuHost {
    return {
      memory: this.#memory,
      ...(table && { table }),
      clock: this.#clock,
      log: this.#log,
      interrupt: () => this.#interrupt.raise(),
      displayReady: (isReady) => {
        this.#log('info', () => `the guest's display is ${isReady ? 'ready' : 'gone'}`);
        this.gvt.displayReady(this, isReady);
      },
      failsafe: (reason) => {
        this.#log('error', () => `failsafe mode: ${reason}; its GPU does nothing until a reset`);
      },
    };
  }

  /** Its GPU has failed on its own: it stands still until a reset. */
  #fail(error: unknown): void {
    const { core, name } = this.vdev;
    core.logger.log(
      'error',
      name,
      () => 'its GPU has failed, and does nothing until a reset',
      error,
    );
    this.#hasFailed = true;
    this.#memory.isReachable = false;
    try {
      this.gpu?.stop();
    } catch (again) {
      core.logger.log('error', name, () => 'and cannot be stopped', again);
    }
  }
}
