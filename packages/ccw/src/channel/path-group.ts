// The group of a device's one path: Set Path Group ID (AF) and Sense Path Group ID (34). ESA/390 Common I/O-Device
// Commands, "Channel-path management"; Linux drivers/s390/cio/device_pgid.c.

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

/** The group that a path is in. */
export class PathGroup {
  readonly #hasMultipath: boolean;
  #state: number = STATE.RESET;
  #isMultipath = false;
  #id: Uint8Array = new Uint8Array(PATH_GROUP_ID_SIZE);

  /** @param hasMultipath - the device has a multipath mode */
  constructor(hasMultipath: boolean) {
    this.#hasMultipath = hasMultipath;
  }

  /**
   * What Sense Path Group ID gives.
   *
   * @param isReserved - the device is reserved for, or assigned to, this path
   */
  sense(isReserved: boolean): Uint8Array {
    const reserved = isReserved ? STATE.RESERVED_HERE : 0;
    const state = this.#state | reserved | (this.#isMultipath ? STATE.MULTIPATH : 0);
    return Uint8Array.of(state, ...this.#id);
  }

  /** Does what Set Path Group ID asks for; false where it is refused. */
  set(bytes: Uint8Array): boolean {
    const code = bytes[0] ?? 0;
    const id = bytes.slice(1, PATH_GROUP_SIZE);
    const action = code & FUNCTION.MASK;
    const wantsMultipath = (code & FUNCTION.MULTIPATH) !== 0;
    const isRefused =
      bytes.length < PATH_GROUP_SIZE ||
      action === FUNCTION.MASK ||
      (code & FUNCTION.UNUSED) !== 0 ||
      (wantsMultipath && !this.#hasMultipath) ||
      isZeroGroup(id) ||
      (this.#state === STATE.GROUPED && !this.isOwn(id));
    if (isRefused) return false;
    if (action === FUNCTION.ESTABLISH) {
      this.#state = STATE.GROUPED;
      this.#isMultipath = wantsMultipath;
      this.#id = id;
    } else {
      this.#leave(STATE.UNGROUPED);
    }
    return true;
  }

  /** Whether an identifier is that of the path's group. */
  isOwn(id: Uint8Array): boolean {
    return id.every((byte, at) => byte === this.#id[at]);
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

/** Whether an identifier names no group. */
export function isZeroGroup(id: Uint8Array): boolean {
  return id.every((byte) => byte === 0);
}
