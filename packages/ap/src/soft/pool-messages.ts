// What a thread that computes and the one that asks say to each other.

/** Jobs to do, one after the other. */
export interface ToWorker {
  readonly id: number;
  /** The numbers of each job, packed. */
  readonly jobs: Uint8Array<ArrayBuffer>;
}

/** All of them are done. */
export interface FromWorker {
  readonly id: number;
  /** The result of each job, packed; no number when it could not be done. */
  readonly results: Uint8Array<ArrayBuffer>;
}
