// Migration of a display. The sample driver in Linux has none.
//
// All states are there. A display sends nothing to other devices, so the P2P states are those without P2P; they exist
// because a virtual machine with several devices migrates only if each of them has them.

import {
  VFIO_MIGRATION_P2P,
  VFIO_MIGRATION_PRE_COPY,
  VFIO_MIGRATION_STOP_COPY,
  type MigrationState,
  type MigrationStream,
} from '@vfio-ts/core';
import type { MdpyState } from './migration-layout.ts';
import { MdpyRestoreStream } from './migration-restore.ts';
import { MdpySaveStream } from './migration-save.ts';

/** `VFIO_MIGRATION_*` of a display. */
export const MDPY_MIGRATION_FLAGS: number =
  VFIO_MIGRATION_STOP_COPY | VFIO_MIGRATION_P2P | VFIO_MIGRATION_PRE_COPY;

const SAVING: ReadonlySet<MigrationState> = new Set(['PRE_COPY', 'PRE_COPY_P2P', 'STOP_COPY']);

/** Where a display is with its migration. */
export class MdpyMigration {
  readonly #mdpy: MdpyState;
  #save: MdpySaveStream | undefined = undefined;
  #restore: MdpyRestoreStream | undefined = undefined;
  #state: MigrationState = 'RUNNING';

  constructor(mdpy: MdpyState) {
    this.#mdpy = mdpy;
  }

  /** As the user sees it. */
  get state(): MigrationState {
    return this.#state;
  }

  /** Bytes a STOP_COPY would carry now, but for the chunks around them. */
  get dataSize(): number {
    const { framebuffer, config } = this.#mdpy;
    const info = this.#save?.precopyInfo();
    const pages = info === undefined ? framebuffer.length : info.initialBytes + info.dirtyBytes;
    return pages + config.size;
  }

  /** Forgets the session: at open, at close and at reset. */
  restart(): void {
    this.#save = undefined;
    this.#restore = undefined;
    this.#state = 'RUNNING';
  }

  /**
   * Goes along one arc.
   *
   * @returns the stream, where the arc opens one
   * @throws `EINVAL` what was written is no state of such a display; it is in RESUMING still, and unchanged
   */
  go(from: MigrationState, to: MigrationState): MigrationStream | undefined {
    if (from === 'RESUMING') this.#restore?.apply();
    this.#state = to;
    this.#restore = to === 'RESUMING' ? new MdpyRestoreStream(this.#mdpy) : undefined;
    if (!SAVING.has(to)) {
      this.#save = undefined;
      return this.#restore;
    }
    const opened = this.#save === undefined;
    this.#save ??= new MdpySaveStream(this.#mdpy);
    if (to === 'STOP_COPY') this.#save.finish();
    return opened ? this.#save : undefined;
  }
}
