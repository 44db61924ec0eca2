// The one path of a drive: its group, and whether the drive is assigned to it. IBM 3490 Hardware Reference, GA32-0127,
// "Set Path Group ID", "Assign"; Linux drivers/s390/cio/device_pgid.c.

import { TapeCheck } from './sense.ts';

/** Bytes of a path group identifier. */
export const TAPE_GROUP_ID_SIZE = 11;

/** Bytes of what AF brings and 34 gives. */
export const TAPE_GROUP_SIZE: number = TAPE_GROUP_ID_SIZE + 1;

/** State byte of Sense Path Group ID. */
const STATE = { RESET: 0x00, UNGROUPED: 0x80, GROUPED: 0xc0, ASSIGNED: 0x30 } as const;

/** Function byte of Set Path Group ID. */
const FUNCTION = {
  MULTIPATH: 0x80,
  MASK: 0x60,
  ESTABLISH: 0x00,
  DISBAND: 0x20,
  RESIGN: 0x40,
  UNUSED: 0x1f,
} as const;

/** The path that leads to a drive. */
export class TapePaths {
  #state: number = STATE.RESET;
  #isAssigned = false;
  #id: Uint8Array = new Uint8Array(TAPE_GROUP_ID_SIZE);

  /** What Sense Path Group ID gives. */
  sense(): Uint8Array {
    return Uint8Array.of(this.#state | (this.#isAssigned ? STATE.ASSIGNED : 0), ...this.#id);
  }

  /** Does what Set Path Group ID asks for. A 3490 has no multipath mode. @throws TapeCheck */
  set(bytes: Uint8Array): void {
    const code = bytes[0] ?? 0;
    const id = bytes.slice(1, TAPE_GROUP_SIZE);
    const action = code & FUNCTION.MASK;
    const isRefused =
      bytes.length < TAPE_GROUP_SIZE ||
      (code & (FUNCTION.MULTIPATH | FUNCTION.UNUSED)) !== 0 ||
      action === FUNCTION.MASK ||
      isZero(id) ||
      (this.#state === STATE.GROUPED && !this.#isOurs(id));
    if (isRefused) throw new TapeCheck('commandReject');
    const isEstablished = action === FUNCTION.ESTABLISH;
    this.#state = isEstablished ? STATE.GROUPED : STATE.UNGROUPED;
    this.#id = isEstablished ? id : new Uint8Array(TAPE_GROUP_ID_SIZE);
  }

  /** Assign: for the path's own group, or for this path alone where the identifier is zero. @throws TapeCheck */
  assign(id: Uint8Array): void {
    const own = id.subarray(0, TAPE_GROUP_ID_SIZE);
    const isRefused = id.length < TAPE_GROUP_ID_SIZE || (!isZero(own) && !this.#isOurs(own));
    if (isRefused) throw new TapeCheck('commandReject');
    this.#isAssigned = true;
  }

  /** Unassign. @throws TapeCheck */
  unassign(id: Uint8Array): void {
    if (id.length < TAPE_GROUP_ID_SIZE) throw new TapeCheck('commandReject');
    this.#isAssigned = false;
  }

  /** Returns to the state after power-on. */
  reset(): void {
    this.#state = STATE.RESET;
    this.#isAssigned = false;
    this.#id = new Uint8Array(TAPE_GROUP_ID_SIZE);
  }

  #isOurs(id: Uint8Array): boolean {
    return id.every((byte, at) => byte === this.#id[at]);
  }
}

function isZero(id: Uint8Array): boolean {
  return id.every((byte) => byte === 0);
}
