// The path group of a device's one path: Set Path Group ID (AF) and Sense Path Group ID (34). ESA/390 Common I/O-Device
// Commands, "Channel-path management"; Linux drivers/s390/cio/device_pgid.c.

import { UnitCheck } from './sense.ts';

/** Bytes of a path group identifier. */
export const PATH_GROUP_ID_SIZE = 11;

/** Bytes of what AF brings and 34 gives. */
export const PATH_GROUP_SIZE: number = PATH_GROUP_ID_SIZE + 1;

/** State byte of Sense Path Group ID. */
const STATE = {
  RESET: 0x00,
  UNGROUPED: 0x80,
  GROUPED: 0xc0,
  RESERVED_HERE: 0x30,
  MULTIPATH: 0x08,
} as const;

/** Function byte of Set Path Group ID. */
const FUNCTION = {
  MULTIPATH: 0x80,
  MASK: 0x60,
  ESTABLISH: 0x00,
  DISBAND: 0x20,
  RESIGN: 0x40,
  UNUSED: 0x1f,
} as const;

/** The group that the path is in. */
export class PathGroup {
  #state: number = STATE.RESET;
  #isMultipath = false;
  #id: Uint8Array = new Uint8Array(PATH_GROUP_ID_SIZE);

  /** What Sense Path Group ID gives. */
  sense(isReserved: boolean): Uint8Array {
    const bytes = new Uint8Array(PATH_GROUP_SIZE);
    const reserved = isReserved ? STATE.RESERVED_HERE : 0;
    bytes[0] = this.#state | reserved | (this.#isMultipath ? STATE.MULTIPATH : 0);
    bytes.set(this.#id, 1);
    return bytes;
  }

  /** Does what Set Path Group ID asks for. @throws UnitCheck */
  set(bytes: Uint8Array): void {
    const code = bytes[0] ?? 0;
    const id = bytes.subarray(1);
    const action = code & FUNCTION.MASK;
    const isZero = id.every((byte) => byte === 0);
    const isOther = this.#state === STATE.GROUPED && id.some((byte, at) => byte !== this.#id[at]);
    if (action === FUNCTION.MASK || (code & FUNCTION.UNUSED) !== 0 || isZero || isOther) {
      throw new UnitCheck('invalidParameter', PATH_GROUP_SIZE);
    }
    if (action === FUNCTION.ESTABLISH) {
      this.#state = STATE.GROUPED;
      this.#isMultipath = (code & FUNCTION.MULTIPATH) !== 0;
      this.#id = id.slice();
    } else {
      this.#leave(STATE.UNGROUPED);
    }
  }

  /** Returns to the state after power-on. */
  reset(): void {
    this.#leave(STATE.RESET);
  }

  #leave(state: number): void {
    this.#state = state;
    this.#isMultipath = false;
    this.#id = new Uint8Array(PATH_GROUP_ID_SIZE);
  }
}
