// The regions a user writes. The I/O region: the ORB and SCSW of the next start, the IRB of the last interrupt, the
// result of the last write. The async region: halt or clear, and the result.

import {
  ECW_SIZE,
  decodeOrb,
  decodeScsw,
  IRB_ECW_OFFSET,
  IRB_SIZE,
  ORB_SIZE,
  SCSW_SIZE,
  type Orb,
} from '../architecture/index.ts';
import {
  ASYNC_COMMAND_OFFSET,
  ASYNC_REGION_SIZE,
  ASYNC_RET_CODE_OFFSET,
  IO_IRB_OFFSET,
  IO_ORB_OFFSET,
  IO_REGION_SIZE,
  IO_RET_CODE_OFFSET,
  IO_SCSW_OFFSET,
} from './layout.ts';

const STATUS_END = IO_IRB_OFFSET + IRB_ECW_OFFSET + ECW_SIZE;

/** What region 0 holds. */
export class IoRegion {
  /** {@link IO_REGION_SIZE} bytes. */
  readonly bytes: Uint8Array = new Uint8Array(IO_REGION_SIZE);
  readonly #view: DataView = new DataView(this.bytes.buffer);

  /** What the user wants to start. */
  get orb(): Orb {
    return decodeOrb(this.bytes.subarray(IO_ORB_OFFSET, IO_ORB_OFFSET + ORB_SIZE));
  }

  /** `SCSW_*`: what the user wants. */
  get control(): number {
    return decodeScsw(this.bytes.subarray(IO_SCSW_OFFSET, IO_SCSW_OFFSET + SCSW_SIZE)).control;
  }

  /** Result of the last write, a negative errno or 0. */
  get returnCode(): number {
    return this.#view.getInt32(IO_RET_CODE_OFFSET);
  }

  set returnCode(code: number) {
    this.#view.setInt32(IO_RET_CODE_OFFSET, code);
  }

  /** Shows a status. */
  setIrb(irb: Uint8Array): void {
    this.bytes.set(irb.subarray(0, IRB_SIZE), IO_IRB_OFFSET);
  }

  /** Whether a read ends what there is to know of the status; the measurement behind it is always zero. */
  endsStatus(offset: number, length: number): boolean {
    return offset < STATUS_END && offset + length >= STATUS_END;
  }
}

/** What region 1 holds. */
export class AsyncRegion {
  /** {@link ASYNC_REGION_SIZE} bytes. */
  readonly bytes: Uint8Array = new Uint8Array(ASYNC_REGION_SIZE);
  readonly #view: DataView = new DataView(this.bytes.buffer);

  /** `VFIO_CCW_ASYNC_CMD_*`. */
  get command(): number {
    return this.#view.getUint32(ASYNC_COMMAND_OFFSET);
  }

  /** Result of the last write, a negative errno or 0. */
  get returnCode(): number {
    return this.#view.getInt32(ASYNC_RET_CODE_OFFSET);
  }

  set returnCode(code: number) {
    this.#view.setInt32(ASYNC_RET_CODE_OFFSET, code);
  }
}
