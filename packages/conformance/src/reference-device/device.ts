// The reference device: a PCI device that has everything the core knows of and does nothing useful with it. Its
// callbacks are in the files beside this one, one concern each.

import type { VfioDevice } from '@vfio-ts/core';
import type { ReferenceAdapter } from './adapter.ts';
import { DmaEngine } from './dma.ts';
import { LATCH_SIZE, REGISTERS_SIZE } from './layout.ts';
import { MigrationUnit } from './migration.ts';
import type { GuestState, ReferenceParts } from './state.ts';

/** How one reference device differs from another. */
export interface ReferenceOptions {
  /** On the reset line of the adapter, with all others that are. */
  readonly shared: boolean;
}

/** A device that supports everything. */
export class ReferenceDevice implements GuestState {
  readonly vdev: VfioDevice;
  readonly adapter: ReferenceAdapter;
  readonly shared: boolean;
  readonly dma: DmaEngine;
  readonly migration: MigrationUnit;
  readonly registers: Uint8Array = new Uint8Array(REGISTERS_SIZE);
  /** The trapped page of BAR2. */
  readonly doorbells: Uint8Array = new Uint8Array(REGISTERS_SIZE);
  readonly latch: Uint8Array = new Uint8Array(LATCH_SIZE);
  /** What was written to the log port. */
  readonly port: number[] = [];
  /** The counts `request` was called with. */
  readonly requests: number[] = [];
  #parts: ReferenceParts | undefined = undefined;

  constructor(vdev: VfioDevice, adapter: ReferenceAdapter, { shared }: ReferenceOptions) {
    this.vdev = vdev;
    this.adapter = adapter;
    this.shared = shared;
    this.dma = new DmaEngine(vdev);
    this.migration = new MigrationUnit(this);
  }

  /** What init built. */
  get parts(): ReferenceParts {
    if (this.#parts === undefined) throw new TypeError('the device is not initialised');
    return this.#parts;
  }

  set parts(parts: ReferenceParts) {
    this.#parts = parts;
  }
}
