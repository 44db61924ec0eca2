// What stands below the AP bus: cards with a queue for each domain. The bus, the driver and the instruction port
// see only this, so other cards (scripted ones of tests, real ones) can stand there.

import type { ApStatus } from './status.ts';

/** Where a card works: the mode letter of its name. */
export type ApMode = 'accelerator' | 'cca' | 'ep11';

/** What a card is; the same for all its queues, as TAPQ with facilities tells it. */
export interface ApCardInfo {
  /** Adapter type: 10 CEX4 to 14 CEX8; lower ones exist and are not for mediation. */
  readonly hwtype: number;
  readonly mode: ApMode;
  /** High word of general register 2 of TAPQ: the facility bits, as `ap_functions` shows them. */
  readonly functions: number;
  /** Requests and replies that one queue holds, 1 to 16. */
  readonly depth: number;
  /** Longest message in units of 4 KiB; 0 means 12 KiB. */
  readonly maxMessagePages: number;
}

/** A message with the number that pairs a reply with its request. */
export interface ApMessage {
  /** 64 bits. */
  readonly psmid: bigint;
  readonly bytes: Uint8Array;
}

/** Answer of DQAP. */
export interface ApReply {
  readonly status: ApStatus;
  /** Absent unless the response code is 0. Replies may overtake each other. */
  readonly message?: ApMessage;
}

/** What a queue tells when a reply becomes available while its interrupts are enabled. */
export type ApIndicate = () => void;

/** One queue of one card as AP instructions see it. None of these waits, and none throws. */
export interface ApQueueHardware {
  /** TAPQ: only looks. */
  test(): ApStatus;
  /** RAPQ: empties the queue, disables interrupts. The queue may answer `RESET_IN_PROGRESS` for a while. */
  reset(): ApStatus;
  /** ZAPQ: as RAPQ, and destroys what the queue knows. */
  zeroize(): ApStatus;
  /**
   * AQIC: enables interrupts, or disables them where nothing is given. `OTHERWISE_CHANGED` when they are so already.
   */
  setInterrupt(indicate: ApIndicate | undefined): ApStatus;
  /** NQAP: adds a request. The queue keeps `message` as it is: the caller gives it away. */
  enqueue(message: ApMessage): ApStatus;
  /** DQAP: takes a reply. */
  dequeue(): ApReply;
}

/** A card. */
export interface ApCardHardware {
  readonly info: ApCardInfo;
  /** The queue of a usage domain; the same object each time, `undefined` where the card has none. */
  queue(domain: number): ApQueueHardware | undefined;
  /**
   * Takes the card into the configuration, or out of it: its queues answer `DECONFIGURED` then. Absent where the
   * machine's operator cannot. Counterpart of `sclp_ap_configure()` and `sclp_ap_deconfigure()`.
   */
  configure?(isConfigured: boolean): void;
  /** Ends the card's workers; its queues answer `DECONFIGURED` from then on. A second call does nothing. */
  close(): void;
}
