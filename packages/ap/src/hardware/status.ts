// The AP status word that every AP instruction returns: low half of general register 1.
// Layout and response codes: Linux arch/s390/include/asm/ap.h, struct ap_queue_status.

/** Response codes of AP instructions. */
export const AP_RESPONSE = {
  NORMAL: 0x00,
  /** The queue is not in the configuration of whoever asks. */
  Q_NOT_AVAIL: 0x01,
  RESET_IN_PROGRESS: 0x02,
  DECONFIGURED: 0x03,
  CHECKSTOPPED: 0x04,
  BUSY: 0x05,
  INVALID_ADDRESS: 0x06,
  /** Already in the state that was asked for. */
  OTHERWISE_CHANGED: 0x07,
  INVALID_GISA: 0x08,
  Q_BOUND_TO_ANOTHER: 0x09,
  STATE_CHANGE_IN_PROGRESS: 0x0a,
  Q_NOT_BOUND: 0x0b,
  /** NQAP: no room; DQAP: no reply. */
  Q_FULL_OR_NO_REPLY: 0x10,
  INDEX_TOO_BIG: 0x11,
  NO_FIRST_PART: 0x13,
  MESSAGE_TOO_BIG: 0x15,
  REQ_FAC_NOT_INST: 0x16,
  INVALID_ASSOC_SECRET: 0x34,
  ASSOC_SECRET_NOT_UNIQUE: 0x35,
  ASSOC_FAILED: 0x36,
  INVALID_DOMAIN: 0x42,
} as const;

/** What an AP instruction says of the queue it was for. */
export interface ApStatus {
  /** Neither a request nor a reply is in the queue. */
  readonly queueEmpty: boolean;
  /** A reply can be taken. */
  readonly repliesWaiting: boolean;
  /** No request can be added. */
  readonly queueFull: boolean;
  /** Interrupts are enabled. */
  readonly irqEnabled: boolean;
  /** One of {@link AP_RESPONSE}. */
  readonly responseCode: number;
}

const QUEUE_EMPTY = 0x8000_0000;
const REPLIES_WAITING = 0x4000_0000;
const QUEUE_FULL = 0x2000_0000;
const IRQ_ENABLED = 0x0100_0000;

/** A status of nothing but a response code. */
export function statusOf(responseCode: number): ApStatus {
  return {
    queueEmpty: false,
    repliesWaiting: false,
    queueFull: false,
    irqEnabled: false,
    responseCode,
  };
}

/** The status as the 32 bits of general register 1. */
export function encodeStatus(status: ApStatus): number {
  const bits =
    (status.queueEmpty ? QUEUE_EMPTY : 0) |
    (status.repliesWaiting ? REPLIES_WAITING : 0) |
    (status.queueFull ? QUEUE_FULL : 0) |
    (status.irqEnabled ? IRQ_ENABLED : 0) |
    ((status.responseCode & 0xff) << 16);
  return bits >>> 0;
}

/** Opposite of {@link encodeStatus}. */
export function decodeStatus(word: number): ApStatus {
  return {
    queueEmpty: (word & QUEUE_EMPTY) !== 0,
    repliesWaiting: (word & REPLIES_WAITING) !== 0,
    queueFull: (word & QUEUE_FULL) !== 0,
    irqEnabled: (word & IRQ_ENABLED) !== 0,
    responseCode: (word >>> 16) & 0xff,
  };
}
