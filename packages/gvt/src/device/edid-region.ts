// The region by which the user of a vGPU changes its monitor (struct vfio_region_gfx_edid of include/uapi/linux/vfio.h).
// Counterpart of intel_vgpu_reg_rw_edid() (gvt/kvmgt.c).

import { VfioError } from '@vfio-ts/core';
import type { Monitor } from '../gpu/gpu.ts';
import { EDID_SIZE, isEdidBlock, monitorEdid } from './edid.ts';
import type { Resolution } from './types.ts';

/** Bytes. */
export const EDID_REGION_SIZE = 4096;

/** Where the block is in the region. */
const BLOB = 2048;
const REGISTER = 4;
const REG = {
  EDID_OFFSET: 0,
  EDID_MAX_SIZE: 4,
  EDID_SIZE: 8,
  MAX_XRES: 12,
  MAX_YRES: 16,
  LINK_STATE: 20,
} as const;
const HEADER_SIZE = 24;

const LINK_UP = 1;
const LINK_DOWN = 2;

/** The monitor of one vGPU, and the region that stands for it. */
export class EdidRegion {
  readonly #header: DataView;
  readonly #blob: Uint8Array;
  readonly #plug: (monitor: Monitor) => void;

  /**
   * @param resolution - what the first monitor prefers
   * @param plug - told of each monitor that comes or goes
   * @throws VfioError `EINVAL` no monitor has that resolution
   */
  constructor(resolution: Resolution, plug: (monitor: Monitor) => void) {
    this.#plug = plug;
    this.#blob = monitorEdid(resolution);
    this.#header = new DataView(new ArrayBuffer(HEADER_SIZE));
    this.#set(REG.EDID_OFFSET, BLOB);
    this.#set(REG.EDID_MAX_SIZE, EDID_SIZE);
    this.#set(REG.EDID_SIZE, EDID_SIZE);
    this.#set(REG.MAX_XRES, resolution.width);
    this.#set(REG.MAX_YRES, resolution.height);
    this.#set(REG.LINK_STATE, LINK_UP);
  }

  /** What is plugged in. */
  get monitor(): Monitor {
    const isConnected = this.#get(REG.LINK_STATE) === LINK_UP;
    return { edid: this.#blob.slice(), isConnected };
  }

  /** @throws VfioError `EINVAL` a register that is not read as 4 bytes, or behind the block */
  read(offset: number, into: Uint8Array): void {
    if (offset >= BLOB) {
      this.#checkBlob(offset, into.length);
      into.set(this.#blob.subarray(offset - BLOB, offset - BLOB + into.length));
      return;
    }
    checkRegisters(offset, into.length);
    into.set(new Uint8Array(this.#header.buffer, offset, into.length));
  }

  /**
   * Writes registers or a part of the block. Link state 1 plugs the block in as a monitor, 2 pulls it out.
   *
   * @throws VfioError `EINVAL` a register that is not written as 4 bytes, a size or a state that is none, no valid
   * block to plug in, or behind the block; `EPERM` a register that is read-only. Nothing has changed then.
   */
  write(offset: number, from: Uint8Array): void {
    if (offset >= BLOB) {
      this.#checkBlob(offset, from.length);
      this.#blob.set(from, offset - BLOB);
      return;
    }
    checkRegisters(offset, from.length);
    const view = new DataView(from.buffer, from.byteOffset, from.length);
    for (let at = 0; at < from.length; at += REGISTER) {
      this.#checkValue(offset + at, view.getUint32(at, true));
    }
    for (let at = 0; at < from.length; at += REGISTER) {
      this.#set(offset + at, view.getUint32(at, true));
      if (offset + at === REG.LINK_STATE) this.#plug(this.monitor);
    }
  }

  #checkBlob(offset: number, length: number): void {
    const size = this.#get(REG.EDID_SIZE);
    if (offset - BLOB + length > size) {
      throw refuse('EINVAL', `offset 0x${offset.toString(16)}: the block has ${size} bytes`);
    }
  }

  #checkValue(register: number, value: number): void {
    if (register === REG.EDID_SIZE) {
      if (value > EDID_SIZE) throw refuse('EINVAL', `a block of ${value} bytes`);
    } else if (register === REG.LINK_STATE) {
      if (value !== LINK_UP && value !== LINK_DOWN) throw refuse('EINVAL', `link state ${value}`);
      if (value === LINK_UP && !isEdidBlock(this.#blob)) {
        throw refuse('EINVAL', 'the block is no EDID');
      }
    } else {
      throw refuse('EPERM', `the register at 0x${register.toString(16)} is read-only`);
    }
  }

  #get(register: number): number {
    return this.#header.getUint32(register, true);
  }

  #set(register: number, value: number): void {
    this.#header.setUint32(register, value, true);
  }
}

/** Whole aligned registers inside the header: what the pieces of an access come to that are not refused. */
function checkRegisters(offset: number, length: number): void {
  if (offset % REGISTER !== 0 || length % REGISTER !== 0 || offset + length > HEADER_SIZE) {
    const where = `0x${offset.toString(16)}+0x${length.toString(16)}`;
    throw refuse('EINVAL', `${where} are no whole registers`);
  }
}

function refuse(code: 'EINVAL' | 'EPERM', fact: string): VfioError {
  return new VfioError(code, 'edidRegion', fact);
}
